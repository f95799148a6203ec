"""What a card and the head of a project page show, made from rows in one language."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.core.money import Money
from backend.home.artwork import Artwork, artwork_of
from backend.home.bridge import Bridge, bridge_of
from backend.home.words import Said, said
from backend.projects import taxonomy
from backend.projects.models import Milestone, Project, PublishedCall
from backend.projects.workflow import GATED_INSTRUMENTS


@dataclass(frozen=True)
class CallFacts:
    """What a public source said of a project that others announced."""

    is_open_call: bool
    status: str
    body: str
    announced_on: str
    source_url: str
    source_date: str
    location: str
    capital_vnd: Money | None
    capital_usd: Money | None
    capital_usd_m: str
    land_m2: str
    form: str
    legal_reference: str
    name_vi_is_published: bool


@dataclass(frozen=True)
class Card:
    """One project as lists show it. Empty strings and None mean that nobody stated it."""

    id: str
    slug: str
    title: Said
    summary: Said
    owner: Said
    place: str
    field: str
    pillars: tuple[str, ...]
    technologies: tuple[str, ...]
    is_example: bool
    is_call: bool
    status: str
    status_words: str
    listed_at: datetime | None
    instrument: str
    instrument_words: str
    is_gated: bool
    goal: Money | None
    min_ticket: Money | None
    horizon_months: int | None
    trl: int | None
    trl_words: str
    milestones: int
    bridge: Bridge | None
    art: Artwork
    call: CallFacts | None
    is_saved: bool


def cards_of(projects: Sequence[Project], language: str, saved: Iterable[str] = ()) -> list[Card]:
    """Cards of a page of projects; one query for all their milestones."""
    amounts: dict[int, list[int]] = defaultdict(list)
    ids = [p.pk for p in projects if not p.is_call]
    for pk, amount in (
        Milestone.objects.filter(project_id__in=ids)
        .order_by("project_id", "number")
        .values_list("project_id", "amount_minor")
        if ids
        else ()
    ):
        amounts[pk].append(amount)
    kept = frozenset(saved)
    return [card_of(p, amounts[p.pk], language, is_saved=p.public_id in kept) for p in projects]


def card_of(
    project: Project,
    amounts: Sequence[int],
    language: str,
    *,
    is_saved: bool = False,
    pledged: int = 0,
) -> Card:
    instrument = project.instrument or ""
    is_gated = instrument in GATED_INSTRUMENTS
    return Card(
        id=project.public_id,
        slug=project.slug,
        title=said(project, "title", language),
        summary=said(project, "summary", language),
        owner=said(project, "owner_name", language),
        place=_label("place", project.place_code, language),
        field=_label("field", project.field, language),
        pillars=tuple(taxonomy.label("pillar", p, language) for p in project.pillars),
        technologies=tuple(taxonomy.label("technology", t, language) for t in project.technologies),
        is_example=project.is_example,
        is_call=project.is_call,
        status=project.public_status or "",
        status_words=_status_words(project.public_status, language, is_gated=is_gated),
        listed_at=project.listed_at,
        instrument=instrument,
        instrument_words=_label("instrument", instrument, language),
        is_gated=is_gated,
        goal=_money(project.goal_minor, project.currency),
        # Terms of a gated form never reach a public page (product rule 2).
        min_ticket=None if is_gated else _money(project.min_ticket_minor, project.currency),
        horizon_months=project.horizon_months,
        trl=project.trl,
        trl_words=_label("trl", project.trl, language),
        milestones=len(amounts),
        bridge=bridge_of(amounts, pledged),
        art=artwork_of(project),
        call=call_facts(project.call, language) if project.is_call else None,
        is_saved=is_saved,
    )


def _status_words(status: str | None, language: str, *, is_gated: bool) -> str:
    """Nobody pledges to a form behind the check: people say that they are interested."""
    if is_gated and status == "open":
        with override(language):
            return _("Open for expressions of interest")
    return _label("public_status", status, language)


def call_facts(call: PublishedCall, language: str) -> CallFacts:
    vnd = call.capital_vnd_bn
    usd = call.capital_usd_m
    return CallFacts(
        is_open_call=call.is_open_call,
        status=taxonomy.label("call_status", call.call_status, language),
        body=call.announcing_body,
        announced_on=call.announced_on,
        source_url=call.source_url,
        source_date=call.source_date,
        location=call.location_text,
        capital_vnd=Money(int(vnd * 10**9), "VND") if vnd is not None else None,
        capital_usd=Money(int(usd * 10**8), "USD") if usd is not None else None,
        capital_usd_m=str(usd or ""),
        land_m2=str(call.land_m2.normalize().to_integral_value()) if call.land_m2 else "",
        form=call.investment_form_text,
        legal_reference=call.legal_reference,
        name_vi_is_published=call.name_vi_is_published,
    )


def _label(kind: str, key: str | int | None, language: str) -> str:
    return "" if key in (None, "") else taxonomy.label(kind, key, language)


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
