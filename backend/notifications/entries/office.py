"""What people of a city office are told, usually in one mail at eight in the morning."""

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.entries.proposals import case_officers, title_of


def _new_case(happened: Happened, reader: User) -> Notice:
    return Notice(_("New case: %(title)s") % {"title": title_of(happened)})


def _withdrawn(happened: Happened, reader: User) -> Notice:
    return Notice(_("Withdrawn by its owner: %(title)s") % {"title": title_of(happened)})


ENTRIES = {
    "project.submitted": Entry(Group.OFFICE, case_officers, _new_case),
    "project.withdrawn": Entry(Group.OFFICE, case_officers, _withdrawn),
}
