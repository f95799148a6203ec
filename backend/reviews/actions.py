"""Declaring, screening, scoring, noting. Each: lock, permit, check, change, audit.

Deciding and letters stand in decision_actions, seats and transfer in case_actions, requests in
request_actions, the city's rules in rule_actions.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Role, User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, ManyInvalid
from backend.core.text import clean_text
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews import permissions, rubric, rulesets
from backend.reviews.case_actions import (
    city_day,
    locked_case,
    release_seat,
    required_words,
    seat_of,
    sync_case,
    take_seat,
)
from backend.reviews.decision_actions import decide_project
from backend.reviews.models import (
    Case,
    CheckMark,
    ConflictDeclaration,
    GapReason,
    HighValueCheck,
    Note,
    Review,
    Score,
)
from backend.reviews.request_actions import Ask, ask_for_changes
from backend.reviews.rubric import Rubric

__all__ = ["decide_project"]

MAX_WORDS = 4_000


@transaction.atomic
def declare_conflict(project: Project, *, by: User, has_conflict: bool) -> ConflictDeclaration:
    """What an officer says before opening the file; it stands once said. A conflict frees the
    officer's seat."""
    case = locked_case(project)
    permissions.check_works_on(by, case, *sorted(permissions.ACTING_ROLES))
    declared, created = ConflictDeclaration.objects.get_or_create(
        project=case.project, officer=by, defaults={"has_conflict": has_conflict}
    )
    if not created and declared.has_conflict != has_conflict:
        raise Conflict(_("You declared otherwise before. The lead can change a declaration."))
    if created:
        audit.record(
            "review.conflict_declared", by=by, subject=case.project,
            data={"conflict": has_conflict},
        )  # fmt: skip
        if has_conflict:
            release_seat(case, by)
            sync_case(case, code="review.conflict_declared")
    return declared


@transaction.atomic
def start_screening(project: Project, *, by: User) -> Case:
    """A case officer takes the file and checks that it is complete."""
    case = locked_case(project)
    permissions.check_can_review(by, case)
    case.project = projects.start_screening(case.project, by=by)
    take_seat(case, by)
    return sync_case(case, code="project.screening_started")


@transaction.atomic
def mark_checks(project: Project, *, by: User, marks: Mapping[str, str]) -> Case:
    """Tick lines of the check list for the version at hand; `marks` maps item to yes, no or
    not_needed."""
    case = locked_case(project)
    permissions.check_can_review(by, case)
    if case.project.status != Status.SCREENING:
        raise Conflict(_("The check list is filled in while the file is screened."))
    known = {row["key"] for row in rulesets.in_force("checklist", city_day(app_now()))[1]["rows"]}
    now = app_now()
    for item, mark in marks.items():
        if item not in known or mark not in CheckMark.Mark.values:
            raise Invalid(_("Choose from the list."), field=f"check_{item}"[:60])
    CheckMark.objects.bulk_create(
        (
            CheckMark(
                version=case.project.current_version, item=item, mark=mark, marked_by=by,
                marked_at=now,
            )
            for item, mark in marks.items()
        ),
        update_conflicts=True,
        unique_fields=["version", "item"],
        update_fields=["mark", "marked_by", "marked_at"],
    )  # fmt: skip
    audit.record("case.checked", by=by, subject=case.project, data={"marks": dict(marks)})
    return case


@transaction.atomic
def open_review(project: Project, *, by: User) -> Case:
    """The file is complete: two independent reviews may begin."""
    case = locked_case(project)
    permissions.check_can_review(by, case)
    rows = rulesets.in_force("checklist", city_day(app_now()))[1]["rows"]
    marks = dict(
        CheckMark.objects.filter(version=case.project.current_version).values_list("item", "mark")
    )
    missing = [row["key"] for row in rows if marks.get(row["key"]) not in {"yes", "not_needed"}]
    if missing:
        raise Conflict(
            _("Open the reviews when every line of the check list is met. Otherwise return it."),
            code="checks_missing", field=f"check_{missing[0]}",
        )  # fmt: skip
    case.project = projects.open_review(case.project, by=by)
    return sync_case(case, code="project.review_opened")


