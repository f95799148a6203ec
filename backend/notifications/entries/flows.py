"""What people of the programme are told of the public account."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.language import language_of_page
from backend.insights.shown import Words
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.readers import people_with_role


def _office(happened: Happened) -> Iterable[User]:
    return people_with_role("lead", "auditor")


def _with_finance(happened: Happened) -> Iterable[User]:
    return people_with_role("lead", "auditor", "finance")


def _report(happened: Happened, reader: User) -> Notice:
    words = Words(language_of_page())
    return Notice(
        _("The report on %(month)s is ready") % {"month": words.month(happened.data["month"])},
        (_("Findings, tables, targets and corrections, to print, in both languages."),),
        button=_("Look at the programme"),
        path="office/programme/",
    )


def _differs(happened: Happened, reader: User) -> Notice:
    return Notice(
        _("Figures of snapshot %(version)s differ from their source")
        % {"version": happened.subject.version},
        (_("The nightly check counted %(n)s of them again and found another figure.")
         % {"n": happened.data["figures"]},),
        button=_("See which"),
        path="office/programme/",
    )  # fmt: skip


def _corrected(happened: Happened, reader: User) -> Notice:
    row = happened.subject
    said = row.text_vi if (language_of_page()).startswith("vi") else row.text_en
    return Notice(
        _("A correction of snapshot %(version)s was listed") % {"version": row.snapshot.version},
        (said,),
        button=_("Look at the public page"),
        path="flows/",
    )


def _exported(happened: Happened, reader: User) -> Notice:
    return Notice(
        _("The ledger's chain was exported"),
        (_("%(name)s took a copy of all entries up to number %(n)s.")
         % {"name": happened.subject.full_name, "n": happened.data["position"]},),
    )  # fmt: skip


ENTRIES = {
    "report.ready": Entry(Group.OFFICE, _office, _report),
    "snapshot.differs": Entry(Group.OFFICE, _with_finance, _differs),
    "correction.recorded": Entry(Group.OFFICE, _with_finance, _corrected),
    "ledger.exported": Entry(Group.OFFICE, _office, _exported),
}
