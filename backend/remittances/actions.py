"""What a person does with calculations, plans and proposals. Each: lock, permit, check, change,
audit, enqueue.

Lock order: plan, run, line, then funding's project, round, pledge. What the calendar does stands in
`run_actions.py`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.accounts.actions import say_country
from backend.accounts.models import User
from backend.core import audit, jobs, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, ManyInvalid
from backend.core.money import CURRENCIES, Money
from backend.funding.queries import latest_rates
from backend.projects import taxonomy
from backend.projects.workflow import OPEN_INSTRUMENTS
from backend.remittances.calculator import Calculation
from backend.remittances.corridors import corridors, zones
from backend.remittances.models import (
    OnSilence,
    PlanLine,
    PlanRun,
    RemittancePlan,
    SavedCalculation,
)
from backend.remittances.permissions import check_is_owner_of_plan
from backend.remittances.plan import (
    MAX_VETO_DAYS,
    MIN_VETO_DAYS,
    Rules,
    WhenNothing,
    carry_over,
    contradictions,
)
from backend.remittances.workflow import PLAN, RUN, RUN_OPEN, PlanStatus, RunStatus

MAX_PLANS = 10
MAX_CALCULATIONS = 50


@dataclass(frozen=True)
class Wishes:
    """Everything that an investor fixes in a plan; sums in minor units of `currency`."""

    country: str
    zone: str
    day: int
    veto_days: int
    currency: str
    sent_minor: int
    share_bps: int | None
    fixed_minor: int | None
    project_cap_minor: int
    year_cap_minor: int
    field_cap_minor: int | None = None
    project_total_cap_minor: int | None = None
    fields: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    min_fit: int = 0
    when_nothing: str = WhenNothing.NOTHING
    carry_cap_minor: int | None = None
    on_silence: str = OnSilence.NOTHING

    @property
    def rules(self) -> Rules:
        def maybe(minor: int | None) -> Money | None:
            return None if minor is None else Money(minor, self.currency)

        return Rules(
            sent=Money(self.sent_minor, self.currency),
            share_bps=self.share_bps,
            fixed=maybe(self.fixed_minor),
            project_cap=Money(self.project_cap_minor, self.currency),
            year_cap=Money(self.year_cap_minor, self.currency),
            field_cap=maybe(self.field_cap_minor),
            project_total_cap=maybe(self.project_total_cap_minor),
            when_nothing=WhenNothing(self.when_nothing),
            carry_cap=maybe(self.carry_cap_minor),
        )

    def columns(self) -> dict[str, Any]:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}


CONTRADICTIONS: Mapping[str, str | Promise] = {
    "share_or_fixed": _("Enter a share or a fixed sum, not both."),
    "fixed_within_sent": _("The fixed sum must be above zero and below what you send home."),
    "share_range": _("Enter a share between 1 and 99, for example 10."),
    "share_too_small": _("This share of it is less than the smallest unit. Enter a larger amount"),
    "year_below_one_period": _("The limit for a year is below what one month sets aside. Raise it "
                               "or lower the share."),
    "project_above_year": _("The limit for one project is above the limit for a year. Lower it."),
    "field_below_project": _("The limit for a field is below the limit for one project. Raise it "
                             "or lower the other."),
    "total_below_project": _("The limit for one project over all months is below its limit for one "
                             "month. Raise it or lower the other."),
    "carry_needs_cap": _("Enter up to how much may be carried over, or choose another answer."),
}  # fmt: skip


def problems_of(wishes: Wishes) -> list[Invalid]:
    """What is wrong with the rules of a plan, in the order of the form."""
    found = [*_unknown(wishes)]
    for field, code in contradictions(wishes.rules):
        found.append(Invalid(CONTRADICTIONS[code], code=code, field=field))
    caps = {
        "project_cap": wishes.project_cap_minor, "year_cap": wishes.year_cap_minor,
        "field_cap": wishes.field_cap_minor, "project_total_cap": wishes.project_total_cap_minor,
        "carry_cap": wishes.carry_cap_minor,
    }  # fmt: skip
    for field, minor in caps.items():
        if minor is not None and minor <= 0:
            found.append(
                Invalid(_("Enter an amount above zero."), code="not_positive", field=field)
            )
    return found


def _unknown(wishes: Wishes) -> list[Invalid]:
    choose = _("Choose from the list.")
    checks = {
        "country": wishes.country in corridors(),
        "zone": wishes.zone in zones(),
        "currency": wishes.currency in CURRENCIES and wishes.currency != "VND",
        "when_nothing": wishes.when_nothing in set(WhenNothing),
        "on_silence": wishes.on_silence in OnSilence.values,
        "fields": set(wishes.fields) <= set(taxonomy.keys("field")),
        "instruments": set(wishes.instruments) <= OPEN_INSTRUMENTS,
    }
    found = [Invalid(choose, code="unknown_key", field=n) for n, good in checks.items() if not good]
    if not 1 <= wishes.day <= 31:
        found.append(Invalid(_("Enter a day between 1 and 31."), field="day"))
    if not MIN_VETO_DAYS <= wishes.veto_days <= MAX_VETO_DAYS:
        found.append(
            Invalid(
                _("Enter a number of days between %(min)s and %(max)s."),
                field="veto_days", min=MIN_VETO_DAYS, max=MAX_VETO_DAYS,
            )
        )  # fmt: skip
    if not 0 <= wishes.min_fit <= 100:
        found.append(Invalid(_("Enter a number between 0 and 100."), field="min_fit"))
    if wishes.currency in CURRENCIES and wishes.currency not in latest_rates():
        message = _("There is no exchange rate for %(ccy)s yet. Choose another currency.")
        found.append(Invalid(message, code="no_rate", field="currency", ccy=wishes.currency))
    return found


def _check(wishes: Wishes) -> None:
    problems = problems_of(wishes)
    if problems:
        raise ManyInvalid(problems)


@transaction.atomic
def save_calculation(calculation: Calculation, *, by: User) -> SavedCalculation:
    """Keep a calculation in the account. The same one twice is one."""
    User.objects.select_for_update().get(pk=by.pk)
    asked = calculation.question
    known = SavedCalculation.objects.filter(user=by)
    values = {
        "sent_minor": asked.sent.minor, "currency": asked.sent.currency, "every": asked.every,
        "share_bps": asked.share_bps,
    }  # fmt: skip
    if kept := known.filter(**values).first():
        return kept
    if known.count() >= MAX_CALCULATIONS:
        raise Conflict(
            _("You keep %(max)s calculations already. Delete one first."),
            code="too_many_calculations", max=MAX_CALCULATIONS,
        )  # fmt: skip
    row = SavedCalculation.objects.create(
        user=by, **values, year_minor=calculation.gross.minor,
        year_vnd=calculation.net_vnd.minor, saved_at=app_now(),
    )  # fmt: skip
    audit.record("calculation.saved", by=by, subject=row)
    return row


@transaction.atomic
def drop_calculation(row: SavedCalculation, *, by: User) -> None:
    """Take a calculation out of the account."""
    if row.user_id != by.pk:
        raise Conflict()
    audit.record("calculation.dropped", by=by, subject=row)
    row.delete()


# --- the plan ---------------------------------------------------------------------------------


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def create_plan(wishes: Wishes, *, by: User, agreed_text: str, language: str) -> RemittancePlan:
    """Begin a plan. Its first proposal comes with the next period; nothing is pledged now."""
    User.objects.select_for_update().get(pk=by.pk)
    _check(wishes)
    standing = RemittancePlan.objects.filter(investor=by).exclude(status=PlanStatus.STOPPED)
    if standing.count() >= MAX_PLANS:
        raise Conflict(
            _("You have %(max)s plans already. Stop one first."), code="too_many_plans",
            max=MAX_PLANS,
        )  # fmt: skip
    plan = RemittancePlan.objects.create(
        investor=by, **wishes.columns(), counts_from=app_now(), mandate_text=agreed_text,
        mandate_sha256=_sha256(agreed_text), mandate_language=language,
    )  # fmt: skip
    audit.record("plan.created", by=by, subject=plan)
    # Without it no rule of pledging could say yes, and every month would find nothing.
    say_country(by, plan.country, by=by)
    return plan


def locked_plan(plan: RemittancePlan) -> RemittancePlan:
    return RemittancePlan.objects.select_for_update().get(pk=plan.pk)


@transaction.atomic
def change_plan(
    plan: RemittancePlan, wishes: Wishes, *, by: User, agreed_text: str, language: str
) -> RemittancePlan:
    """Other rules from now on. A proposal that stands is made again under them."""
    plan = locked_plan(plan)
    check_is_owner_of_plan(by, plan)
    _check_not_stopped(plan)
    if wishes.currency != plan.currency:
        raise Invalid(
            _("A plan keeps its currency. Stop it and begin another one."),
            code="currency_kept", field="currency",
        )  # fmt: skip
    _check(wishes)
    for name, value in wishes.columns().items():
        setattr(plan, name, value)
    plan.carried_minor = min(plan.carried_minor, plan.carry_cap_minor or 0)
    plan.version += 1
    plan.mandate_text, plan.mandate_sha256 = agreed_text, _sha256(agreed_text)
    plan.mandate_language = language
    # A run of a period copies the plan's share: it is emptied before the plan shrinks.
    run = _open_run(plan)
    if run is not None:
        _empty(run)
    plan.save()
    audit.record("plan.changed", by=by, subject=plan, data={"version": plan.version})
    if run is not None:
        jobs.enqueue("remittances.propose", f"{plan.public_id}.{plan.version}")
    return plan


def _empty(run: PlanRun) -> None:
    run.lines.all().delete()
    if run.status == RunStatus.PROPOSED:
        states.move(run, RunStatus.WAITING, by=None, role="system", workflow=RUN)
    run.proposed_at = run.pledges_at = run.agreed_at = None
    run.share_minor = run.carried_minor = run.available_minor = 0
    run.save()


def _open_run(plan: RemittancePlan) -> PlanRun | None:
    rows = plan.runs.select_for_update().filter(status__in=sorted(RUN_OPEN))
    return rows.order_by("-period").first()


def _check_not_stopped(plan: RemittancePlan) -> None:
    if plan.status == PlanStatus.STOPPED:
        raise Conflict(_("This plan was stopped. Begin another one."), code="plan_stopped")


@transaction.atomic
def pause_plan(plan: RemittancePlan, *, by: User) -> RemittancePlan:
    """No new pledges from this moment; a proposal that stands ends. Safe to press twice."""
    plan = locked_plan(plan)
    check_is_owner_of_plan(by, plan)
    if plan.status == PlanStatus.PAUSED:
        return plan
    _check_not_stopped(plan)
    _end_open_run(plan, by=by, reason="paused")
    states.move(plan, PlanStatus.PAUSED, by=by, role="investor", workflow=PLAN)
    plan.paused_at = app_now()
    plan.save(update_fields=["paused_at"])
    return plan


@transaction.atomic
def resume_plan(plan: RemittancePlan, *, by: User) -> RemittancePlan:
    """Go on with the next period; those of the pause are not made up for."""
    plan = locked_plan(plan)
    check_is_owner_of_plan(by, plan)
    if plan.status == PlanStatus.ACTIVE:
        return plan
    _check_not_stopped(plan)
    states.move(plan, PlanStatus.ACTIVE, by=by, role="investor", workflow=PLAN)
    plan.paused_at, plan.counts_from = None, app_now()
    plan.save(update_fields=["paused_at", "counts_from"])
    return plan


@transaction.atomic
def stop_plan(plan: RemittancePlan, *, by: User) -> RemittancePlan:
    """End the plan for good. Pledges that were made stay and are withdrawn one by one."""
    plan = locked_plan(plan)
    check_is_owner_of_plan(by, plan)
    if plan.status == PlanStatus.STOPPED:
        return plan
    _end_open_run(plan, by=by, reason="stopped")
    states.move(plan, PlanStatus.STOPPED, by=by, role="investor", workflow=PLAN)
    plan.ended_at, plan.carried_minor = app_now(), 0
    plan.save(update_fields=["ended_at", "carried_minor"])
    return plan


def _end_open_run(plan: RemittancePlan, *, by: User, reason: str) -> None:
    run = _open_run(plan)
    if run is not None:
        skip_run(run, by=by, role="investor", reason=reason)


def skip_run(run: PlanRun, *, by: User | None, role: str, reason: str) -> None:
    states.move(
        run, RunStatus.SKIPPED, by=by, role=role, workflow=RUN,
        data={"period": run.period.isoformat(), "reason": reason},
    )  # fmt: skip
    run.ended_at, run.end_reason = app_now(), reason
    run.save(update_fields=["ended_at", "end_reason"])


# --- a proposal -------------------------------------------------------------------------------


@transaction.atomic
def skip_period(run: PlanRun, *, by: User) -> PlanRun:
    """Nothing of this month becomes a pledge; the sum stays with the person."""
    run = _locked_run(run, by)
    if run.status == RunStatus.SKIPPED:
        return run
    _check_open(run)
    skip_run(run, by=by, role="investor", reason="skipped")
    return run


@transaction.atomic
def remove_line(line: PlanLine, *, by: User) -> PlanLine:
    """Take one project out of this month's proposal. Its sum stays with the person."""
    run, line = _locked_line(line, by)
    _check_open(run)
    if line.removed_at is None:
        line.removed_at = app_now()
        line.save(update_fields=["removed_at"])
        _note(run, line, by, "plan_run.line_removed")
    return line