@transaction.atomic
def return_from_screening(
    project: Project, *, by: User, asks: Sequence[Ask], reason: str = ""
) -> Case:
    """Give the file back before any review, with what is to be completed, one by one."""
    case = locked_case(project)
    permissions.check_can_review(by, case)
    if not asks:
        raise Invalid(_("Write at least one request."), code="missing", field="requests")
    ask_for_changes(case.project, asks, by=by, role=Role.CASE_OFFICER)
    words = clean_text(reason).strip() or asks[0].words_vi or asks[0].words_en
    case.project = projects.return_project(
        case.project, by=by, role=Role.CASE_OFFICER, reason=words
    )
    return sync_case(case, code="project.returned")


@transaction.atomic
def save_draft_review(project: Project, *, by: User, draft: Mapping[str, Any]) -> datetime:
    """Keep what a reviewer has typed so far, however incomplete; returns when it was saved."""
    case = locked_case(project)
    _check_reviewable(case, by)
    take_seat(case, by)
    case.save(update_fields=["first", "second"])
    now = app_now()
    Review.objects.update_or_create(
        version=case.project.current_version, reviewer=by,
        defaults={"draft": _clean_draft(draft), "draft_saved_at": now},
    )  # fmt: skip
    return now


def _clean_draft(draft: Mapping[str, Any]) -> dict[str, str]:
    return {str(k)[:60]: clean_text(str(v))[:MAX_WORDS] for k, v in list(draft.items())[:80]}


@transaction.atomic
def submit_review(
    project: Project,
    *,
    by: User,
    scores: Mapping[str, int],
    reasons: Mapping[str, Mapping[str, str]],
    comment_vi: str = "",
    comment_en: str = "",
) -> Review:
    """Score the current version once; two different officers do so, blind to each other.

    `scores` maps each criterion to 0–5; `reasons` maps criteria to `{"vi": …, "en": …}` and must
    have one for every score under 3.
    """
    case = locked_case(project)
    _check_reviewable(case, by)
    scale = rulesets.rubric_in_force(city_day(app_now()))
    _check_scores(scale, scores, reasons)
    take_seat(case, by)
    review, _created = Review.objects.get_or_create(
        version=case.project.current_version, reviewer=by
    )
    Score.objects.bulk_create(
        Score(
            review=review,
            criterion=key,
            value=value,
            reason_vi=clean_text(reasons.get(key, {}).get("vi", "")).strip()[:MAX_WORDS],
            reason_en=clean_text(reasons.get(key, {}).get("en", "")).strip()[:MAX_WORDS],
        )
        for key, value in scores.items()
    )
    review.rubric_number, review.draft, review.submitted_at = scale.number, {}, app_now()
    review.comment_vi = clean_text(comment_vi).strip()[:MAX_WORDS]
    review.comment_en = clean_text(comment_en).strip()[:MAX_WORDS]
    review.save()
    audit.record("review.submitted", by=by, subject=case.project, data={"review": review.public_id})
    sync_case(case, code="review.submitted")
    return review


def _check_reviewable(case: Case, by: User) -> None:
    permissions.check_can_review(by, case)
    project = case.project
    if project.status != Status.IN_REVIEW:
        raise Conflict(_("This proposal is not in review."), code="wrong_state")
    if project.frozen_at is not None:
        raise Conflict(
            _("This project is frozen while it is checked, so nothing about it can change."),
            code="frozen",
        )
    done = Review.objects.filter(version=project.current_version, submitted_at__isnull=False)
    if done.filter(reviewer=by).exists():
        raise Conflict(_("You have reviewed this version already."), code="reviewed_already")
    if done.count() >= 2:
        raise Conflict(_("Two reviews of this version are in."), code="reviews_complete")
    if seat_of(case, by) is None and case.first_id and case.second_id:
        raise Conflict(_("Two other officers have this case."), code="seats_taken")


