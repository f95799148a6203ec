"""Everything that a project page shows, made from rows in one language."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from backend.core.audit import events_of
from backend.core.money import Money
from backend.funding.standing import may_see_terms
from backend.home.bridge import Bridge, bridge_of
from backend.home.cards import Card, card_of
from backend.home.round_panel import RoundPanel, round_panel
from backend.home.words import Said, said
from backend.projects import taxonomy
from backend.projects.measures import format_measure
from backend.projects.models import Project, ProjectVersion
from backend.projects.queries import saved_ids_of
from backend.reviews.queries import PublicReview, public_review_of

MAX_COLOURED = 4
# What of a project's history everybody may read.
PUBLIC_EVENTS = {
    "project.submitted", "project.resubmitted", "project.returned", "project.review_opened",
    "project.approved", "project.listed", "project.suspended", "project.resumed",
    "project.stopped", "project.completed", "project.frozen", "project.unfrozen",
    "project.call_imported", "project.call_updated",
}  # fmt: skip


@dataclass(frozen=True)
class BudgetLine:
    item: Said
    amount: Money
    percent: int
    colour: int
    x: str
    width: str


@dataclass(frozen=True)
class MilestoneRow:
    number: int
    title: Said
    evidence: Said
    months: int
    amount: Money


@dataclass(frozen=True)
class Risk:
    risk: Said
    answer: Said


@dataclass(frozen=True)
class Impact:
    kpi: Said
    baseline: str
    target: str


@dataclass(frozen=True)
class Member:
    role: Said
    background: Said


@dataclass(frozen=True)
class CriterionRow:
    label: str
    points: int
    max_points: int
    percent: int
    quotes: tuple[Said, ...]


@dataclass(frozen=True)
class Event:
    words: str
    at: Any


@dataclass(frozen=True)
class Terms:
    """The terms that this viewer may see; `hidden` when there are terms behind the check."""

    hidden: bool
    min_ticket: Money | None
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ProjectPage:
    project: Project
    card: Card
    version: int
    problem: Said
    solution: Said
    market: Said
    place_note: Said
    big_bridge: Bridge | None
    milestones: tuple[MilestoneRow, ...]
    budget: tuple[BudgetLine, ...]
    own_funds: Money | None
    team: tuple[Member, ...]
    risks: tuple[Risk, ...]
    impact: tuple[Impact, ...]
    jobs: int | None
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    values: tuple[str, ...]
    review: PublicReview | None
    criteria: tuple[CriterionRow, ...]
    decision_words: Said
    history: tuple[Event, ...]
    terms: Terms
    is_public: bool
    panel: RoundPanel | None


def project_page(project: Project, user: Any, language: str) -> ProjectPage:
    """At most ten queries (interface.md section 9), however long the project's history."""
    content = _content_of(project.current_version)
    milestones = _milestones(project, content, language)
    panel = round_panel(project, user)
    pledged = panel.pledged.minor if panel else 0
    review = public_review_of(project)
    amounts = [m.amount.minor for m in milestones]
    saved = saved_ids_of(user)
    decision = {"words_vi": review.words_vi, "words_en": review.words_en} if review else {}
    own = content.get("own_funds_minor")
    return ProjectPage(
        project=project,
        card=card_of(
            project, amounts, language, is_saved=project.public_id in saved, pledged=pledged
        ),
        version=project.current_version.number if project.current_version else 0,
        problem=said(content, "problem", language),
        solution=said(content, "solution", language),
        market=said(content, "market", language),
        place_note=said(content, "place_note", language),
        big_bridge=bridge_of(
            amounts,
            pledged,
            width=720,
            deck=84,
            states=[p.state for p in panel.parts] if panel else (),
        ),
        milestones=milestones,
        budget=_budget(project, content, language),
        own_funds=Money(own, project.currency) if own else None,
        team=_team(content, language),
        risks=_risks(content, language),
        impact=_impact(content, language),
        jobs=content.get("jobs_skilled"),
        skills=_labels("skill", project.skills, language),
        languages=_labels("language", project.languages, language),
        values=_labels("value", project.values, language),
        review=review,
        criteria=_criteria(review, language),
        decision_words=said(decision, "words", language),
        history=_history(project),
        terms=_terms(project, content, user, language),
        is_public=project.public_status is not None,
        panel=panel,
    )


def _content_of(version: ProjectVersion | None) -> dict[str, Any]:
    return dict(version.content) if version else {}


def _labels(kind: str, keys: list[str], language: str) -> tuple[str, ...]:
    return tuple(taxonomy.label(kind, key, language) for key in keys)


