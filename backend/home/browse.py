"""The project list: filters with counts, chips, order, pages. Everything stands in the address."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from backend.core.money import CURRENCIES, Money
from backend.funding.queries import convert, latest_rates
from backend.home.cards import Card, cards_of
from backend.projects import search, taxonomy
from backend.projects.queries import saved_ids_of
from backend.projects.search import ListFilters
from backend.projects.search_filters import CHOICES

# Facets in the order of the form: parameter -> (kind in the taxonomy, folded away at first).
FACETS = {
    "field": ("field", False),
    "instrument": ("instrument", False),
    "status": ("public_status", False),
    "technology": ("technology", True),
    "pillar": ("pillar", True),
}
# Choices that become chips: parameter -> kind in the taxonomy.
CHIP_KINDS = {
    "field": "field",
    "pillar": "pillar",
    "technology": "technology",
    "place": "place",
    "instrument": "instrument",
    "status": "public_status",
    "language": "language",
}


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    count: int
    is_on: bool


@dataclass(frozen=True)
class Facet:
    name: str
    label: str
    options: tuple[Option, ...]
    is_folded: bool
    on: int


@dataclass(frozen=True)
class Chip:
    """One filter in force and the address of the list without it."""

    label: str
    url: str


@dataclass(frozen=True)
class ListPage:
    """Everything that the list template shows."""

    filters: ListFilters
    cards: list[Card]
    count: search.MatchCount
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    orders: tuple[Option, ...]
    trl_options: tuple[Option, ...]
    place_options: tuple[Option, ...]
    currencies: tuple[str, ...]
    currency: str
    next_url: str
    first_url: str
    is_first: bool
    without: tuple[Chip, ...]
    # The filters as an address, for keeping the search.
    query: str


def list_page(request: HttpRequest, language: str) -> ListPage:
    """Read the address, search, and count. At most six queries (interface.md section 9)."""
    rates = latest_rates()

    def into(money: Money, code: str) -> Money:
        return convert(money, code, rates).money

    filters = search.parse_filters(request.GET, convert=into, strict=False)
    page = search.search_projects(filters)
    facets = search.facet_counts(filters)
    projects = search.projects_on(page)
    saved = saved_ids_of(request.user) if request.COOKIES else frozenset()
    chips = _chips(request.GET, filters, language)
    return ListPage(
        filters=filters,
        cards=cards_of(projects, language, saved),
        count=search.count_matches(filters),
        facets=_facets(filters, facets, language),
        chips=chips,
        orders=_orders(filters),
        trl_options=_trl_options(filters, language),
        place_options=_place_options(filters, facets, language),
        currencies=CURRENCIES,
        currency=filters.max_ticket.currency if filters.max_ticket else "USD",
        next_url=_with(request.GET, cursor=page.next_cursor) if page.next_cursor else "",
        first_url=_with(request.GET, cursor=""),
        is_first=not filters.cursor,
        without=_relaxed(chips) if not projects else (),
        query=_with(request.GET, cursor="", ordering="").removeprefix("?"),
    )


def _with(query: QueryDict, **changes: str) -> str:
    """The address of the list with some parameters replaced; empty ones are left out."""
    changed = query.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    for name in [n for n in changed if not any(changed.getlist(n))]:
        changed.pop(name)
    return f"?{changed.urlencode()}" if changed else "?"


def _without(query: QueryDict, name: str, value: str) -> str:
    changed = query.copy()
    changed.setlist(name, [v for v in changed.getlist(name) if v != value])
    changed.pop("cursor", None)
    if name == "max_ticket":
        changed.pop("currency", None)
    return _with(changed)


def _facets(filters: ListFilters, counts: search.FacetCounts, language: str) -> tuple[Facet, ...]:
    labels = {
        "field": _("Field"),
        "instrument": _("Form"),
        "status": _("State"),
        "technology": _("Technology"),
        "pillar": _("Pillar"),
    }
    facets = []
    for name, (kind, is_folded) in FACETS.items():
        chosen = getattr(filters, CHOICES[name])
        number = getattr(counts, name)
        options = tuple(
            Option(t.key, _label(kind, t.key, language), number.get(t.key, 0), t.key in chosen)
            for t in taxonomy.terms(kind)
            if number.get(t.key, 0) or t.key in chosen or not is_folded
        )
        if name == "status":
            options = tuple(o for o in options if o.count or o.is_on)
        facets.append(Facet(name, labels[name], options, is_folded and not chosen, len(chosen)))
    return (*facets, *_high_value_facet(filters, counts))


def _label(kind: str, key: str, language: str) -> str:
    """Open rounds also are those of forms behind the check, which take no pledges."""
    if (kind, key) == ("public_status", "open"):
        return _("Open for pledges or interest")
    return taxonomy.label(kind, key, language)


def _high_value_facet(filters: ListFilters, counts: search.FacetCounts) -> list[Facet]:
    """Shown where there is something to choose."""
    number, chosen = counts.high_value.get("confirmed", 0), bool(filters.high_values)
    if not (number or chosen):
        return []
    option = Option("confirmed", _("figures confirmed by the city"), number, chosen)
    return [Facet("high_value", _("High added value"), (option,), False, int(chosen))]


def _chips(query: QueryDict, filters: ListFilters, language: str) -> tuple[Chip, ...]:
    chips = []
    if filters.q:
        chips.append(Chip(f"“{filters.q}”", _without(query, "q", query.get("q", ""))))
    for name, kind in CHIP_KINDS.items():
        for value in getattr(filters, CHOICES[name]):
            chips.append(Chip(_label(kind, value, language), _without(query, name, value)))
    origins = {"proposal": _("Proposals"), "call": _("Published by others")}
    chips += [Chip(origins[v], _without(query, "origin", v)) for v in filters.origins]
    if filters.high_values:
        label = _("High added value: figures confirmed by the city")
        chips.append(Chip(label, _without(query, "high_value", "confirmed")))
    if filters.min_trl:
        label = _("TRL %(n)s or higher") % {"n": filters.min_trl}
        chips.append(Chip(label, _without(query, "min_trl", str(query["min_trl"]))))
    if filters.max_ticket:
        label = _("Smallest pledge up to %(sum)s") % {
            "sum": f"{query['max_ticket']}\u00a0{filters.max_ticket.currency}"
        }
        chips.append(Chip(label, _without(query, "max_ticket", str(query["max_ticket"]))))
    return tuple(chips)


def filter_words(query: str, filters: ListFilters, language: str) -> str:
    """The filters in force, as their chips say it."""
    return ", ".join(chip.label for chip in _chips(QueryDict(query), filters, language))


def _relaxed(chips: tuple[Chip, ...]) -> tuple[Chip, ...]:
    """For an empty list: each filter, dropped alone."""
    return chips if len(chips) > 1 else ()


def _orders(filters: ListFilters) -> tuple[Option, ...]:
    words = {
        "relevance": _("Relevance to the search"),
        "newest": _("Newest listed"),
        "title": _("Title"),
        "-goal": _("Largest goal"),
        "goal": _("Smallest goal"),
    }
    return tuple(
        Option(key, label, 0, filters.ordering == key)
        for key, label in words.items()
        if key != "relevance" or filters.q
    )


def _trl_options(filters: ListFilters, language: str) -> tuple[Option, ...]:
    return tuple(
        Option(t.key, f"{t.key}: {t.label(language)}", 0, str(filters.min_trl) == t.key)
        for t in taxonomy.terms("trl")
    )


def _place_options(
    filters: ListFilters, counts: search.FacetCounts, language: str
) -> tuple[Option, ...]:
    return tuple(
        Option(p.code, p.label(language), counts.place.get(p.code, 0), p.code in filters.places)
        for p in taxonomy.places()
        if counts.place.get(p.code, 0) or p.code in filters.places
    )
