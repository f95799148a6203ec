"""A project as the API says it: facts in force, texts in pairs, keys of `taxonomy/`."""

from functools import lru_cache
from typing import Any, Final

from backend.core.money import Money
from backend.projects import taxonomy
from backend.projects.search_rows import CardRow
from backend.projects.workflow import GATED_INSTRUMENTS, OPEN_INSTRUMENTS

# Sentences of language.md; here because the API says them in both languages at once.
TERMS_NOTE: Final = {
    "code": "terms_after_sign_in",
    "vi": "Điều kiện chỉ hiện sau khi đăng nhập và qua bước kiểm tra theo nước cư trú.",
    "en": "Terms are shown after sign-in and a check for the country of residence.",
}
CALL_NOTE: Final = {
    "vi": "Do cơ quan hoặc đơn vị khác công bố; không nhận cam kết góp ở đây.",
    "en": "Announced by others; not open for pledges here.",
}
OPEN_CALLS: Final = frozenset({"open_call", "tender", "investor_selection"})


def pair(vi: str | None, en: str | None) -> dict[str, str]:
    return {"vi": vi or "", "en": en or ""}


def money(minor: int | None, currency: str) -> dict[str, str] | None:
    """A sum as text in whole units ("1500.00"), never a float."""
    if minor is None:
        return None
    return {"amount": str(Money(minor, currency).major), "currency": currency}


@lru_cache(maxsize=512)
def _place(code: str) -> dict[str, Any]:
    names = pair(taxonomy.label("place", code, "vi"), taxonomy.label("place", code, "en"))
    return {"code": code, "name": names}


def card(row: CardRow) -> dict[str, Any]:
    """One item of `projects/`. Terms of gated instruments are never in it."""
    is_gated = row.instrument in GATED_INSTRUMENTS
    owner_name = pair(row.owner_name_vi, row.owner_name_en)
    return {
        "id": row.public_id,
        "slug": row.slug,
        "origin": "call" if row.call_status else "proposal",
        "example": row.is_example,
        "status": row.public_status,
        "original_language": row.original_language,
        "title": pair(row.title_vi, row.title_en),
        "summary": pair(row.summary_vi, row.summary_en),
        "owner": {"name": owner_name, "kind": row.owner_kind or None},
        "field": row.field,
        "pillars": row.pillars,
        "values": row.values,
        "technologies": row.technologies,
        "place": _place(row.place_code) if row.place_code else None,
        "trl": row.trl,
        "instrument": row.instrument,
        "goal": money(row.goal_minor, row.currency),
        "horizon_months": row.horizon_months,
        "languages": row.languages,
        "skills": row.skills,
        "high_value": "confirmed" if row.is_high_value else None,
        "listed_at": row.listed_at,
        "version": row.content_version,
        "terms": open_terms(row),
        "terms_note": TERMS_NOTE if is_gated else None,
        "call": _call(row) if row.call_status else None,
    }


def open_terms(row: CardRow) -> dict[str, Any] | None:
    """The smallest pledge of a contribution or reward; None for everything else."""
    if row.instrument not in OPEN_INSTRUMENTS:
        return None
    return {"smallest_pledge": money(row.min_ticket_minor, row.currency)}


def _call(row: CardRow) -> dict[str, Any]:
    return {
        "status": row.call_status,
        "is_open_call": row.call_status in OPEN_CALLS,
        "announcing_body": row.announcing_body or None,
        "announced_on": row.announced_on or None,
        "source_url": row.source_url,
        "source_date": row.source_date or None,
        "location": row.location_text or None,
        "capital_vnd_bn": _figure(row.capital_vnd_bn),
        "capital_usd_m": _figure(row.capital_usd_m),
        "name_vi_is_published": row.name_vi_is_published,
        "note": CALL_NOTE,
    }


def _figure(value: Any) -> str | None:
    """A figure of a source without the zeros that its column adds."""
    return None if value is None else f"{value.normalize():f}"
