""" "How the order is made": the words with the figures of the run in use and of what was shown."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

from backend.accounts.answers import FACTORS, Answers
from backend.core.csv_safe import csv_bytes
from backend.core.language import language_of_page
from backend.core.web import public_page
from backend.home.texts import CONTENT, head_of
from backend.matching.exposure import current_reading, first_page_views, policy_in_force
from backend.matching.models import MatchRun
from backend.matching.moving import FLOOR_AT
from backend.matching.queries import Explained, explain_for, preview, today
from backend.matching.runs import current_model, serving_run
from backend.projects import taxonomy
from backend.projects.models import Project

FRESH_S = 300
RUNS = 6
CALL = "call"
EXAMPLE = Answers(
    fields=("smart_manufacturing",),
    technologies=("iot_sensors",),
    budget_minor=20_000,
    budget_currency="USD",
    instruments=("contribution", "reward"),
    horizon_months=24,
    languages=("vi",),
)
ASKED: dict[str, tuple[Promise, Promise]] = {
    "field": (gettext_lazy("the fields you chose"), gettext_lazy("its field")),
    "technology": (
        gettext_lazy("the technologies you chose"), gettext_lazy("the technologies it uses"),
    ),
    "place": (
        gettext_lazy("your home ward, commune or special zone"), gettext_lazy("where it is done"),
    ),
    "instrument": (gettext_lazy("the forms you accept"), gettext_lazy("its form")),
    "ticket": (gettext_lazy("about how much for one project"), gettext_lazy("its smallest pledge")),
    "stage": (
        gettext_lazy("the stages you chose"), gettext_lazy("its technology readiness level"),
    ),
    "horizon": (gettext_lazy("your longest time"), gettext_lazy("its length")),
    "language": (
        gettext_lazy("the languages you read"), gettext_lazy("the languages of its documents"),
    ),
    "skills": (gettext_lazy("skills you could lend"), gettext_lazy("the skills it asks for")),
    "people_like_you": (
        gettext_lazy("your field, form, country and skills"),
        gettext_lazy("what people with similar answers chose"),
    ),
    "your_choices": (
        gettext_lazy("what you saved, pledged to or left out"),
        gettext_lazy("its field, technologies, form and area"),
    ),
}  # fmt: skip
GATES: dict[str, Promise] = {
    "beats the rules": gettext_lazy("Orders better than fixed rules (lower end of the 95% range)"),
    "serves people of few choices": gettext_lazy(
        "Not worse than fixed rules for people of at most 4 choices"
    ),
    "not worse than the run before": gettext_lazy("Not worse than the run before (NDCG@10)"),
    "coverage of first pages": gettext_lazy("Enough of the list is on somebody's first page"),
    "even exposure (Gini)": gettext_lazy("Views are spread evenly enough (Gini)"),
    "listings that reach their floor": gettext_lazy("Enough projects reach their floor of views"),
    "cost of the floor in NDCG": gettext_lazy("What is kept for fairness costs little (NDCG@10)"),
}
OWNERS: dict[str, Promise] = {
    "firm": gettext_lazy("Firms"),
    "startup": gettext_lazy("Start-ups"),
    "lab": gettext_lazy("Laboratories"),
    "university": gettext_lazy("Universities"),
    "cooperative": gettext_lazy("Cooperatives"),
    "public_unit": gettext_lazy("Public units"),
    "": gettext_lazy("Not stated"),
}


@dataclass(frozen=True)
class Section:
    """One part of the text, with the anchor that cards link to."""

    key: str
    title: str
    body: SafeString


@dataclass(frozen=True)
class Share:
    """A group of listed projects and what of the first-page views it had, in per cent."""

    label: str
    projects: int
    listed: Decimal
    seen: Decimal
    least: Decimal
    y: int

    @property
    def gap(self) -> Decimal:
        return self.seen - self.listed

    @property
    def widths(self) -> tuple[str, str]:
        """One scale for all bars; the whole leaves room for its figure."""
        return f"{self.listed * 4 / 5:.1f}%", f"{self.seen * 4 / 5:.1f}%"


@require_safe
@public_page
def ranking(request: HttpRequest) -> HttpResponse:
    language = language_of_page()
    serving, run = current_model(), serving_run()
    policy, reading = policy_in_force(), current_reading()
    most = max(int(n) for n in serving.model.max_points) or 1
    context: dict[str, Any] = {
        "head": head_of("ranking", language),
        "sections": sections(language),
        "factors": [
            (
                taxonomy.label("factor", factor, language), *ASKED[factor],
                int(points), f"{100 * int(points) // most}%",
            )
            for factor, points in zip(FACTORS, serving.model.max_points, strict=True)
        ],
        "example": _example(language),
        "is_rules": serving.model.is_rules,
        "run": run,
        "measures": _measures(run) if run else (),
        "learning": _learning(run) if run else (),
        "position": _position(run) if run else None,
        "gates": [(GATES.get(g["rule"], g["rule"]), g) for g in run.gate] if run else (),
        "runs": _earlier(run),
        "policy": policy,
        "floor_at": ", ".join(map(str, sorted(FLOOR_AT[: policy.places]))) if policy else "",
        # Of the rule before it tells nothing of this one.
        "reading": reading if reading and policy and reading.policy_id == policy.pk else None,
        "seen": _seen(language),
        "nav": "ranking",
    }  # fmt: skip
    return render(request, "home/ranking.html", context)


@lru_cache(maxsize=2)
def sections(language: str) -> tuple[Section, ...]:
    """The text of the page, cut at its headings `## key | title`."""
    raw = (CONTENT / language / "ranking.md").read_text(encoding="utf-8")
    parts = raw.split("---\n", 2)[2].split("\n## ")
    found = []
    for part in parts:
        head, _newline, body = part.strip().removeprefix("## ").partition("\n")
        key, _bar, title = head.partition(" | ")
        html = MarkdownIt("commonmark", {"html": False}).render(body)
        found.append(Section(key, title, mark_safe(html)))  # noqa: S308 (our own file)
    return tuple(found)


def _example(language: str) -> tuple[Project, Explained] | None:
    """The first proposal of a stated example person, with its whole table."""
    places = preview(EXAMPLE, limit=20, language=language).places
    first = next((p.project for p in places if not p.project.is_call), None)
    explained = explain_for(EXAMPLE, first, language=language) if first else None
    return (first, explained) if first and explained else None


def _measures(run: MatchRun) -> list[tuple[str, Any, Any, str]]:
    """(what is measured, this run, fixed rules, name and reading)."""
    ours, rules = run.metrics["run"], run.metrics["rules"]
    exposure = run.metrics.get("exposure")
    rows = [
        (_("Projects chosen later stood near the top"), ours["ndcg_at_10"], rules["ndcg_at_10"],
         _("NDCG@10. 1 would mean: always exactly on top")),
        (_("Projects chosen later were in the first 20"), ours["recall_at_20"],
         rules["recall_at_20"], _("Recall@20, as a share of 1")),
        (_("Listed projects that reached somebody's first 20"), ours["coverage_at_20"],
         rules["coverage_at_20"], _("Coverage@20, as a share of 1")),
        (_("Evenness of views between projects"), ours["gini_at_20"], rules["gini_at_20"],
         _("Gini. 0 is even, 1 is all views on one project")),
    ]  # fmt: skip
    if exposure:
        rows.append((
            _("Near the top with the places kept for fairness"), exposure["served"]["ndcg_at_10"],
            exposure["by_points"]["ndcg_at_10"],
            _("NDCG@10 as served, beside the same people's lists by points alone"),
        ))  # fmt: skip
    return [(label, _three(a), _three(b), words) for label, a, b, words in rows]


@dataclass(frozen=True)
class Learnt:
    """People of whom the program had seen so many choices: NDCG@10 of the run, of the run without
    those choices and of the rules; the 95 % range of what the choices add."""

    choices: str
    people: int
    ours: Decimal
    without: Decimal
    rules: Decimal
    low: Decimal
    high: Decimal


def _learning(run: MatchRun) -> list[Learnt]:
    """Runs from before this was measured have none."""
    return [
        Learnt(
            _choices_words(row["from"], row["to"]), row["people"],
            *(_three(row[name]) for name in ("run", "without", "rules", "low", "high")),
        )
        for row in run.metrics.get("by_choices", ())
    ]  # fmt: skip


def _choices_words(low: int, high: int) -> str:
    if not low:
        return _("none")
    if not high:
        return _("%(n)s or more") % {"n": low}
    return _("from %(low)s to %(high)s") % {"low": low, "high": high}


@dataclass(frozen=True)
class Looked:
    """How often the tenth place is looked at, in per cent of the first; from how many choices."""

    tenth: Decimal
    choices: int


def _position(run: MatchRun) -> Looked | None:
    kept = run.metrics.get("position")
    return Looked(Decimal(round(100 * kept["looked_at"][9])), kept["choices"]) if kept else None


def _three(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.001"))


def _earlier(run: MatchRun | None) -> list[tuple[MatchRun, str]]:
    """The newest runs with what each failed, if anything."""
    rows = MatchRun.objects.defer("artifact", "trial").order_by("-trained_at", "-id")[:RUNS]
    return [
        (row, "; ".join(str(GATES.get(g["rule"], g["rule"])) for g in row.gate if not g["passed"]))
        for row in rows
    ]


@dataclass(frozen=True)
class FirstPages:
    """First-page views of the window; groups hold the views of each of their projects. Keys of
    `fields` are the taxonomy's ("" not stated), of `owners` kinds of owners, or `call`."""

    since: date
    until: date
    views: int
    listed: int
    fields: tuple[tuple[str, list[int]], ...]
    owners: tuple[tuple[str, list[int]], ...]

    def of_listed(self, views: list[int]) -> Decimal:
        """Of all listed projects, in per cent."""
        return _percent(len(views), self.listed)

    def of_views(self, views: list[int]) -> Decimal:
        return _percent(sum(views), self.views)


