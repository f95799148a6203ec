"""Opening, closing and settling a round. Each: lock, permit, check, change, audit, enqueue.

Lock order: project, round, pledges. Everything that the system does here is safe to run twice.
"""

import hashlib
import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import jobs, states
from backend.core.clock import DEMO_ENVIRONMENTS, app_now
from backend.core.errors import Conflict, Invalid
from backend.funding import eligibility, failpoints, permissions
from backend.funding.actions.obligations import open_obligations
from backend.funding.models import Pledge, Round, RoundClose, Route
from backend.funding.standing import requirements_on
from backend.funding.workflow import PLEDGE, ROUND, ROUND_UNDER_WAY, PledgeStatus, RoundStatus
from backend.projects.actions import show_round
from backend.projects.models import Project
from backend.projects.workflow import PublicStatus, Status

MIN_DAYS, MAX_DAYS = 1, 120
GRACE_DAYS = {Route.CARD: 7, Route.BANK: 21}
# Room above the target, so that the last pledge need not fit to the đồng.
CAP_BPS = 11_000


def locked_round(round_: Round) -> Round:
    """The project's row, then the round's, locked; the round carries the fresh project."""
    project = Project.objects.select_for_update().get(pk=round_.project_id)
    row = Round.objects.select_for_update().get(pk=round_.pk)
    row.project = project
    return row


@transaction.atomic
def open_round(
    project: Project,
    *,
    by: User,
    closes_at: datetime,
    hard_cap_minor: int | None = None,
) -> Round:
    """Open pledging for a listed project on its offered terms, which are frozen from now on.

    `hard_cap_minor` is in the project's currency; ten per cent above the goal unless given.
    """
    project = Project.objects.select_for_update().get(pk=project.pk)
    permissions.check_can_open_round(by, project)
    _check_can_open(project)
    now = app_now()
    _check_closing_time(closes_at, now)
    version = project.current_version
    goal = project.goal_minor
    assert version is not None
    assert goal is not None
    assert project.instrument is not None
    needs = requirements_on("", project.instrument, now.date())
    if needs.route == eligibility.INFORMATION:
        raise Conflict(
            _("Projects of this form are shown as information only: no round can open."),
            code="information_only",
        )
    cap = goal * CAP_BPS // 10_000 if hard_cap_minor is None else hard_cap_minor
    if cap < goal:
        raise Invalid(_("The cap cannot be under the goal"), field="hard_cap")
    row = Round.objects.create(
        project=project,
        version=version,
        route=needs.route,
        instrument=project.instrument,
        terms=version.content.get("terms") or {},
        currency=project.currency,
        target_minor=goal,
        hard_cap_minor=cap,
        min_pledge_minor=project.min_ticket_minor,
        grace_days=GRACE_DAYS[Route(needs.route)],
        cooling_off_days=settings.COOLING_OFF_DAYS,
        platform_fee_bps=settings.PLATFORM_FEE_BPS,
        people_limit=None if needs.people_below is None else needs.people_below - 1,
        opens_at=now,
        closes_at=closes_at,
        opened_by=by,
    )
    states.move(
        row, RoundStatus.OPEN, by=by, role="lead", workflow=ROUND,
        data={"project": project.public_id, "closes_at": closes_at},
    )  # fmt: skip
    show_round(project, PublicStatus.OPEN)
    return row


def _check_can_open(project: Project) -> None:
    if project.status != Status.LISTED or project.is_call:
        raise Conflict(_("A round can open only for a listed project."), code="not_listed")
    if project.frozen_at is not None:
        raise Conflict(_("This project is paused while we check."), code="frozen")
    if project.is_example and settings.ENVIRONMENT not in DEMO_ENVIRONMENTS:
        raise Conflict(_("Examples take no pledges here."), code="example")
    if Round.objects.filter(project=project, status__in=sorted(ROUND_UNDER_WAY)).exists():
        raise Conflict(_("This project has a round already."), code="round_exists")
    if not project.goal_minor or not project.instrument:
        raise Conflict(_("The project states no goal or no form."), code="no_terms")


def _check_closing_time(closes_at: datetime, now: datetime) -> None:
    earliest, latest = now + timedelta(days=MIN_DAYS), now + timedelta(days=MAX_DAYS)
    if not earliest <= closes_at <= latest:
        raise Invalid(
            _("The round closes %(min)s to %(max)s days from now"),
            code="out_of_range", field="closes_at", min=MIN_DAYS, max=MAX_DAYS,
        )  # fmt: skip


