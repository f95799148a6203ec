"""The self-check: answers with proof, the result as a chart with its table, gaps as a worklist."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.core.errors import Conflict, NotFound
from backend.core.language import language_of_page
from backend.core.paste import plain_text
from backend.core.text import clean_text
from backend.core.web import words_of
from backend.home.me_pages import person_of
from backend.home.owner.check_history import checks_over_time
from backend.home.owner.frame import Frame, frame_of
from backend.projects.draft_actions import save_section
from backend.projects.owner_queries import proposal_for, questions_in_force
from backend.projects.readiness import (
    LEVELS,
    MAX_PROOF,
    QUARTERS,
    LevelsResult,
    is_met,
    levels_of,
    points_of,
)
from backend.projects.sections import BY_KEY, values_of

ROW, BAR = 76, 30


@dataclass(frozen=True)
class Cell:
    """One level of one principle in the drawing; `part` is how far the next one is."""

    x: str
    is_on: bool
    part: str
    words: str
    middle: str


@dataclass(frozen=True)
class Bar:
    key: str
    name: str
    level: int
    y: int
    next_met: int
    next_total: int
    cells: tuple[Cell, ...]


def _answers(content: Mapping[str, Any], frame: str) -> dict[str, Any]:
    kept = content.get("readiness_answers") or {}
    return dict((kept.get(frame) or {}).get("answers") or {})


def _open(request: HttpRequest, key: str) -> tuple[Frame, Any]:
    user = person_of(request)
    project = proposal_for(user, key)
    return frame_of(project, user), project


@never_cache
@login_required
@require_safe
def result(request: HttpRequest, key: str) -> HttpResponse:
    frame, project = _open(request, key)
    language = language_of_page()
    questions = questions_in_force("levels")
    answers = _answers(frame.content, "levels")
    levels = levels_of(questions, answers)
    names = {p["key"]: p[language] for p in questions["principles"]}
    points = questions_in_force("points")
    groups = {g["key"]: g[language] for g in points["groups"]}
    scored = points_of(points, _answers(frame.content, "points"))
    state = frame.states.get("readiness")
    context = {
        "frame": frame,
        "project": project,
        "task": frame.task("readiness"),
        "levels": levels,
        "bars": _bars(levels, names),
        "height": ROW * len(names) + 20,
        "gaps": _gaps(levels, names, answers, frame.content, language),
        "steps": [(row["level"], row[language], row[f"about_{language}"],
                   row[f"technology_{language}"]) for row in questions["levels"]],
        "version": questions["version"],
        "answered_to": _answered_to(frame.content),
        "history": checks_over_time(project, names),
        "saved_at": state.saved_at if state else None,
        "scored": scored,
        "groups": [(g.key, groups[g.key], g.points, g.of, 100 * g.thirds // (3 * g.of))
                   for g in scored.groups],
    }  # fmt: skip
    return render(request, "owner/readiness.html", context)


def _answered_to(content: Mapping[str, Any]) -> int | None:
    """The version of the questions that the answers were given to."""
    kept = (content.get("readiness_answers") or {}).get("levels") or {}
    return kept.get("version") if kept.get("answers") else None


def _bars(levels: LevelsResult, names: Mapping[str, str]) -> list[Bar]:
    return [
        Bar(p.key, names[p.key], p.level, 40 + ROW * number, p.next_met, p.next_total,
            tuple(_cell(level, p.level, p.next_met, p.next_total) for level in LEVELS))
        for number, p in enumerate(levels.principles)
    ]  # fmt: skip


def _cell(level: int, reached: int, met: int, total: int) -> Cell:
    is_next = level == reached + 1 and total > 0
    words = _("%(met)s of %(total)s") % {"met": met, "total": total} if is_next else ""
    part = f"{19.4 * met / total:.2f}%" if is_next and met else ""
    left = 20 * (level - 1)
    return Cell(f"{left}%", level <= reached, part, words, f"{left + 9.7:.1f}%")


def _gaps(
    levels: LevelsResult, names: Mapping[str, str], answers: Mapping[str, Any],
    content: Mapping[str, Any], language: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Lowest principles first; each gap with its proof, its group of technology, and whether a
    milestone was made of it."""
    used = {row.get("criterion") for row in content.get("milestones") or []}
    return [
        {
            "key": p.key,
            "name": names[p.key],
            "level": p.level,
            "rows": [
                {
                    "key": c["key"],
                    "words": c[language],
                    "proof": c[f"proof_{language}"],
                    "technology": c[f"technology_{language}"],
                    "has_proof": any(
                        (answers.get(c["key"]) or {}).get(n) for n in ("proof", "file")
                    ),
                    "in_milestone": c["key"] in used,
                }
                for c in p.gaps
            ],
        }
        for p in sorted(levels.principles, key=lambda p: p.level)
        if p.gaps
    ]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def principle(request: HttpRequest, key: str, principle: str) -> HttpResponse:
    """The criteria of one principle: met or not, and what proves it."""
    frame, project = _open(request, key)
    questions = questions_in_force("levels")
    language = language_of_page()
    keys = [p["key"] for p in questions["principles"]]
    if principle not in keys:
        raise NotFound()
    own = [c for c in questions["criteria"] if c["principle"] == principle]
    answers = _answers(frame.content, "levels")
    files = {f["id"]: f["title"] for f in frame.content.get("documents") or []}
    mistakes: list[tuple[str, str]] = []
    if request.method == "POST":
        for criterion in own:
            name = criterion["key"]
            proof = plain_text(clean_text(words_of(request, f"proof-{name}"))).strip()
            met = request.POST.get(f"met-{name}")
            if len(proof) > MAX_PROOF:
                mistakes.append((f"proof-{name}", _("Use %(max)s characters or fewer. There are "
                                 "%(n)s now.") % {"max": MAX_PROOF, "n": len(proof)}))  # fmt: skip
            file = request.POST.get(f"file-{name}", "")
            if met in {"yes", "no"} or proof or file in files:
                answers[name] = {"met": met == "yes", "proof": proof}
                answers[name] |= {"file": file} if file in files else {}
        if not mistakes:
            _save(request, frame, "levels", questions["version"], answers)
            following = keys.index(principle) + 1
            if following < len(keys) and request.POST.get("do") == "next":
                return redirect("owner:principle", project.public_id, keys[following])
            return redirect("owner:readiness", project.public_id)
    rows = [(c, answers.get(c["key"]) or {}, is_met(answers.get(c["key"])),
             c[language], c[f"proof_{language}"], c[f"technology_{language}"])
            for c in own]  # fmt: skip
    context = {
        "frame": frame, "project": project, "rows": rows, "mistakes": mistakes, "files": files,
        "name": next(p[language] for p in questions["principles"] if p["key"] == principle),
        "number": keys.index(principle) + 1, "all": len(keys),
        "steps": {row["level"]: row[language] for row in questions["levels"]},
        "version": _version(frame),
    }  # fmt: skip
    return render(request, "owner/principle.html", context, status=400 if mistakes else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def points(request: HttpRequest, key: str) -> HttpResponse:
    """The 26 criteria out of a hundred points."""
    frame, project = _open(request, key)
    questions = questions_in_force("points")
    language = language_of_page()
    answers = _answers(frame.content, "points")
    if request.method == "POST":
        for group in questions["groups"]:
            for criterion in group["criteria"]:
                given = request.POST.get(criterion["key"], "")
                if given.isascii() and given.isdigit() and int(given[:2]) in QUARTERS:
                    answers[criterion["key"]] = int(given)
        _save(request, frame, "points", questions["version"], answers)
        return redirect("owner:readiness", project.public_id)
    choices = [(0, _("Not at all")), (1, _("A little")), (2, _("Mostly")), (3, _("Fully"))]
    groups = [
        (g["key"], g[language], [(c["key"], c[language], c["points"], answers.get(c["key"]))
                                 for c in g["criteria"]])
        for g in questions["groups"]
    ]  # fmt: skip
    context = {"frame": frame, "project": project, "groups": groups, "choices": choices,
               "version": _version(frame)}  # fmt: skip
    return render(request, "owner/points.html", context)


def _version(frame: Frame) -> int:
    state = frame.states.get("readiness")
    return state.version if state else 0


def _save(
    request: HttpRequest, frame: Frame, name: str, version: int, answers: Mapping[str, Any]
) -> None:
    """Keep the answers of one frame beside those of the other, and the levels that follow."""
    kept = dict(frame.content.get("readiness_answers") or {})
    kept[name] = {"version": version, "answers": dict(answers)}
    found = levels_of(questions_in_force("levels"), (kept.get("levels") or {}).get("answers") or {})
    values = {
        "readiness_answers": kept,
        "readiness": {p.key: p.level for p in found.principles},
    }
    posted = request.POST.get("version", "")
    expected = int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 10 else -1
    save_section(frame.project, "readiness", values, by=person_of(request), expected=expected)
    messages.success(request, _("Your answers are kept."))


@never_cache
@login_required
@require_POST
def to_milestone(request: HttpRequest, key: str) -> HttpResponse:
    """Make a gap a milestone of the proposal: its words and its proof, without a sum yet."""
    frame, project = _open(request, key)
    wanted = request.POST.get("criterion", "")
    found = [c for c in questions_in_force("levels")["criteria"] if c["key"] == wanted]
    if not found:
        raise NotFound()
    row = found[0]
    values = values_of(BY_KEY["milestones"], frame.content)
    rows = list(values.get("milestones") or [])
    if any(r.get("criterion") == row["key"] for r in rows):
        raise Conflict(_("This gap is a milestone already."), code="used")
    rows.append({
        "title_vi": row["vi"], "title_en": row["en"], "evidence_vi": row["proof_vi"],
        "evidence_en": row["proof_en"], "criterion": row["key"],
    })  # fmt: skip
    state = frame.states.get("milestones")
    save_section(project, "milestones", {"milestones": rows}, by=person_of(request),
                 expected=state.version if state else 0)  # fmt: skip
    messages.success(request, _("It is a milestone now. Give it a time and a sum."))
    response = redirect("owner:section", project.public_id, "milestones")
    response["Location"] += "#new"
    return response
