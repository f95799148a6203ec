"""Where a proposal stands on an office's desk: taking it in, seats, transfer, and keeping the row
of the queue true."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from backend.accounts import actions as accounts
from backend.accounts.models import CityOffice, OfficeMembership, Role, User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.core.formats import CITY_ZONE
from backend.core.text import clean_text, fold
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews import rulesets
from backend.reviews.gaps import unexplained_gaps
from backend.reviews.likeness import sketch_of
from backend.reviews.models import Case, ConflictDeclaration, Decision, Review
from backend.reviews.permissions import check_declared, check_works_on, roles_in

DONE = Case.Task.DONE
# What a status means for the desk; None: it depends on reviews and decision.
TASK_OF = {
    Status.SUBMITTED: Case.Task.SCREENING,
    Status.SCREENING: Case.Task.SCREENING,
    Status.IN_REVIEW: None,
    Status.RETURNED: Case.Task.OWNER,
    Status.DECIDED: Case.Task.OWNER,
}
MAX_REASON = 1_000


def locked_case(project: Project) -> Case:
    """The project's row locked, and its case, made when it is the first time."""
    row = Project.objects.select_for_update().get(pk=project.pk)
    if row.status == Status.DRAFT or row.owner_id is None:
        raise NotFound()
    case = Case.objects.filter(project=row).first() or _open_case(row)
    case.project = row
    return case