def _live_pledges(round_: Round, *statuses: PledgeStatus) -> list[Pledge]:
    rows = Pledge.objects.select_for_update().filter(round=round_, status__in=statuses)
    return list(rows.order_by("id"))


def _end(pledges: list[Pledge], to: PledgeStatus, reason: str, at: datetime) -> None:
    for status in {p.status for p in pledges}:
        same = [p for p in pledges if p.status == status]
        states.move_many(same, to, role="system", workflow=PLEDGE, data={"reason": reason})
        Pledge.objects.filter(pk__in=[p.pk for p in same]).update(ended_at=at, end_reason=reason)


@transaction.atomic
def cancel_round(round_: Round, *, by: User, reason: str) -> Round:
    """End an open round before its close; every pledge ends without a charge."""
    row = locked_round(round_)
    permissions.check_can_open_round(by, row.project)
    if not reason.strip():
        raise Invalid(_("Enter the reason"), code="missing", field="reason")
    now = app_now()
    _end(
        _live_pledges(row, PledgeStatus.CARD_PENDING, PledgeStatus.ACTIVE),
        PledgeStatus.LAPSED, "round_cancelled", now,
    )  # fmt: skip
    states.move(
        row, RoundStatus.CANCELLED, by=by, role="lead", workflow=ROUND, data={"reason": reason}
    )
    row.refresh_from_db()
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    show_round(row.project, PublicStatus.NOT_REACHED)
    return row


@transaction.atomic
def close_round(round_: Round) -> bool:
    """Stop taking pledges once the database's clock has passed the closing time.

    Whether it was this call that closed it. The counting follows as a job of its own.
    """
    row = locked_round(round_)
    now = app_now()
    if row.status != RoundStatus.OPEN or now < row.closes_at:
        return False
    states.move(row, RoundStatus.CLOSING, by=None, role="system", workflow=ROUND)
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    failpoints.fp("mid_close")
    jobs.enqueue("funding.count_round", row.public_id, round_id=row.public_id)
    return True


@transaction.atomic
def count_round(round_: Round) -> Round:
    """Write down what stood at the close, and decide: charge, or end without a charge.

    Succeeds when the live pledges, those in their cooling-off time included, reach the target.
    """
    row = locked_round(round_)
    if row.status != RoundStatus.CLOSING:
        return row
    now = app_now()
    _end(_live_pledges(row, PledgeStatus.CARD_PENDING), PledgeStatus.LAPSED, "card_not_saved", now)
    live = _live_pledges(row, PledgeStatus.ACTIVE)
    total = _write_close(row, live, now)
    failpoints.fp("mid_count")
    if total < row.target_minor:
        _end(live, PledgeStatus.LAPSED, "target_not_reached", now)
        states.move(
            row, RoundStatus.FAILED, by=None, role="system", workflow=ROUND,
            data={"pledged_minor": total},
        )  # fmt: skip
        Round.objects.filter(pk=row.pk).update(settled_at=now)
        show_round(row.project, PublicStatus.NOT_REACHED)
        return row
    states.move_many(live, PledgeStatus.DUE, role="system", workflow=PLEDGE)
    latest = max((p.cooling_until for p in live if p.cooling_until), default=now)
    grace_until = max(now, latest) + timedelta(days=row.grace_days)
    states.move(
        row, RoundStatus.CHARGING, by=None, role="system", workflow=ROUND,
        data={"pledged_minor": total},
    )  # fmt: skip
    Round.objects.filter(pk=row.pk).update(grace_until=grace_until)
    row.grace_until = grace_until
    open_obligations(row)
    failpoints.fp("after_obligations")
    show_round(row.project, PublicStatus.REACHED)
    return row


def _write_close(round_: Round, live: list[Pledge], now: datetime) -> int:
    rows = [[p.public_id, p.amount_minor, p.currency, p.target_minor] for p in live]
    total = sum(p.target_minor for p in live)
    body = json.dumps(rows, separators=(",", ":")).encode()
    RoundClose.objects.create(
        round=round_,
        pledged_minor=total,
        pledge_count=len(rows),
        pledges=rows,
        sha256=hashlib.sha256(body).hexdigest(),
        closed_at=now,
    )
    return total