@transaction.atomic
def keep_line(line: PlanLine, *, by: User) -> PlanLine:
    """Undo a removal while the proposal stands."""
    run, line = _locked_line(line, by)
    _check_open(run)
    if line.removed_at is not None:
        line.removed_at = None
        line.save(update_fields=["removed_at"])
        _note(run, line, by, "plan_run.line_kept")
    return line


@transaction.atomic
def agree_to_proposal(run: PlanRun, *, by: User) -> PlanRun:
    """Say that what stands shall become pledges when the time is over, whatever silence means."""
    run = _locked_run(run, by)
    _check_open(run)
    if run.agreed_at is None:
        run.agreed_at = app_now()
        run.save(update_fields=["agreed_at"])
        audit.record("plan_run.agreed", by=by, subject=run)
    return run


def _note(run: PlanRun, line: PlanLine, by: User, code: str) -> None:
    project = line.round.project.public_id
    audit.record(code, by=by, subject=run, data={"project": project})


def _locked_run(run: PlanRun, by: User) -> PlanRun:
    plan = locked_plan(run.plan)
    check_is_owner_of_plan(by, plan)
    locked = PlanRun.objects.select_for_update().get(pk=run.pk)
    locked.plan = plan
    return locked


def _locked_line(line: PlanLine, by: User) -> tuple[PlanRun, PlanLine]:
    run = _locked_run(line.run, by)
    return run, PlanLine.objects.select_for_update().get(pk=line.pk)


def _check_open(run: PlanRun) -> None:
    over = run.pledges_at is not None and app_now() >= run.pledges_at
    if run.status not in RUN_OPEN or over:
        raise Conflict(
            _("The time to change this month's proposal is over. Each pledge can still be "
              "withdrawn before its own deadline."), code="proposal_over",
        )  # fmt: skip


def carried_of(run: PlanRun) -> int:
    """What this run leaves for the next one, in minor units."""
    proposed = sum(line.amount_minor for line in run.lines.all())
    rules = run.plan.rules
    left = carry_over(rules, available=run.money(run.available_minor), proposed=run.money(proposed))
    return left.minor


def period_words(period: date) -> str:
    """`2027-02`, as keys and tokens carry it."""
    return f"{period:%Y-%m}"
