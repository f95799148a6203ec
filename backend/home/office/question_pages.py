"""The questions of the self-check as the city writes them: one principle or group at a time, each
publication a new version."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backend.accounts.models import Role
from backend.accounts.permissions import roles_of
from backend.core.errors import DomainError, NotFound
from backend.core.language import language_of_page
from backend.core.text import clean_text
from backend.core.web import words_of
from backend.home.office import words
from backend.home.office.base import desk_page, done, errors_of, person_of, typed
from backend.projects.models_owner import QuestionSet
from backend.projects.owner_queries import questions_in_force
from backend.projects.question_actions import publish_questions
from backend.projects.readiness import FRAMES, GROUP_POINTS, LEVELS, built_in

TEXTS = {"levels": ("vi", "en", "proof_vi", "proof_en", "technology_vi", "technology_en"),
         "points": ("vi", "en")}  # fmt: skip
BLANK_ROWS = 1


@desk_page()
@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: HttpRequest, frame: str) -> HttpResponse:
    """One part of a frame: what is in force, its versions, and (for a lead) a new one."""
    if frame not in FRAMES:
        raise NotFound()
    user, language = person_of(request), language_of_page()
    content = dict(questions_in_force(frame))
    in_force = int(content["version"])
    number = _number(request.GET.get("version", "")) or in_force
    if number != in_force:
        content = _numbered(frame, number)
    parts = content["principles"] if frame == "levels" else content["groups"]
    part = next((p for p in parts if p["key"] == request.GET.get("part")), parts[0])
    errors: dict[str, str] = {}
    reason = ""
    if request.method == "POST":
        reason = words_of(request, "reason")
        read = number if "number" not in request.POST else _number(request.POST["number"])
        content, part = changed(frame, content, part["key"], typed(request))
        try:
            row = publish_questions(frame, content, by=user, reason=reason, expected=read)
        except DomainError as error:
            errors = errors_of(error)
        else:
            said = _("Version %(n)s is in force.") % {"n": row.number}
            return done(request, said, "office:questions", frame)
    may_write = Role.LEAD in roles_of(user) and number == in_force
    context = {
        "frame": frame, "name": words.KINDS[f"{frame}_questions"], "number": number,
        "parts": [(p["key"], p[language], p["key"] == part["key"]) for p in parts],
        "part": part, "rows": _shown(frame, content, part, errors, may_write=may_write),
        "levels": LEVELS, "errors": errors, "reason": reason, "may_write": may_write,
        "versions": QuestionSet.objects.filter(frame=frame).select_related("published_by").order_by(
            "-number"
        ),
        "sums": GROUP_POINTS.get(part["key"]), "nav": "office", "office_nav": "rules",
    }  # fmt: skip
    return render(request, "office/questions.html", context, status=400 if errors else 200)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _numbered(frame: str, number: int) -> dict[str, Any]:
    if number == 1:
        return dict(built_in(frame))
    row = QuestionSet.objects.filter(frame=frame, number=number).first()
    if row is None:
        raise NotFound()
    return {**row.content, "version": number}


def _own(frame: str, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    if frame == "levels":
        return [c for c in content["criteria"] if c["principle"] == key]
    return next(list(g["criteria"]) for g in content["groups"] if g["key"] == key)


def _shown(
    frame: str, content: Mapping[str, Any], part: Mapping[str, Any], errors: Mapping[str, str],
    *, may_write: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of the form; an empty one at the end for a new criterion."""
    rows = _own(frame, content, part["key"])
    blank = {"key": "", "level": 1, "points": 0}
    added = [blank] * BLANK_ROWS if may_write and frame == "levels" else []
    return [
        {
            "row": row, "index": index, "error": errors.get(row["key"], ""),
            "is_new": not row["key"],
            "texts": [
                (name, row.get(name, ""), name[-2:], words.QUESTION_COLUMNS[name[:-3]])
                for name in TEXTS[frame]
            ],
        }
        for index, row in enumerate([*rows, *added])
    ]  # fmt: skip


def changed(
    frame: str, content: Mapping[str, Any], key: str, sent: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole set with one part as it was typed, and that part. A row without its Vietnamese
    words is left out; a new one gets the next key that was never used."""
    old = _own(frame, content, key)
    known = {row["key"]: row for row in old}
    rows: list[dict[str, Any]] = []
    for index in range(len(old) + BLANK_ROWS):
        texts = {n: clean_text(str(sent.get(f"{index}.{n}", ""))).strip() for n in TEXTS[frame]}
        if not (texts["vi"] or texts["en"]):
            continue
        name = str(sent.get(f"{index}.key", ""))
        level, points = (_number(str(sent.get(f"{index}.{n}", ""))) for n in ("level", "points"))
        row = dict(known.get(name, {})) | texts
        if frame == "levels":
            level = level if level in LEVELS else 1
            row |= {"principle": key, "level": level}
            row["key"] = row.get("key") or _next_key(content, key, level, rows)
        else:
            row["points"] = points
        rows.append(row)
    title = {n: clean_text(str(sent.get(f"part.{n}", ""))).strip() for n in ("vi", "en")}
    if frame == "points":
        groups = [
            {**g, **title, "criteria": rows} if g["key"] == key else g for g in content["groups"]
        ]
        return {**content, "groups": groups}, {**_part(content["groups"], key), **title}
    rows.sort(key=lambda row: row["level"])
    others = [c for c in content["criteria"] if c["principle"] != key]
    principles = [{**p, **title} if p["key"] == key else p for p in content["principles"]]
    return (
        {**content, "principles": principles, "criteria": [*others, *rows]},
        {**_part(content["principles"], key), **title},
    )


def _part(parts: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next(p for p in parts if p["key"] == key)


def _next_key(
    content: Mapping[str, Any], principle: str, level: int, rows: list[dict[str, Any]]
) -> str:
    """Never a key that is or was in use here: answers hang on keys."""
    used = {c["key"] for c in content["criteria"]} | {r["key"] for r in rows}
    used |= {
        c["key"]
        for version in QuestionSet.objects.filter(frame="levels").values_list("content", flat=True)
        for c in version["criteria"]
    }
    stem = f"{principle}.{level}."
    numbers = [int(k[len(stem) :]) for k in used if k.startswith(stem) and k[len(stem) :].isdigit()]
    return f"{stem}{max(numbers, default=0) + 1}"
