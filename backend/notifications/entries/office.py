"""What people of a city office are told, usually in one mail at eight in the morning."""

from collections.abc import Callable, Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.entries.proposals import case_officers, title_of
from backend.reviews.models import Case


def _new_case(happened: Happened, reader: User) -> Notice:
    return Notice(_("New case: %(title)s") % {"title": title_of(happened)})


def _withdrawn(happened: Happened, reader: User) -> Notice:
    return Notice(_("Withdrawn by its owner: %(title)s") % {"title": title_of(happened)})


def _on_the_case(happened: Happened) -> Iterable[User]:
    """The officers in the two seats."""
    project = happened.subject
    return User.objects.filter(Q(cases_first__project=project) | Q(cases_second__project=project))


def _of_its_office(*roles: str) -> Callable[[Happened], Iterable[User]]:
    def readers(happened: Happened) -> Iterable[User]:
        offices = Case.objects.filter(project=happened.subject).values("office")
        return User.objects.filter(
            office_memberships__office__in=offices, office_memberships__role__in=roles
        ).distinct()

    return readers


def _case(words: Callable[[], str]) -> Callable[[Happened, User], Notice]:
    def notice(happened: Happened, reader: User) -> Notice:
        return Notice(
            words() % {"title": title_of(happened)},
            button=_("Open the case"),
            path=f"office/cases/{happened.subject.public_id}/",
        )

    return notice


def _both_in(happened: Happened, reader: User) -> Notice | None:
    case = Case.objects.filter(project=happened.subject).first()
    if case is None or case.task != Case.Task.DECISION:
        return None
    return _case(lambda: _("Two reviews are in, decide: %(title)s"))(happened, reader)


def _yours(happened: Happened, reader: User) -> Notice | None:
    if happened.data.get("officer") != reader.public_id:
        return None
    return _case(lambda: _("You have this case: %(title)s"))(happened, reader)


ENTRIES = {
    "case.assigned": Entry(Group.OFFICE, _on_the_case, _yours),
    "case.transferred": Entry(
        Group.OFFICE,
        _of_its_office("lead"),
        _case(lambda: _("Transferred to your office: %(title)s")),
    ),
    "review.submitted": Entry(Group.OFFICE, _of_its_office("lead"), _both_in),
    "review.decided": Entry(
        Group.OFFICE, _of_its_office("signer"), _case(lambda: _("A letter to sign: %(title)s"))
    ),
    "review.decision_undone": Entry(
        Group.OFFICE, _of_its_office("lead"), _case(lambda: _("Decision undone: %(title)s"))
    ),
    "request.answered": Entry(
        Group.OFFICE, _on_the_case, _case(lambda: _("The owner answered a request: %(title)s"))
    ),
    "project.submitted": Entry(Group.OFFICE, case_officers, _new_case),
    "project.withdrawn": Entry(Group.OFFICE, case_officers, _withdrawn),
}