def city_day(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def _open_case(project: Project) -> Case:
    now = app_now()
    day = city_day(project.submitted_at or now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('reviews_reference')")
        number = cursor.fetchone()[0]
    return Case.objects.create(
        project=project, office=_office_for(project.field), task=Case.Task.SCREENING,
        reference=f"CK-{day.year}-{number:04d}", opened_on=day, clock_from=day, due_on=day,
        version_number=0, last_code="project.submitted", last_at=now,
    )  # fmt: skip


def _office_for(field: str | None) -> CityOffice:
    """The office that names the field, else one that takes every field."""
    offices = list(CityOffice.objects.order_by("pk"))
    if not offices:
        raise Conflict(_("No city office takes proposals yet."), code="no_office")
    named = [o for o in offices if field in o.fields]
    return (named or [o for o in offices if not o.fields] or offices)[0]


def sync_case(case: Case, *, code: str = "") -> Case:
    """Work out the row of the queue again from the project, its reviews and its decision."""
    project, now = case.project, app_now()
    version = project.current_version
    number = version.number if version and version.submitted_at else case.version_number
    task = TASK_OF.get(Status(project.status), DONE)
    reviews: list[Review] = []
    if task is None or task == Case.Task.OWNER:
        reviews = list(
            Review.objects.filter(
                version=project.current_version_id, submitted_at__isnull=False
            ).prefetch_related("scores", "gap_reasons")
        )
    if task is None:
        task = _task_in_review(project, reviews)
    if number != case.version_number and project.submitted_at:
        case.clock_from = city_day(project.submitted_at)
        case.signature = sketch_of(version.content if version else {})
    if task == Case.Task.OWNER and case.task != Case.Task.OWNER:
        case.clock_from = city_day(now)
    elif task != Case.Task.OWNER and case.task == Case.Task.OWNER and project.submitted_at:
        case.clock_from = city_day(project.submitted_at)
    case.task, case.is_open, case.version_number = task, task != DONE, number
    case.reviews_in = len(reviews)
    case.has_gap = bool(unexplained_gaps(reviews))
    rules = rulesets.all_in_force(city_day(now))
    if case.is_open:
        calendar = rulesets.calendar_from(rules["days"][1])
        case.due_on = calendar.add(case.clock_from, rules["deadlines"][1][task])
        case.closed_on = None
    elif case.closed_on is None:
        case.closed_on = city_day(now)
    if code:
        case.last_code, case.last_at = code, now
    case.words = fold(
        f"{case.reference} {project.title_vi} {project.title_en} {project.owner_name_vi}"
    )
    case.save()
    return case


def _task_in_review(project: Project, reviews: Sequence[Review]) -> Case.Task:
    if len(reviews) < 2 or unexplained_gaps(reviews):
        return Case.Task.REVIEW
    stands = Decision.objects.filter(
        version=project.current_version_id, undone_at__isnull=True
    ).exists()
    return Case.Task.LETTER if stands else Case.Task.DECISION


@transaction.atomic
def take_in(project: Project) -> Case | None:
    """Put what was handed in, or withdrawn, on the desk. Safe to run twice; None for a draft."""
    try:
        case = locked_case(project)
    except NotFound:
        return None
    last = audit.events_of(case.project).order_by("-at", "-id").first()
    return sync_case(case, code=last.code if last else "")


@transaction.atomic
def assign_case(project: Project, *, by: User, officer: User | None, seat: str = "first") -> Case:
    """Give a seat (`first` or `second`) to a case officer, or free it. A lead may do so for all,
    an officer for themselves."""
    case = locked_case(project)
    own = officer is not None and officer.pk == by.pk
    check_works_on(by, case, *((Role.CASE_OFFICER, Role.LEAD) if own else (Role.LEAD,)))
    if seat not in {"first", "second"}:
        raise Invalid(_("Choose from the list."), field="seat")
    held = getattr(case, f"{seat}_id")
    if officer is None:
        _check_free_to_leave(case, held)
    else:
        _check_can_sit(case, officer, seat)
        if held and held != officer.pk and (own or _review_is_in(case, held)):
            raise Conflict(_("This seat is taken."), code="seat_taken")
    setattr(case, seat, officer)
    audit.record(
        "case.assigned", by=by, subject=case.project,
        data={"officer": officer.public_id if officer else "", "seat": seat},
    )  # fmt: skip
    return sync_case(case, code="case.assigned")


def _check_can_sit(case: Case, officer: User, seat: str) -> None:
    if Role.CASE_OFFICER not in roles_in(officer, case.office_id):
        raise NotAllowed(_("Only a case officer of this office can take the case."))
    check_works_on(officer, case, Role.CASE_OFFICER)
    conflict = ConflictDeclaration.objects.filter(
        project=case.project, officer=officer, has_conflict=True
    )
    if conflict.exists():
        raise NotAllowed(
            _("This officer declared a conflict of interest in this case."), code="has_conflict"
        )
    other = case.second_id if seat == "first" else case.first_id
    if other == officer.pk:
        raise Conflict(_("The two seats belong to two people."), code="same_person")


def _review_is_in(case: Case, officer_id: int | None) -> bool:
    return Review.objects.filter(
        version=case.project.current_version_id, reviewer=officer_id, submitted_at__isnull=False
    ).exists()


def _check_free_to_leave(case: Case, officer_id: int | None) -> None:
    if officer_id and _review_is_in(case, officer_id):
        raise Conflict(_("This officer's review is in, so the seat stays."), code="review_in")


def seat_of(case: Case, officer: User) -> str | None:
    """`first`, `second`, or None."""
    return {case.first_id: "first", case.second_id: "second"}.get(officer.pk)


def take_seat(case: Case, officer: User) -> None:
    """Sit down where there is room; Conflict when two others have the case."""
    if seat_of(case, officer):
        return
    free = next((s for s in ("first", "second") if getattr(case, f"{s}_id") is None), None)
    if free is None:
        raise Conflict(_("Two other officers have this case."), code="seats_taken")
    setattr(case, free, officer)


@transaction.atomic
def share_out(projects: Sequence[Project], *, by: User) -> int:
    """Fill the empty seats of these cases with the officers who have the least on their desks;
    returns how many seats were filled."""
    filled = 0
    for project in sorted(projects, key=lambda p: p.pk):
        case = locked_case(project)
        check_works_on(by, case, Role.LEAD)
        for seat in ("first", "second"):
            if getattr(case, f"{seat}_id") is None and _seat_least_loaded(case, seat, by):
                filled += 1
        sync_case(case)
    return filled


def _seat_least_loaded(case: Case, seat: str, by: User) -> bool:
    for officer, _load in loads_of(case.office_id):
        try:
            _check_can_sit(case, officer, seat)
        except (NotAllowed, Conflict):
            continue
        setattr(case, seat, officer)
        case.save(update_fields=[seat])
        audit.record(
            "case.assigned", by=by, subject=case.project,
            data={"officer": officer.public_id, "seat": seat, "by_load": True},
        )  # fmt: skip
        return True
    return False


def loads_of(office_id: int) -> list[tuple[User, int]]:
    """The office's case officers with their open cases, the least loaded first."""
    members = OfficeMembership.objects.filter(office=office_id, role=Role.CASE_OFFICER)
    officers = User.objects.filter(pk__in=members.values("user"), is_active=True).annotate(
        a=Count("cases_first", filter=Q(cases_first__is_open=True), distinct=True),
        b=Count("cases_second", filter=Q(cases_second__is_open=True), distinct=True),
    )
    rows: list[tuple[User, int]] = [(o, o.a + o.b) for o in officers]
    return sorted(rows, key=lambda row: (row[1], row[0].pk))


@transaction.atomic
def transfer_case(project: Project, *, by: User, office: CityOffice, reason: str) -> Case:
    """Hand the case to another office. Open seats become free; what was said stays."""
    case = locked_case(project)
    check_works_on(by, case, Role.LEAD)
    check_declared(by, case.project)
    if not case.is_open or case.task == Case.Task.LETTER:
        raise Conflict(_("This case cannot be transferred now."), code="wrong_state")
    if office.pk == case.office_id:
        raise Invalid(_("The case is with this office already."), field="office")
    text = required_words(reason, "reason")
    before = case.office
    case.office = office
    _free_seats(case)
    audit.record(
        "case.transferred", by=by, subject=case.project,
        data={"from": before.public_id, "to": office.public_id, "reason": text},
    )  # fmt: skip
    return sync_case(case, code="case.transferred")


def required_words(text: str, field: str) -> str:
    """Clean words that must be there; Invalid otherwise."""
    text = clean_text(text).strip()
    if not text:
        raise Invalid(_("Enter the reason"), code="missing", field=field)
    if len(text) > MAX_REASON:
        raise Invalid(
            _("Use %(max)s characters or fewer."), code="too_long", field=field, max=MAX_REASON
        )
    return text


def _free_seats(case: Case, *officers: int) -> None:
    """Free the seats (of these officers, or all) whose review is not in; drafts go with them."""
    for seat in ("first", "second"):
        held: Any = getattr(case, f"{seat}_id")
        if held is None or (officers and held not in officers) or _review_is_in(case, held):
            continue
        Review.objects.filter(
            version=case.project.current_version_id, reviewer=held, submitted_at__isnull=True
        ).delete()
        setattr(case, seat, None)


def release_seat(case: Case, officer: User) -> None:
    """Free the officer's seat unless their review is in."""
    _free_seats(case, officer.pk)


@transaction.atomic
def correct_declaration(
    project: Project, *, by: User, officer: User, has_conflict: bool, reason: str
) -> ConflictDeclaration:
    """Another person's declaration put right, with the reason. A conflict frees the seat; after
    the officer's review of this version is in, it is too late."""
    case = locked_case(project)
    check_works_on(by, case, Role.LEAD)
    check_declared(by, case.project)
    if officer.pk == by.pk:
        raise NotAllowed(_("Another lead has to change your own declaration."), code="own")
    text = required_words(reason, "reason")
    row = ConflictDeclaration.objects.filter(project=case.project, officer=officer).first()
    if row is None:
        raise NotFound()
    if row.has_conflict == has_conflict:
        return row
    if has_conflict and _review_is_in(case, officer.pk):
        raise Conflict(
            _("This officer's review of the version is in and stays. Return the file first: the "
              "next version is reviewed anew."), code="review_in",
        )  # fmt: skip
    row.has_conflict = has_conflict
    row.save(update_fields=["has_conflict"])
    audit.record(
        "review.conflict_corrected", by=by, subject=case.project,
        data={"officer": officer.public_id, "conflict": has_conflict, "reason": text},
    )  # fmt: skip
    if has_conflict:
        release_seat(case, officer)
    sync_case(case, code="review.conflict_corrected")
    return row


@transaction.atomic
def remove_officer(user: User, office: CityOffice, role: str, *, by: User) -> int:
    """Take a role in the office from somebody. A case officer's open seats become free; reviews
    that are in stay. Returns how many seats became free."""
    mine = Case.objects.filter(office=office, is_open=True).filter(Q(first=user) | Q(second=user))
    projects = [c.project for c in mine.select_related("project").order_by("project_id")]
    cases = [locked_case(p) for p in projects] if role == Role.CASE_OFFICER else []
    accounts.remove_from_office(user, office, role, by=by)
    freed = 0
    for case in cases:
        before = (case.first_id, case.second_id)
        release_seat(case, user)
        if before != (case.first_id, case.second_id):
            freed += 1
            audit.record(
                "case.seat_freed", by=by, subject=case.project, data={"officer": user.public_id}
            )
        sync_case(case)
    return freed
