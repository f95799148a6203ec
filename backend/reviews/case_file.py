"""Everything that the one screen of a case shows, in five queries however long its history.

Blindness is kept here: who has not handed in their own review reads nobody's, and nobody reads one
of two before both are in.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.dateparse import parse_datetime

from backend.accounts.models import OfficeMembership, Role, User
from backend.core.clock import AppNow
from backend.core.diff import Kind, TextDiff, word_diff
from backend.core.errors import NotFound
from backend.core.formats import CITY_ZONE
from backend.projects.models import ProjectVersion
from backend.projects.models_owner import Document
from backend.reviews import rubric
from backend.reviews.built_in import built_in
from backend.reviews.likeness import WORTH_A_LOOK, percent_alike
from backend.reviews.models import Case
from backend.reviews.permissions import check_may_read_files
from backend.reviews.rubric import Rubric, rubric_from
from backend.reviews.rulesets import calendar_from
from backend.reviews.sections import SECTIONS, Section, lines_of

MAX_LIKE = 60
SHOWN_LIKE = 6


def case_for(user: User, key: str) -> Case:
    """A case of one's own office (an auditor's: any), by the project's public id; else NotFound."""
    case = (
        Case.objects.select_related(
            "project__current_version", "project__owner", "office", "first", "second"
        )
        .annotate(now=AppNow())
        .filter(project__public_id=key[:40])
        .first()
    )
    if case is None:
        raise NotFound()
    roles = dict.fromkeys(
        OfficeMembership.objects.filter(user=user).values_list("office_id", "role")
    )
    case.my_roles = frozenset(  # type: ignore[attr-defined]
        role for office, role in roles if office == case.office_id or role == Role.AUDITOR
    )
    if not case.my_roles:  # type: ignore[attr-defined]
        raise NotFound()
    return case


def document_of_case(user: User, case: Case, public_id: str) -> Document:
    """A file of the case, also one that the owner took off after a version was handed in with it;
    NotAllowed for who may not read the file, NotFound where there is none."""
    check_may_read_files(user, case)
    found = Document.objects.filter(project=case.project, public_id=public_id[:40]).first()
    if found is None:
        raise NotFound()
    return found


@dataclass(frozen=True)
class ScoreSeen:
    value: int
    reason_vi: str
    reason_en: str
    gap: str


@dataclass(frozen=True)
class ReviewSeen:
    """A review that this viewer may read."""

    public_id: str
    reviewer: str
    reviewer_id: str
    is_mine: bool
    submitted_at: datetime
    rubric_number: int
    scores: dict[str, ScoreSeen]
    comment_vi: str
    comment_en: str


@dataclass(frozen=True)
class SectionSeen:
    """One part of the file with what changed against the other version."""

    section: Section
    changes: int


@dataclass(frozen=True)
class CaseFile:
    case: Case
    now: datetime
    days_left: int
    declared: bool | None
    keys_on: bool
    versions: tuple[dict[str, Any], ...]
    against: dict[str, Any] | None
    parts: tuple[SectionSeen, ...]
    part: Section
    diff: TextDiff
    requests: tuple[dict[str, Any], ...]
    notes: tuple[dict[str, Any], ...]
    checks: tuple[tuple[dict[str, Any], str], ...]
    rubric: Rubric
    reviews: tuple[ReviewSeen, ...]
    reviews_in: int
    my_draft: dict[str, str]
    draft_saved_at: datetime | None
    my_review_is_in: bool
    gaps: tuple[str, ...]
    my_gaps: tuple[str, ...]
    decision: dict[str, Any] | None
    high_value: dict[str, Any] | None
    like: tuple[dict[str, Any], ...]
    documents: tuple[dict[str, Any], ...]
    # The list of strategic technologies in force.
    strategic: tuple[dict[str, Any], ...]

    @property
    def today(self) -> date:
        return self.now.astimezone(CITY_ZONE).date()


