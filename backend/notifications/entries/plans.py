"""Redirect plans: what a month proposes, and what came of it. Once each, in the person's language
and with deadlines in the plan's time zone beside Vietnam's."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.formats import format_money
from backend.core.language import language_of_page
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.remittances.models import PlanRun
from backend.remittances.plan_page import run_view, status_words, two_clocks


def _investor(happened: Happened) -> Iterable[User]:
    run: PlanRun = happened.subject
    return [run.plan.investor]


def _path(run: PlanRun) -> str:
    return f"me/plans/{run.plan.public_id}/"


def _proposed(happened: Happened, reader: User) -> Notice | None:
    run: PlanRun = happened.subject
    if run.pledges_at is None:
        return None  # made again meanwhile: the new proposal is told of itself
    language = language_of_page()
    view = run_view(run, language)
    values = {
        "month": view.month, "sum": format_money(view.kept, language), "n": len(view.lines),
        "until": two_clocks(run.pledges_at, run.plan.zone, language),
    }  # fmt: skip
    silence = (
        _("If you do nothing, what stands becomes pledges, each with its own withdrawal deadline. "
          "Nothing is charged now.")
        if run.plan.on_silence == "pledge"
        else _("If you do nothing, nothing is pledged this month, as you chose. Nothing is charged "
               "now.")
    )  # fmt: skip
    projects = [
        _("%(sum)s for %(title)s. %(why)s") % {
            "sum": format_money(line.amount, language), "title": line.title,
            "why": line.reasons[0][1] if line.reasons else "",
        }
        for line in view.lines
    ]  # fmt: skip
    return Notice(
        _("Proposal for %(month)s: %(sum)s, %(n)s projects") % values,
        (_("You can remove projects before %(until)s.") % values, silence, *projects),
        button=_("Look at the proposal"),
        path=_path(run),
        after=(_("You could lose all of this money."),),
    )


def _pledged(happened: Happened, reader: User) -> Notice:
    run: PlanRun = happened.subject
    language = language_of_page()
    view = run_view(run, language)
    lines = [
        _("%(sum)s for %(title)s") % {
            "sum": format_money(line.amount, language), "title": line.title,
        }
        for line in view.lines if line.row.pledge_id is not None
    ]  # fmt: skip
    return Notice(
        _("%(sum)s of %(month)s are now pledges")
        % {"sum": format_money(view.amount, language), "month": view.month},
        (_("Nothing was charged. Each pledge can be withdrawn before its own deadline."), *lines),
        button=_("Look at the plan"),
        path=_path(run),
    )


def _nothing(happened: Happened, reader: User) -> Notice:
    run: PlanRun = happened.subject
    view = run_view(run, language_of_page())
    return Notice(
        _("Nothing was pledged for %(month)s") % {"month": view.month},
        (status_words(run) + ".",),
        button=_("Look at the plan"),
        path=_path(run),
    )


ENTRIES = {
    "plan_run.proposed": Entry(Group.PLANS, _investor, _proposed),
    "plan_run.pledged": Entry(Group.PLANS, _investor, _pledged),
    "plan_run.nothing_fitted": Entry(Group.PLANS, _investor, _nothing),
    "plan_run.nothing_pledged": Entry(Group.PLANS, _investor, _nothing),
    "plan_run.missed": Entry(Group.PLANS, _investor, _nothing),
    "plan_run.skipped": Entry(Group.PLANS, _investor, _nothing),
}
