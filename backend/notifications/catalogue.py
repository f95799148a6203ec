"""Who is told what: one entry for each audit code that anybody reads about.

A slice writes audit rows and knows nothing of this. An entry names its readers and its words; the
words are made in both languages when the event is told and kept as they were said. Entries stand
in `entries/<area>.py`; this module joins them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core.models import AuditEvent
from backend.notifications.models import Channel


class Group(StrEnum):
    """What a person can set as one; `MUST` groups cannot be switched off."""

    PROPOSALS = "proposals"
    OFFICE = "office"
    SAVED = "saved"
    MONEY = "money"
    PLANS = "plans"


GROUP_WORDS: dict[Group, tuple[str | Promise, str | Promise]] = {
    Group.PROPOSALS: (
        _("Your proposals"),
        _("Requests of the city, decisions, questions from supporters"),
    ),
    Group.OFFICE: (_("Work of the office"), _("New cases, reviews, decisions, letters to sign")),
    Group.SAVED: (_("Projects you saved"), _("When one is paused, stopped or changes its round")),
    Group.MONEY: (
        _("Your pledges and payments"),
        _("Receipts, dates to withdraw by, charges, releases and refunds"),
    ),
    Group.PLANS: (_("Your redirect plans"), _("Each proposal, before anything is pledged")),
}
# Whoever has money in a project, or owes the city an answer, is told.
MUST = frozenset({Group.PROPOSALS, Group.MONEY, Group.PLANS})
USUAL: dict[Group, Channel] = {
    Group.PROPOSALS: Channel.AT_ONCE,
    Group.OFFICE: Channel.DIGEST,
    Group.SAVED: Channel.DIGEST,
    Group.MONEY: Channel.AT_ONCE,
    Group.PLANS: Channel.AT_ONCE,
}


@dataclass(frozen=True)
class Happened:
    """One audit row with the thing that it is about (None when that is gone)."""

    event: AuditEvent
    subject: Any

    @property
    def data(self) -> Mapping[str, Any]:
        data: Mapping[str, Any] = self.event.data
        return data


@dataclass(frozen=True)
class Notice:
    """What one person is told, in the language that is active. `path` stands below the language."""

    subject: str
    lines: tuple[str, ...] = ()
    button: str = ""
    path: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """Readers and words of one audit code.

    `readers` lists people (closed accounts are left out later); the person who did it is told
    only when `tells_actor`. `words` is called once per language and reader; None tells nobody.
    """

    group: Group
    readers: Callable[[Happened], Iterable[User]]
    words: Callable[[Happened, User], Notice | None]
    tells_actor: bool = False