CHILDREN_SQL = """
SELECT
    (SELECT d.has_conflict FROM reviews_conflictdeclaration d
     WHERE d.project_id = %(project)s AND d.officer_id = %(user)s),
    (SELECT s.keys_on FROM reviews_desksettings s WHERE s.user_id = %(user)s),
    (SELECT json_agg(json_build_object('number', v.number, 'submitted_at', v.submitted_at,
            'content', CASE WHEN v.number = coalesce(%(against)s, (
                SELECT max(o.number) FROM projects_projectversion o
                WHERE o.project_id = %(project)s AND o.submitted_at IS NOT NULL
                AND o.number < %(number)s)) THEN v.content END) ORDER BY v.number)
     FROM projects_projectversion v
     WHERE v.project_id = %(project)s AND v.submitted_at IS NOT NULL),
    (SELECT json_agg(json_build_object('id', q.public_id, 'version', v.number, 'number', q.number,
            'section', q.section, 'words_vi', q.words_vi, 'words_en', q.words_en,
            'state', q.state, 'answer', q.answer) ORDER BY v.number, q.number)
     FROM reviews_request q JOIN projects_projectversion v ON v.id = q.version_id
     WHERE v.project_id = %(project)s),
    (SELECT json_agg(json_build_object('id', n.public_id, 'under', n.answers_id, 'pk', n.id,
            'section', n.section, 'words', n.words, 'at', n.written_at,
            'author', u.full_name) ORDER BY n.id)
     FROM reviews_note n JOIN accounts_user u ON u.id = n.author_id
     WHERE n.project_id = %(project)s),
    (SELECT json_object_agg(c.item, c.mark) FROM reviews_checkmark c
     WHERE c.version_id = %(version)s),
    (SELECT json_agg(json_build_object('id', r.public_id, 'reviewer', u.full_name,
            'reviewer_id', u.public_id, 'mine', r.reviewer_id = %(user)s,
            'submitted_at', r.submitted_at, 'rubric', r.rubric_number,
            'comment_vi', r.comment_vi, 'comment_en', r.comment_en,
            'draft', CASE WHEN r.reviewer_id = %(user)s THEN r.draft END,
            'saved_at', r.draft_saved_at,
            'scores', (SELECT json_agg(json_build_array(s.criterion, s.value, s.reason_vi,
                s.reason_en)) FROM reviews_score s WHERE s.review_id = r.id),
            'gaps', (SELECT json_object_agg(g.criterion, g.words) FROM reviews_gapreason g
                WHERE g.review_id = r.id)) ORDER BY r.id)
     FROM reviews_review r JOIN accounts_user u ON u.id = r.reviewer_id
     WHERE r.version_id = %(version)s),
    (SELECT json_build_object('id', d.public_id, 'outcome', d.outcome, 'letter', l.public_id,
            'status', l.status, 'goes_out_at', l.goes_out_at, 'by', u.full_name)
     FROM reviews_decision d JOIN accounts_user u ON u.id = d.decided_by_id
     LEFT JOIN reviews_letter l ON l.decision_id = d.id
     WHERE d.version_id = %(version)s AND d.undone_at IS NULL),
    (SELECT json_build_object('confirmed', h.is_confirmed, 'figures', h.figures,
            'words', h.words, 'by', u.full_name, 'at', h.checked_at)
     FROM reviews_highvaluecheck h JOIN accounts_user u ON u.id = h.checked_by_id
     WHERE h.version_id = %(version)s),
    (SELECT json_object_agg(kind, json_build_array(number, content)) FROM (
        SELECT DISTINCT ON (r.kind) r.kind, r.number, r.content FROM reviews_ruleset r
        WHERE r.effective_from <= (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
        ORDER BY r.kind, r.number DESC) rules),
    (SELECT json_agg(json_build_object('id', d.public_id, 'title', d.title,
            'name', d.file_name, 'kind', d.media_type, 'size', d.size_bytes,
            'sha256', d.sha256) ORDER BY d.id)
     FROM projects_document d WHERE d.project_id = %(project)s AND d.removed_at IS NULL)
"""


def case_file(user: User, case: Case, *, part: str, against: int | None, language: str) -> CaseFile:
    """The whole screen. `against` is a version number to compare with (default: the one before);
    `part` the section that stands open."""
    project, version = case.project, case.project.current_version
    assert version is not None  # a case was handed in
    # After a return the owner writes a new version: the desk keeps reading the submitted one.
    shown = version if version.submitted_at else _submitted(project.pk)
    values = {
        "project": project.pk, "user": user.pk, "version": shown.pk, "number": shown.number,
        "against": against if against is not None and against < shown.number else None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CHILDREN_SQL, values)
        row = [json.loads(v) if isinstance(v, str) else v for v in cursor.fetchone()]
    (declared, keys_on, versions, requests, notes, checks, reviews, decision, high_value,
     rules, documents) = row  # fmt: skip
    rules = rules or {}
    before = next((v for v in versions or [] if v["content"] is not None), None)
    open_part = next((s for s in SECTIONS if s.key == part), None)
    parts = tuple(_seen(s, before, shown.content, language) for s in SECTIONS)
    if open_part is None:
        open_part = next((p.section for p in parts if p.changes), SECTIONS[0])
    seen = _reviews(reviews or [])
    mine = next((r for r in reviews or [] if r["mine"]), None)
    done = [r for r in reviews or [] if r["submitted_at"]]
    scale = rubric.FIRST
    if "rubric" in rules:
        scale = rubric_from(rules["rubric"][1], rules["rubric"][0])
    calendar = calendar_from(rules["days"][1] if "days" in rules else built_in("days"))
    now: datetime = case.now  # type: ignore[attr-defined]
    items = (rules["checklist"][1] if "checklist" in rules else built_in("checklist"))["rows"]
    gaps = _gaps(done)
    return CaseFile(
        case=case,
        now=now,
        days_left=calendar.between(now.astimezone(CITY_ZONE).date(), case.due_on),
        declared=None if declared is None else not declared,
        keys_on=True if keys_on is None else keys_on,
        versions=tuple(_dated(v, "submitted_at") for v in versions or []),
        against=_dated(before, "submitted_at") if before else None,
        parts=parts,
        part=open_part,
        diff=_compared(open_part, before, shown.content, language),
        requests=tuple(requests or ()),
        notes=_threads(notes or []),
        checks=tuple((item, (checks or {}).get(item["key"], "")) for item in items),
        rubric=scale,
        reviews=seen,
        reviews_in=len(done),
        my_draft=dict((mine or {}).get("draft") or {}),
        draft_saved_at=_at((mine or {}).get("saved_at")),
        my_review_is_in=bool(mine and mine["submitted_at"]),
        gaps=tuple(dict.fromkeys(key for key, _who in gaps)),
        my_gaps=tuple(key for key, who in gaps if who == user.public_id),
        decision=_dated(decision, "goes_out_at") if decision else None,
        high_value=_dated(high_value, "at") if high_value else None,
        like=tuple(like_and_earlier(case)),
        documents=tuple(documents or ()),
        strategic=tuple(
            (rules["strategic"][1] if "strategic" in rules else built_in("strategic"))["rows"]
        ),
    )


