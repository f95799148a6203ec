"""What somebody asked the list for, checked: every wrong name or value is refused by name."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Conflict, Invalid, ManyInvalid
from backend.core.money import AmbiguousAmount, Money, MoneyError, UnknownCurrency, parse_amount
from backend.projects import search_codes as codes
from backend.projects import taxonomy

MAX_QUERY = 200
MAX_VALUES = 50
ORDERINGS: Final = ("relevance", "newest", "goal", "-goal", "title", "title_en")
NEWEST, RELEVANCE = "newest", "relevance"
# A parameter of the address -> the attribute that holds its values.
CHOICES: Final[Mapping[str, str]] = {
    "field": "fields",
    "pillar": "pillars",
    "technology": "technologies",
    "place": "places",
    "instrument": "instruments",
    "status": "statuses",
    "origin": "origins",
    "language": "languages",
    "high_value": "high_values",
}
SINGLES: Final = ("min_trl", "max_ticket", "currency", "q", "ordering", "cursor")
NAMES: Final = frozenset([*CHOICES, *SINGLES])

Convert = Callable[[Money, str], Money]


@dataclass(frozen=True)
class ListFilters:
    """Checked filters of the project list. Values inside one facet are joined by "or"."""

    fields: tuple[str, ...] = ()
    pillars: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    high_values: tuple[str, ...] = ()
    min_trl: int | None = None
    max_ticket: Money | None = None
    # The same sum in each currency that projects use: (code, minor units).
    ticket_limits: tuple[tuple[str, int], ...] = ()
    q: str = ""
    ordering: str = NEWEST
    cursor: str = ""

    @property
    def fingerprint(self) -> str:
        """Equal for equal questions, whatever the order and the page."""
        question = asdict(replace(self, ordering="", cursor="", ticket_limits=()))
        return hashlib.sha256(repr(sorted(question.items())).encode()).hexdigest()[:16]

    @property
    def is_empty(self) -> bool:
        """Whether nothing narrows the list."""
        return replace(self, ordering=NEWEST, cursor="") == ListFilters()


def parse_filters(
    query: QueryDict,
    *,
    convert: Convert | None = None,
    also: Sequence[str] = (),
    strict: bool = True,
) -> ListFilters:
    """Read filters from an address.

    `convert` puts the largest ticket into the other currencies (funding.queries.convert); without
    it only projects in the ticket's own currency can match. `also` names parameters that the
    caller reads itself; with `strict` any further name is refused. Raises ManyInvalid.
    """
    errors: list[Invalid] = []
    values: dict[str, object] = {}
    if strict:
        unknown = sorted(set(query) - NAMES - set(also))
        errors += [_invalid(name[:40], "unknown_filter") for name in unknown[:10]]
    readers: dict[str, Callable[[], object]] = {
        attribute: _choice_reader(query, name) for name, attribute in CHOICES.items()
    }
    readers["min_trl"] = lambda: _min_trl(_one(query, "min_trl"))
    readers["max_ticket"] = lambda: _max_ticket(_one(query, "max_ticket"), _one(query, "currency"))
    readers["q"] = lambda: _text(_one(query, "q"))
    readers["ordering"] = lambda: _ordering(_one(query, "ordering"), bool(values.get("q")))
    readers["cursor"] = lambda: _one(query, "cursor")
    for name, read in readers.items():
        try:
            values[name] = read()
        except Invalid as error:
            errors.append(error)
    if errors:
        raise ManyInvalid(errors)
    filters = ListFilters(**values)  # type: ignore[arg-type]
    if filters.max_ticket is None:
        return filters
    return replace(filters, ticket_limits=_limits(filters.max_ticket, convert))


def _invalid(field: str, code: str, **params: object) -> Invalid:
    messages = {
        "unknown_filter": _("There is no filter with this name"),
        "unknown_value": _("Choose one of the values in the list"),
        "too_many_values": _("Choose %(max)s values or fewer"),
        "given_twice": _("Give this once"),
        "out_of_range": _("Enter a whole number between %(min)s and %(max)s"),
        "too_long": _("Use %(max)s characters or fewer. There are %(n)s now"),
        "not_text": _("This has signs that cannot be searched for. Type the words again"),
        "amount": _("Enter an amount above 0, for example 200"),
        "ambiguous_amount": _("This can be read in two ways. Type it without points and commas"),
        "unknown_currency": _("Choose one of the currencies in the list"),
        "missing_currency": _("Say which currency the amount is in"),
    }
    return Invalid(messages[code], code=code, field=field, **params)


def _one(query: QueryDict, name: str) -> str:
    given = query.getlist(name)
    if len(given) > 1:
        raise _invalid(name, "given_twice")
    return given[0] if given else ""


def _choice_reader(query: QueryDict, name: str) -> Callable[[], object]:
    def read() -> tuple[str, ...]:
        given = dict.fromkeys(value for value in query.getlist(name) if value)
        if len(given) > MAX_VALUES:
            raise _invalid(name, "too_many_values", max=MAX_VALUES)
        if not all(_is_known(name, value) for value in given):
            raise _invalid(name, "unknown_value")
        return tuple(sorted(given))

    return read


def _is_known(name: str, value: str) -> bool:
    tables = {
        "field": codes.FIELD,
        "pillar": codes.PILLAR,
        "technology": codes.TECHNOLOGY,
        "instrument": codes.INSTRUMENT,
        "status": codes.STATUS,
        "origin": codes.ORIGIN,
        "language": codes.LANGUAGE,
        "high_value": codes.HIGH_VALUE,
    }
    return value in tables[name] if name in tables else taxonomy.is_known("place", value)


def _min_trl(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == 1 and text != "0"):
        raise _invalid("min_trl", "out_of_range", min=1, max=9)
    return int(text)


def _max_ticket(text: str, currency: str) -> Money | None:
    if not text:
        return None
    if not currency:
        raise _invalid("currency", "missing_currency")
    try:
        return parse_amount(text, currency)
    except UnknownCurrency as error:
        raise _invalid("currency", "unknown_currency") from error
    except AmbiguousAmount as error:
        raise _invalid("max_ticket", "ambiguous_amount") from error
    except MoneyError as error:
        raise _invalid("max_ticket", "amount") from error


def _text(text: str) -> str:
    if len(text) > MAX_QUERY:
        raise _invalid("q", "too_long", max=MAX_QUERY, n=len(text))
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise _invalid("q", "not_text")
    return text.strip()


def _ordering(text: str, has_query: bool) -> str:
    if text and text not in ORDERINGS:
        raise _invalid("ordering", "unknown_value")
    if has_query:
        return text or RELEVANCE
    return NEWEST if text in {"", RELEVANCE} else text


def _limits(ticket: Money, convert: Convert | None) -> tuple[tuple[str, int], ...]:
    """The ticket in every currency that a project can be in. Where a rate is missing, projects in
    that currency do not match; when none can be compared at all, that is refused (`no_rate`)."""
    if convert is None:
        return ((ticket.currency, ticket.minor),)
    limits: list[tuple[str, int]] = []
    missing: Conflict | None = None
    for code in codes.CURRENCY:
        try:
            limits.append((code, convert(ticket, code).minor))
        except Conflict as error:
            missing = error
    if not limits and missing is not None:
        raise missing
    return tuple(limits)