def _check_scores(
    scale: Rubric, scores: Mapping[str, int], reasons: Mapping[str, Mapping[str, str]]
) -> None:
    problems = []
    for key in scale.keys:
        value = scores.get(key)
        if value is None:
            problems.append(Invalid(_("Score every criterion."), code="missing", field=key))
        elif not 0 <= value <= rubric.MAX_SCORE:
            problems.append(
                Invalid(_("A score is between 0 and 5."), code="out_of_range", field=key)
            )
        elif value < rubric.REASON_NEEDED_BELOW and not _said(reasons.get(key, {})):
            problems.append(
                Invalid(_("A score under 3 needs a reason."), code="missing", field=f"{key}_why")
            )
    if set(scores) - set(scale.keys):
        problems.append(Invalid(_("Score every criterion."), code="unknown", field="scores"))
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ManyInvalid(problems)


def _said(reason: Mapping[str, str]) -> bool:
    return any(clean_text(text).strip() for text in reason.values())


@transaction.atomic
def explain_gap(project: Project, *, by: User, criterion: str, words: str) -> GapReason:
    """Why a reviewer stands by a score that is two points or more from the other's."""
    case = locked_case(project)
    permissions.check_works_on(by, case, Role.CASE_OFFICER)
    review = Review.objects.filter(
        version=case.project.current_version, reviewer=by, submitted_at__isnull=False
    ).first()
    if review is None or case.project.status != Status.IN_REVIEW:
        raise Conflict(_("Only the two reviewers explain their scores."), code="wrong_state")
    if not review.scores.filter(criterion=criterion).exists():
        raise Invalid(_("Choose from the list."), field="criterion")
    text = required_words(words, f"{criterion}_gap")
    said, created = GapReason.objects.get_or_create(
        review=review, criterion=criterion, defaults={"words": text, "written_at": app_now()}
    )
    if created:
        audit.record(
            "review.gap_explained", by=by, subject=case.project,
            data={"review": review.public_id, "criterion": criterion},
        )  # fmt: skip
        sync_case(case, code="review.gap_explained")
    return said


@transaction.atomic
def write_note(
    project: Project, *, by: User, words: str, section: str = "", answers: Note | None = None
) -> Note:
    """A note to the other officers of the case; an answer hangs under the first note."""
    case = locked_case(project)
    permissions.check_works_on(by, case, *sorted(permissions.ACTING_ROLES))
    permissions.check_declared(by, case.project)
    text = required_words(words, "words")
    if answers is not None:
        if answers.project_id != case.project_id:
            raise Invalid(_("Choose from the list."), field="answers")
        answers = answers.answers or answers
    note = Note.objects.create(
        project=case.project, author=by, words=text, section=section[:40], answers=answers,
        written_at=app_now(),
    )  # fmt: skip
    audit.record("case.noted", by=by, subject=case.project, data={"note": note.public_id})
    return note


@transaction.atomic
def check_high_value(
    project: Project,
    *,
    by: User,
    is_confirmed: bool,
    words: str = "",
) -> HighValueCheck:
    """Confirm the owner's high-value sheet, or say why its figures differ. Confirmed ones become a
    filter of the public list once the version is listed."""
    case = locked_case(project)
    permissions.check_can_review(by, case)
    if case.project.status not in {Status.SCREENING, Status.IN_REVIEW}:
        raise Conflict(_("The sheet is checked while the file is examined."), code="wrong_state")
    text = clean_text(words).strip()[:MAX_WORDS]
    if not is_confirmed and not text:
        raise Invalid(_("Say why the figures differ."), code="missing", field="value_words")
    version = case.project.current_version
    claimed = (version.content.get("high_value") if version else None) or {}
    if not claimed:
        raise Conflict(_("The owner claims no high-value figures."), code="no_sheet")
    number, content = rulesets.in_force("strategic", city_day(app_now()))
    item = claimed.get("list_item")
    if is_confirmed and item and item not in {row["key"] for row in content["rows"]}:
        raise Invalid(
            _("The line that the owner chose is not on the list in force, so it cannot be "
              "confirmed."), code="unknown_key", field="confirmed",
        )  # fmt: skip
    row, _created = HighValueCheck.objects.update_or_create(
        version=version,
        defaults={
            "is_confirmed": is_confirmed, "list_number": number, "figures": dict(claimed),
            "words": text, "checked_by": by, "checked_at": app_now(),
        },
    )  # fmt: skip
    audit.record(
        "case.high_value_checked", by=by, subject=case.project, data={"confirmed": is_confirmed}
    )
    return row
