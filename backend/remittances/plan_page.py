"""One plan as its page shows it, in one language. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from backend.core.formats import MONTHS_EN, format_date, format_datetime
from backend.core.money import Money
from backend.funding.workflow import PLEDGE_OWED, PLEDGE_PAID
from backend.matching.queries import hidden_of
from backend.projects import taxonomy
from backend.remittances.models import PlanLine, PlanRun, RemittancePlan
from backend.remittances.plan_forms import zone_name
from backend.remittances.queries import ComingPeriod, coming_period, runs_of
from backend.remittances.workflow import LEFT_OUT, RUN_OPEN, RunStatus

NOT_CHARGED = PLEDGE_OWED | {"card_pending", "active"}


@dataclass(frozen=True)
class LineView:
    """A project of the proposal."""

    row: PlanLine
    title: str
    title_lang: str
    owner: str
    field: str
    instrument: str
    amount: Money
    counts: Money
    needs: Money
    reasons: Sequence[tuple[str, str]]
    limit: str
    removed_at: datetime | None
    refused: str
    # Left out of the person's list since it was proposed: nothing will be pledged to it.
    is_left_out: bool


@dataclass(frozen=True)
class RunView:
    """One month."""

    row: PlanRun
    month: str
    status_words: str
    amount: Money
    lines: Sequence[LineView]
    kept: Money
    stays: Money
    removed: int
    pledges: int


@dataclass(frozen=True)
class PlanPage:
    plan: RemittancePlan
    coming: ComingPeriod | None
    open: RunView | None
    past: Sequence[RunView]
    totals: Sequence[tuple[str, Money, str]]

    @property
    def sent(self) -> Money:
        return self.plan.money(self.plan.sent_minor)

    @property
    def carried(self) -> Money:
        return self.plan.money(self.plan.carried_minor)

    @property
    def project_cap(self) -> Money:
        return self.plan.money(self.plan.project_cap_minor)

    @property
    def total_cap(self) -> Money | None:
        return self.plan.maybe(self.plan.project_total_cap_minor)

    @property
    def field_cap(self) -> Money | None:
        return self.plan.maybe(self.plan.field_cap_minor)

    @property
    def year_cap(self) -> Money:
        return self.plan.money(self.plan.year_cap_minor)

    @property
    def gap(self) -> Decimal | None:
        """Per cent below the bound, of the split that the open proposal comes from."""
        day = self.open.row.allocation if self.open else None
        return None if day is None else Decimal(day.gap_bps) / 100

    @property
    def tolerance(self) -> Decimal | None:
        day = self.open.row.allocation if self.open else None
        return None if day is None else Decimal(day.tolerance_bps) / 100


def month_words(run: PlanRun, language: str) -> str:
    if language == "vi":
        return f"tháng {run.period.month}/{run.period.year}"
    return f"{MONTHS_EN[run.period.month - 1]} {run.period.year}"


def two_clocks(at: datetime | None, zone: str, language: str) -> str:
    """A deadline in the plan's zone and in Vietnam's."""
    if at is None:
        return ""
    home = format_datetime(at, language)
    local = at.astimezone(ZoneInfo(zone))
    if local.utcoffset() == at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).utcoffset():
        return home
    clock, day = f"{local:%H:%M}", format_date(local.date(), language)
    if language == "vi":
        return f"{clock} ngày {day} (giờ {zone_name(zone)}), tức {home}"
    return f"{clock} on {day} ({zone_name(zone)}), which is {home}"


def status_words(run: PlanRun) -> str:
    reasons = {
        "paused": _("You paused the plan"), "stopped": _("You stopped the plan"),
        "skipped": _("You skipped this month"),
        "silence": _("No answer, so nothing was pledged"),
        "nothing_fitted": _("No project met your criteria"),
        "nothing_pledged": _("No pledge could be made"),
        "too_late": _("Not done in time, nothing was pledged"),
    }  # fmt: skip
    if run.end_reason in reasons:
        return reasons[run.end_reason]
    return {
        RunStatus.WAITING: _("Looking for projects"),
        RunStatus.PROPOSED: _("Proposed"),
        RunStatus.CONFIRMED: _("Now pledges"),
        RunStatus.MISSED: _("Missed, nothing was pledged"),
    }.get(RunStatus(run.status), _("Nothing pledged"))


def limit_words(code: str) -> str:
    return {
        "project_cap": _("At your limit for one project"),
        "project_total_cap": _("At your limit for one project over all months"),
        "least": _("The smallest pledge of this project"),
    }.get(code, _("What the split left for it"))


def plan_page(plan: RemittancePlan, *, at: datetime, language: str) -> PlanPage:
    """Everything the page shows; four queries, one more while a proposal is open."""
    runs = runs_of(plan)
    for run in runs:
        run.plan = plan
    is_open = any(run.status in RUN_OPEN for run in runs)
    left_out = hidden_of(plan.investor) if is_open else frozenset()
    views = [run_view(run, language, left_out) for run in runs]
    opened = next((v for v in views if v.row.status in RUN_OPEN), None)
    past = [v for v in views if v.row.status not in RUN_OPEN]
    return PlanPage(plan, coming_period(plan, at), opened, past, _totals(plan, runs))


def run_view(run: PlanRun, language: str, left_out: frozenset[str] = frozenset()) -> RunView:
    rows = list(run.lines.all())
    is_open = run.status in RUN_OPEN
    out = left_out if is_open else frozenset()
    lines = [_line_view(row, run.plan, language, out) for row in rows]
    kept = sum(
        line.row.amount_minor for line in lines if line.removed_at is None and not line.is_left_out
    )
    return RunView(
        row=run,
        month=month_words(run, language),
        status_words=status_words(run),
        amount=run.money(kept if is_open else run.pledged_minor),
        lines=lines,
        kept=run.money(kept),
        stays=run.money(max(0, run.available_minor - kept)),
        removed=sum(1 for r in rows if r.removed_at is not None),
        pledges=sum(1 for r in rows if r.pledge_id is not None),
    )


def _line_view(
    row: PlanLine, plan: RemittancePlan, language: str, left_out: frozenset[str]
) -> LineView:
    project = row.round.project
    other = "vi" if language == "en" else "en"
    title, lang = getattr(project, f"title_{language}"), language
    if not title:
        title, lang = getattr(project, f"title_{other}"), other
    owner = getattr(project, f"owner_name_{language}") or project.owner_name_vi
    missing = max(0, row.round.target_minor - row.round.reserved_minor)
    return LineView(
        row=row, title=title, title_lang=lang, owner=owner,
        field=taxonomy.label("field", row.field, language) if row.field else "",
        instrument=taxonomy.label("instrument", row.round.instrument, language),
        amount=plan.money(row.amount_minor), counts=Money(row.counts_vnd, "VND"),
        needs=Money(missing, row.round.currency),
        reasons=[(kind, words) for kind, words in row.reasons.get(language, [])],
        limit=limit_words(row.limit), removed_at=row.removed_at,
        refused=_refused_words(row.refused_code), is_left_out=project.public_id in left_out,
    )  # fmt: skip


def _refused_words(code: str) -> str:
    if code == LEFT_OUT:
        return _("You left this project out of your list, so nothing was pledged to it.")
    if code:
        return _("This pledge could not be made: a rule of pledging did not allow it any more.")
    return ""


def _totals(plan: RemittancePlan, runs: Sequence[PlanRun]) -> Sequence[tuple[str, Money, str]]:
    """Where the plan's money is, by the state of its pledges; never two states in one figure."""
    pledges = [line.pledge for run in runs for line in run.lines.all() if line.pledge is not None]

    def add(statuses: frozenset[str]) -> Money:
        return plan.money(sum(p.amount_minor for p in pledges if p.status in statuses))

    return (
        (_("Pledged, not charged"), add(frozenset(NOT_CHARGED)),
         _("The round is open, or the time to withdraw is not over")),
        (_("Charged"), add(PLEDGE_PAID), _("Held or paid out, milestone by milestone")),
        (_("Returned"), add(frozenset({"refunded"})), _("Back on your card")),
        (_("Ended without a charge"), add(frozenset({"withdrawn", "lapsed", "dropped"})),
         _("Withdrawn, or the round did not reach its target")),
    )  # fmt: skip