def first_pages() -> FirstPages:
    """At most five minutes old."""
    kept: FirstPages | None = caches["memory"].get("ranking-seen")
    if kept is None:
        kept = _read_first_pages()
        caches["memory"].set("ranking-seen", kept, FRESH_S)
    return kept


def _read_first_pages() -> FirstPages:
    policy = policy_in_force()
    seen = first_page_views(today(), policy.window_days if policy else 30)
    by_field: dict[str, list[int]] = defaultdict(list)
    by_owner: dict[str, list[int]] = defaultdict(list)
    rows = Project.objects.filter(pk__in=list(seen.views))
    for pk, field, kind, origin in rows.values_list("pk", "field", "owner_kind", "origin"):
        by_field[field or ""].append(seen.views[pk])
        owner = kind if kind in OWNERS else ""
        by_owner[CALL if origin != Project.Origin.PROPOSAL else owner].append(seen.views[pk])
    groups = [
        tuple(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))
        for found in (by_field, by_owner)
    ]
    return FirstPages(seen.since, seen.until, seen.total, len(seen.views), *groups)


@dataclass(frozen=True)
class Seen:
    """The same in words: by field and by kind of owner."""

    since: date
    until: date
    views: int
    listed: int
    fields: tuple[Share, ...]
    owners: tuple[Share, ...]
    widest: Share | None
    height: int