def _submitted(project_pk: int) -> ProjectVersion:
    return (
        ProjectVersion.objects.filter(project=project_pk, submitted_at__isnull=False)
        .order_by("-number")[:1]
        .get()
    )


def _at(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else text


def _dated(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: _at(row[name]) for name in names}}


def _seen(
    section: Section, before: dict[str, Any] | None, content: dict[str, Any], language: str
) -> SectionSeen:
    diff = _compared(section, before, content, language)
    return SectionSeen(section, diff.changes if before else 0)


def _compared(
    section: Section, before: dict[str, Any] | None, content: dict[str, Any], language: str
) -> TextDiff:
    new = "\n".join(lines_of(section, content, language))
    old = "\n".join(lines_of(section, before["content"], language)) if before else new
    return word_diff(old, new)


def _reviews(rows: list[dict[str, Any]]) -> tuple[ReviewSeen, ...]:
    """Both once both are in; until then only one's own."""
    both = sum(bool(r["submitted_at"]) for r in rows) >= 2
    return tuple(
        ReviewSeen(
            r["id"], r["reviewer"], r["reviewer_id"], r["mine"], _at(r["submitted_at"]),  # type: ignore[arg-type]
            r["rubric"],
            {
                key: ScoreSeen(value, vi, en, (r["gaps"] or {}).get(key, ""))
                for key, value, vi, en in r["scores"] or []
            },
            r["comment_vi"], r["comment_en"],
        )
        for r in rows
        if r["submitted_at"] and (both or r["mine"])
    )  # fmt: skip


def _gaps(done: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Criterion and reviewer who owes a reason for a gap; nothing before both are in."""
    if len(done) != 2:
        return []
    scores = [{s[0]: s for s in r["scores"] or []} for r in done]
    values = [{k: s[1] for k, s in mine.items()} for mine in scores]
    return [
        (key, r["reviewer_id"])
        for key in rubric.gaps_of(values[0], values[1])
        for r, mine in zip(done, scores, strict=True)
        if not (mine[key][2] or mine[key][3] or (r["gaps"] or {}).get(key))
    ]


def _threads(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    dated = [_dated(row, "at") for row in rows]
    firsts = [{**row, "replies": []} for row in dated if row["under"] is None]
    by_pk = {row["pk"]: row for row in firsts}
    for row in dated:
        if row["under"] in by_pk:
            by_pk[row["under"]]["replies"].append(row)
    return tuple(firsts)


def like_and_earlier(case: Case) -> list[dict[str, Any]]:
    """Proposals that say much the same, and others of the same owner. One query."""
    owner = case.project.owner_id
    others = Case.objects.exclude(pk=case.pk).select_related("project")
    # Ordered by an expression: for the column itself PostgreSQL reads all cases from the newest on.
    like = others.filter(signature__overlap=case.signature or [-1])
    like = like.order_by((F("pk") + 0).desc())[:MAX_LIKE]
    earlier = others.filter(project__owner=owner).order_by("-pk")[:SHOWN_LIKE]
    found: dict[int, dict[str, Any]] = {}
    for other in like.union(earlier, all=True) if case.signature else earlier:
        percent = percent_alike(case.signature, other.signature)
        same_owner = other.project.owner_id == owner
        if same_owner or percent >= WORTH_A_LOOK:
            found[other.pk] = {"case": other, "percent": percent, "same_owner": same_owner}
    newest_first = [found[pk] for pk in sorted(found, reverse=True)]
    return sorted(newest_first, key=lambda row: -int(row["percent"]))[:SHOWN_LIKE]


def changed_rows(diff: TextDiff) -> list[dict[str, Any]]:
    """The comparison as rows of two cells, each a list of (kind, text)."""
    rows = []
    for paragraph in diff.paragraphs:
        left = [(s.kind, s.text) for s in paragraph.segments if s.kind != Kind.ADDED]
        right = [(s.kind, s.text) for s in paragraph.segments if s.kind != Kind.REMOVED]
        rows.append({"kind": str(paragraph.kind), "left": left, "right": right})
    return rows
