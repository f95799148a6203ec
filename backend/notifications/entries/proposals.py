"""The life of a proposal: what its owner, the office and those who saved it are told."""

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.formats import CITY_ZONE, format_date
from backend.core.language import language_of_page
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.readers import members_of_owner, people_who_saved, people_with_role


def title_of(happened: Happened) -> str:
    """The project's title in the active language, or the original."""
    language = language_of_page()
    project = happened.subject
    other = "en" if language == "vi" else "vi"
    return str(getattr(project, f"title_{language}") or getattr(project, f"title_{other}"))


def day_of(happened: Happened) -> str:
    """The city's day of the event, in words."""
    return format_date(happened.event.at.astimezone(CITY_ZONE).date(), language_of_page())


def owners(happened: Happened) -> Iterable[User]:
    return members_of_owner(happened.subject)


def case_officers(happened: Happened) -> Iterable[User]:
    return people_with_role("case_officer")


def savers(happened: Happened) -> Iterable[User]:
    return people_who_saved(happened.subject)


def project_path(happened: Happened) -> str:
    return f"projects/{happened.subject.slug}/"


def _said(
    subject: Callable[[], str], *lines: Callable[[], str], button: Callable[[], str] | None = None
) -> Callable[[Happened, User], Notice]:
    def words(happened: Happened, reader: User) -> Notice:
        values = {"title": title_of(happened), "date": day_of(happened)}
        return Notice(
            subject() % values,
            tuple(line() % values for line in lines),
            button=button() if button else "",
            path=project_path(happened) if button else "",
        )

    return words


def _see() -> str:
    return _("See the project")


ENTRIES = {
    "project.submitted": Entry(
        Group.PROPOSALS,
        owners,
        _said(
            lambda: _("Submitted: %(title)s"),
            lambda: _("Your proposal reached the city on %(date)s."),
            lambda: _("You can follow it on its page. You need not do anything now."),
            button=_see,
        ),
        tells_actor=True,
    ),
    "project.returned": Entry(
        Group.PROPOSALS,
        owners,
        _said(
            lambda: _("The city asks for changes: %(title)s"),
            lambda: _("Your proposal came back on %(date)s with what to answer."),
            lambda: _("Nothing is lost: answer, then submit it again."),
            button=_see,
        ),
    ),
    "project.listed": Entry(
        Group.PROPOSALS,
        owners,
        _said(
            lambda: _("On the public list: %(title)s"),
            lambda: _("The city listed your project on %(date)s. Everybody can see it now."),
            button=_see,
        ),
    ),
    "project.declined": Entry(
        Group.PROPOSALS,
        owners,
        _said(
            lambda: _("Not listed: %(title)s"),
            lambda: _("The city decided on %(date)s not to list your proposal."),
            lambda: _("The reasons stand on its page. A decision like this is not public."),
            button=_see,
        ),
    ),
    "project.frozen": Entry(
        Group.PROPOSALS,
        owners,
        _said(
            lambda: _("Paused: %(title)s"),
            lambda: _("The city paused this project on %(date)s while it checks something."),
            lambda: _("Until the pause ends nothing can be submitted, decided or pledged."),
            button=_see,
        ),
    ),
    "project.unfrozen": Entry(
        Group.PROPOSALS,
        owners,
        _said(
            lambda: _("The pause is over: %(title)s"),
            lambda: _("The city ended the pause on %(date)s."),
            button=_see,
        ),
    ),
    "project.suspended": Entry(
        Group.SAVED,
        savers,
        _said(
            lambda: _("Suspended: %(title)s"),
            lambda: _("You saved this project. The city suspended it on %(date)s."),
            lambda: _("It takes no pledges while it is suspended."),
            button=_see,
        ),
    ),
    "project.stopped": Entry(
        Group.SAVED,
        savers,
        _said(
            lambda: _("Stopped: %(title)s"),
            lambda: _("You saved this project. It was stopped on %(date)s."),
            button=_see,
        ),
    ),
}