def _milestones(
    project: Project, content: dict[str, Any], language: str
) -> tuple[MilestoneRow, ...]:
    return tuple(
        MilestoneRow(
            number,
            said(row, "title", language),
            said(row, "evidence", language),
            row.get("months_after_close") or 0,
            Money(row.get("amount_minor") or 0, project.currency),
        )
        for number, row in enumerate(content.get("milestones", []), start=1)
    )


def _budget(project: Project, content: dict[str, Any], language: str) -> tuple[BudgetLine, ...]:
    rows = content.get("budget", [])
    total = sum(row.get("amount_minor") or 0 for row in rows)
    if not total:
        return ()
    lines, before = [], 0
    for number, row in enumerate(rows, start=1):
        amount = row.get("amount_minor") or 0
        lines.append(
            BudgetLine(
                said(row, "item", language),
                Money(amount, project.currency),
                (200 * amount + total) // (2 * total),
                min(number, MAX_COLOURED + 1),
                f"{100 * before / total:.2f}%",
                f"{100 * amount / total:.2f}%",
            )
        )
        before += amount
    return tuple(lines)


def _team(content: dict[str, Any], language: str) -> tuple[Member, ...]:
    return tuple(
        Member(said(row, "role", language), said(row, "background", language))
        for row in content.get("team", [])
    )


def _risks(content: dict[str, Any], language: str) -> tuple[Risk, ...]:
    return tuple(
        Risk(said(row, "risk", language), said(row, "answer", language))
        for row in content.get("risks", [])
    )


def _impact(content: dict[str, Any], language: str) -> tuple[Impact, ...]:
    return tuple(
        Impact(
            said(row, "kpi", language),
            format_measure(row.get("baseline"), str(row.get("unit", "")), language),
            format_measure(row.get("target"), str(row.get("unit", "")), language),
        )
        for row in content.get("impact", [])
    )


def _criteria(review: PublicReview | None, language: str) -> tuple[CriterionRow, ...]:
    if review is None:
        return ()
    return tuple(
        CriterionRow(
            c.name_vi if language == "vi" else c.name_en,
            c.points,
            c.max_points,
            100 * c.points // c.max_points,
            tuple(said({"q_vi": vi, "q_en": en}, "q", language) for vi, en in c.quotes),
        )
        for c in review.criteria
    )


def _history(project: Project) -> tuple[Event, ...]:
    words = {
        "project.submitted": _("Submitted by the owner"),
        "project.resubmitted": _("New version submitted by the owner"),
        "project.returned": _("Returned to the owner with requests"),
        "project.review_opened": _("Complete; two independent reviews opened"),
        "project.approved": _("Approved for listing"),
        "project.listed": _("Listed"),
        "project.suspended": _("Paused: no new pledges"),
        "project.resumed": _("Resumed"),
        "project.stopped": _("Stopped"),
        "project.completed": _("Completed"),
        "project.frozen": _("Paused while we check"),
        "project.unfrozen": _("Check finished"),
        "project.call_imported": _("Entered here from the source"),
        "project.call_updated": _("Updated here from the source"),
    }
    events = events_of(project).filter(code__in=PUBLIC_EVENTS)
    return tuple(Event(words[e.code], e.at) for e in events)


def _terms(project: Project, content: dict[str, Any], user: Any, language: str) -> Terms:
    if project.is_call or not project.instrument:
        return Terms(False, None, ())
    if not may_see_terms(user, project):
        return Terms(True, None, ())
    ticket = project.min_ticket_minor
    minimum = Money(ticket, project.currency) if ticket else None
    return Terms(False, minimum, tuple(_term_lines(content.get("terms") or {}, language)))


def _term_lines(terms: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """Terms in words; keys as in the README of the sample data."""
    comma = str.maketrans(".", ",") if language == "vi" else {}
    lines = []
    what = terms.get(f"what_{language}") or terms.get("what") or terms.get("what_vi")
    if what:
        lines.append((_("What you get"), str(what)))
    if "delivered_months" in terms:
        months = _("%(n)s months after the round closes") % {"n": terms["delivered_months"]}
        lines.append((_("Planned delivery"), months))
    for key, label in (
        ("rate_bps_per_year", _("Interest a year (owner's figure)")),
        ("discount_bps", _("Discount")),
        ("share_bps", _("Share offered")),
    ):
        if key in terms:
            lines.append((label, f"{terms[key] / 100:g}%".translate(comma)))
    for key, label in (("months", _("Length")), ("maturity_months", _("Maturity"))):
        if key in terms:
            lines.append((label, _("%(n)s months") % {"n": terms[key]}))
    return lines
