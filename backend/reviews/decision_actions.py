"""The lead decides, a second person signs, ten minutes later the letter goes out and the decision
takes effect. Until then it can be undone and nobody outside the office knows of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import CityOffice, Role, User
from backend.core import audit, jobs, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.text import clean_text
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.projects.permissions import check_is_owner
from backend.projects.workflow import Status
from backend.reviews import letters, permissions, rulesets
from backend.reviews.case_actions import city_day, locked_case, required_words, sync_case
from backend.reviews.gaps import unexplained_gaps
from backend.reviews.letter_pdf import pdf_of
from backend.reviews.models import Case, Decision, HighValueCheck, Letter, Request, Review
from backend.reviews.request_actions import Ask, check_asks
from backend.reviews.workflow import LETTER, LetterStatus

MAX_WORDS = 4_000
Outcome = Decision.Outcome


@transaction.atomic
def decide_project(
    project: Project,
    *,
    by: User,
    outcome: str,
    reason_codes: Sequence[str] = (),
    words_vi: str = "",
    words_en: str = "",
    conditions_vi: str = "",
    conditions_en: str = "",
    asks: Sequence[Ask] = (),
) -> Decision:
    """The lead's decision on a version that two officers reviewed: list, return or decline.

    Prepares the letter; the project moves when the letter goes out.
    """
    case = locked_case(project)
    permissions.check_can_decide(by, case)
    reviews = _check_decidable(case)
    texts = _texts(words_vi, words_en, conditions_vi, conditions_en)
    asks = check_asks(asks)
    _check_outcome(outcome, texts, asks, reason_codes)
    version = case.project.current_version
    assert version is not None  # reviewed, so it has one
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                version=version, outcome=outcome, reason_codes=list(reason_codes),
                asks=[_as_json(ask) for ask in asks], decided_by=by, decided_at=app_now(), **texts,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(code="decided_already") from error
    Letter.objects.create(
        decision=decision, office=case.office, prepared_at=decision.decided_at,
        body=letters.body_of(case, decision, reviews),
    )  # fmt: skip
    audit.record("review.decided", by=by, subject=case.project, data={"outcome": outcome})
    sync_case(case, code="review.decided")
    return decision


@transaction.atomic
def preview_letter(project: Project, *, by: User, **fields: Any) -> Letter:
    """The letter that `decide_project` would prepare with the same fields; nothing is kept."""
    point = transaction.savepoint()
    try:
        return decide_project(project, by=by, **fields).letter
    finally:
        transaction.savepoint_rollback(point)


def _as_json(ask: Ask) -> dict[str, str]:
    return {"section": ask.section, "words_vi": ask.words_vi, "words_en": ask.words_en}


def _texts(*values: str) -> dict[str, str]:
    names = ("words_vi", "words_en", "conditions_vi", "conditions_en")
    texts = {n: clean_text(v).strip() for n, v in zip(names, values, strict=True)}
    for name, text in texts.items():
        if len(text) > MAX_WORDS:
            raise Invalid(
                _("Use %(max)s characters or fewer."), code="too_long", field=name, max=MAX_WORDS
            )
    return texts


def _check_decidable(case: Case) -> list[Review]:
    if case.project.status != Status.IN_REVIEW:
        raise Conflict(_("This proposal is not in review."), code="wrong_state")
    if case.project.frozen_at is not None:
        raise Conflict(
            _("This project is frozen while it is checked, so nothing about it can change."),
            code="frozen",
        )
    reviews = list(
        Review.objects.filter(version=case.project.current_version, submitted_at__isnull=False)
        .prefetch_related("scores", "gap_reasons")
        .order_by("pk")
    )
    if len(reviews) < 2:
        raise Conflict(_("Two reviews must be in before a decision."), code="reviews_missing")
    if unexplained_gaps(reviews):
        raise Conflict(
            _("The reviewers differ by two points or more and have yet to say why."),
            code="gap_unexplained",
        )
    if Decision.objects.filter(version=case.project.current_version, undone_at=None).exists():
        raise Conflict(_("This version is decided already."), code="decided_already")
    return reviews


def _check_outcome(
    outcome: str, texts: Mapping[str, str], asks: Sequence[Ask], codes: Sequence[str]
) -> None:
    if outcome not in Outcome.values:
        raise Invalid(_("Choose one of the values in the list"), field="outcome")
    if outcome != Outcome.LIST and not (texts["words_vi"] or texts["words_en"]):
        raise Invalid(_("Enter the reason"), code="missing", field="words_vi")
    known = rulesets.in_force("reason_codes", city_day(app_now()))[1]["rows"]
    right = {row["key"] for row in known if row["outcome"] == outcome}
    if set(codes) - right:
        raise Invalid(_("Choose reason codes of this outcome."), field="reason_codes")
    if outcome == Outcome.DECLINE and not codes:
        raise Invalid(_("Choose at least one reason code."), code="missing", field="reason_codes")
    if outcome == Outcome.RETURN and not asks:
        raise Invalid(_("Write at least one request."), code="missing", field="requests")


def locked_letter(letter: Letter) -> tuple[Case, Letter]:
    """The project's row and the letter's, locked in this order."""
    case = locked_case(letter.decision.version.project)
    row = Letter.objects.select_for_update().select_related("decision").get(pk=letter.pk)
    return case, row


@transaction.atomic
def sign_letter(letter: Letter, *, by: User) -> Letter:
    """A second person signs: the letter gets its number and date, and goes out after the undo
    time."""
    case, letter = locked_letter(letter)
    permissions.check_can_sign(by, letter, case)
    if case.project.status != Status.IN_REVIEW:
        raise Conflict(_("This proposal is not in review."), code="wrong_state")
    if case.project.frozen_at is not None:
        raise Conflict(
            _("This project is frozen while it is checked, so nothing about it can change."),
            code="frozen",
        )
    now = app_now()
    minutes = rulesets.in_force("deadlines", city_day(now))[1]["undo_minutes"]
    year = city_day(now).year
    CityOffice.objects.select_for_update().get(pk=letter.office_id)
    last = Letter.objects.filter(office=letter.office_id, year=year).aggregate(n=Max("number"))["n"]
    letter.year, letter.number = year, (last or 0) + 1
    letter.signed_by, letter.signed_at = by, now
    letter.goes_out_at = now + timedelta(minutes=minutes)
    # One write: the database wants number, signature and status together.
    _move_letter(
        letter, LetterStatus.SIGNED, by=by, role=Role.SIGNER,
        fields=("year", "number", "signed_by", "signed_at", "goes_out_at"),
    )  # fmt: skip
    jobs.enqueue(
        "reviews.send_letter", letter.public_id, delay=timedelta(minutes=minutes),
        letter=letter.public_id,
    )  # fmt: skip
    sync_case(case, code="letter.signed")
    return letter


def _move_letter(
    letter: Letter, to: str, *, by: User | None, role: str, fields: Sequence[str] = ()
) -> None:
    if fields:
        letter.save(update_fields=list(fields))
    states.move(letter, to, by=by, role=role, workflow=LETTER)


@transaction.atomic
def undo_letter(letter: Letter, *, by: User, reason: str) -> Letter:
    """Take the decision back before the letter is out; the lead decides anew. A number that was
    given stays used."""
    case, letter = locked_letter(letter)
    permissions.check_works_on(by, case, Role.LEAD, Role.SIGNER)
    permissions.check_declared(by, case.project)
    if letter.status == LetterStatus.UNDONE:
        return letter
    if letter.status == LetterStatus.SENT:
        raise Conflict(_("The letter is out. It can no longer be undone."), code="sent")
    text = required_words(reason, "reason")
    role = Role.LEAD if Role.LEAD in permissions.roles_in(by, case.office_id) else Role.SIGNER
    _undo(case, letter, by=by, role=role, reason=text)
    return letter


def _undo(case: Case, letter: Letter, *, by: User | None, role: str, reason: str) -> None:
    decision = letter.decision
    decision.undone_at, decision.undone_by, decision.undone_reason = app_now(), by, reason
    decision.save(update_fields=["undone_at", "undone_by", "undone_reason"])
    states.move(letter, LetterStatus.UNDONE, by=by, role=role, workflow=LETTER)
    audit.record(
        "review.decision_undone", by=by, subject=case.project,
        data={"outcome": decision.outcome, "reason": reason},
    )  # fmt: skip
    sync_case(case, code="review.decision_undone")


@transaction.atomic
def send_letter(letter: Letter, *, tell: bool = True) -> Letter:
    """When the undo time is over: the decision takes effect, the PDF is kept, the owner is told.

    Quiet when it is too early, undone, sent, or the project is frozen (it is tried again). A
    proposal that the owner withdrew meanwhile needs no letter. Without `tell` no mail is written
    (letters of the sample world are months old).
    """
    case, letter = locked_letter(letter)
    now = app_now()
    is_due = letter.status == LetterStatus.SIGNED and letter.goes_out_at is not None
    if not is_due or letter.goes_out_at > now or case.project.frozen_at:  # type: ignore[operator]
        return letter
    if case.project.status != Status.IN_REVIEW:
        _undo(case, letter, by=None, role="system", reason=str(_("Withdrawn by the owner")))
        return letter
    letter.sent_at = now
    letter.pdf = pdf_of(letter)
    letter.pdf_sha256 = letters.sha256_of(letter.pdf)
    letter.save(update_fields=["sent_at", "pdf", "pdf_sha256"])
    states.move(letter, LetterStatus.SENT, by=None, role="system", workflow=LETTER)
    _take_effect(case, letter)
    case.decision_days = letters.working_days(case, city_day(now))
    sync_case(case, code="letter.sent")
    audit.record(
        "letter.delivered", by=None, subject=case.project,
        data={
            "letter": letter.public_id, "number": letters.number_of(letter),
            "outcome": letter.decision.outcome, "pdf_sha256": letter.pdf_sha256,
        },
    )  # fmt: skip
    if tell:
        letters.post_to_owner(case, letter)
    return letter


def _take_effect(case: Case, letter: Letter) -> None:
    decision, project = letter.decision, case.project
    by, reason = decision.decided_by, decision.words_vi or decision.words_en
    match decision.outcome:
        case Outcome.LIST:
            projects.carry_out_decision(project, Status.DECIDED, by=by)
            if not (decision.conditions_vi or decision.conditions_en):
                _list(project, letter)
        case Outcome.RETURN:
            _write_requests(decision)
            projects.carry_out_decision(project, Status.RETURNED, by=by, reason=reason)
        case Outcome.DECLINE:
            projects.carry_out_decision(project, Status.DECLINED, by=by, reason=reason)
    project.refresh_from_db()


def _list(project: Project, letter: Letter) -> Project:
    assert letter.signed_by is not None  # a sent letter is signed
    confirmed = HighValueCheck.objects.filter(
        version=letter.decision.version_id, is_confirmed=True
    ).exists()
    return projects.list_signed(project, by=letter.signed_by, is_high_value=confirmed)


def _write_requests(decision: Decision) -> None:
    last = Request.objects.filter(version=decision.version).aggregate(n=Max("number"))["n"] or 0
    rows: list[dict[str, Any]] = decision.asks
    Request.objects.bulk_create(
        Request(
            version=decision.version, number=number, asked_by=decision.decided_by,
            asked_at=app_now(), **row,
        )
        for number, row in enumerate(rows, start=last + 1)
    )  # fmt: skip


@transaction.atomic
def accept_conditions(project: Project, *, by: User) -> Project:
    """The owner agrees to the conditions of the letter; the project is listed at once."""
    case = locked_case(project)
    check_is_owner(by, case.project)
    if case.project.status == Status.LISTED:
        return case.project
    decision = (
        Decision.objects.filter(version=case.project.current_version, undone_at=None)
        .select_related("letter__signed_by")
        .first()
    )
    if case.project.status != Status.DECIDED or decision is None:
        raise Conflict(_("There is no condition to agree to."), code="wrong_state")
    decision.conditions_accepted_at = app_now()
    decision.save(update_fields=["conditions_accepted_at"])
    audit.record("review.conditions_accepted", by=by, subject=case.project)
    case.project = _list(case.project, decision.letter)
    sync_case(case, code="project.listed")
    return case.project