def _seen(language: str) -> Seen:
    pages = first_pages()
    fields = tuple(
        _share(pages, taxonomy.label("field", key, language) if key else _("No field stated"), n, v)
        for n, (key, v) in enumerate(pages.fields)
    )
    owners = tuple(
        _share(pages, _("Calls that others published") if key == CALL else str(OWNERS[key]), n, v)
        for n, (key, v) in enumerate(pages.owners)
    )
    widest = max(fields, key=lambda s: abs(s.gap)) if fields and pages.views else None
    return Seen(
        pages.since, pages.until, pages.views, pages.listed, fields, owners, widest,
        70 * len(fields),
    )  # fmt: skip


def _share(pages: FirstPages, label: str, number: int, views: list[int]) -> Share:
    return Share(
        label=label[:1].upper() + label[1:],
        projects=len(views),
        listed=pages.of_listed(views),
        seen=pages.of_views(views),
        least=_percent(min(views), pages.views),
        y=70 * number,
    )


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(100 * part) / Decimal(whole or 1)).quantize(Decimal("0.1"))


@require_safe
@public_page
def exposure_csv(request: HttpRequest) -> HttpResponse:
    """The exposure report as a table for programs: UTF-8 with a mark, plain digits."""
    language = language_of_page()
    seen = _seen(language)
    head = ("by", "group", "projects", "percent_of_projects", "percent_of_views", "since", "until")
    rows = (
        (by, s.label, s.projects, s.listed, s.seen, seen.since, seen.until)
        for by, shares in (("field", seen.fields), ("owner", seen.owners))
        for s in shares
    )
    response = HttpResponse(csv_bytes(head, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="cau-kieu-exposure.csv"'
    return response
