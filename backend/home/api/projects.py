"""`projects/`, `projects/{id}/` and `taxonomy/`: what anybody may read."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.cache import caches
from django.http import HttpResponseBase, QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from backend.core.errors import Invalid, NotFound
from backend.core.money import CURRENCIES, MINOR_DIGITS, Money
from backend.funding.queries import Rate, convert, latest_rates
from backend.funding.standing import may_see_terms
from backend.home.api import schema
from backend.home.api.base import ReadView, limit_of
from backend.home.api.cards import card, money, pair
from backend.projects import search, taxonomy
from backend.projects.models import Project
from backend.projects.queries import public_projects
from backend.projects.search_rows import card_rows, row_of_project

RATES_FRESH_S: Final = 60
FACETS: Final = (
    "field", "pillar", "technology", "place", "instrument", "trl", "status", "origin", "language",
    "high_value",
)  # fmt: skip


class ProjectList(ReadView):
    @extend_schema(**schema.PROJECT_LIST)
    def get(self, request: Request) -> HttpResponseBase:
        query = request._request.GET
        filters = search.parse_filters(query, convert=_convert, also=("facets", "limit"))
        size, with_facets = limit_of(query), _flag(query, "facets")
        page, rows = card_rows(filters, size)
        facets = search.facet_counts(filters) if with_facets else None
        count = search.count_matches(filters)
        data: dict[str, Any] = {
            "count": count.number,
            "count_is_capped": count.is_capped,
            "next": _next_address(request, page.next_cursor),
            "results": [card(row) for row in rows],
        }
        if facets is not None:
            data["facets"] = {name: getattr(facets, name) for name in FACETS}
        return self.public(request, data)


def _convert(amount: Money, currency: str) -> Money:
    return convert(amount, currency, _rates()).money


def _rates() -> dict[str, Rate]:
    """The newest rates, at most a minute old: filters need them on every call."""
    kept: dict[str, Rate] | None = caches["memory"].get("rates")
    if kept is None:
        kept = latest_rates()
        caches["memory"].set("rates", kept, RATES_FRESH_S)
    return kept


def _flag(query: QueryDict, name: str) -> bool:
    text = query.get(name, "")
    if text not in {"", "0", "1"}:
        raise Invalid(_("Choose one of the values in the list"), code="unknown_value", field=name)
    return text == "1"


def _next_address(request: Request, cursor: str) -> str | None:
    if not cursor:
        return None
    query = request._request.GET.copy()
    query["cursor"] = cursor
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"


class ProjectDetail(ReadView):
    @extend_schema(**schema.PROJECT_DETAIL)
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        rows = public_projects().select_related("call", "current_version")
        project = rows.filter(public_id=public_id).first()
        if project is None:
            raise NotFound(_("No such thing, or not for you."))
        facts = card(row_of_project(project))
        return self.public(request, {**facts, **_whole_text(project), **_terms(request, project)})


def _whole_text(project: Project) -> dict[str, Any]:
    """The listed version beside its facts: what each party said, in its own words."""
    version = project.current_version
    content: Mapping[str, Any] = version.content if version else {}
    currency = project.currency
    return {
        "problem": _said(content, "problem"),
        "solution": _said(content, "solution"),
        "market": _said(content, "market"),
        "place_note": _said(content, "place_note"),
        "own_funds": money(content.get("own_funds_minor"), currency),
        "jobs_skilled": content.get("jobs_skilled"),
        "team": [_texts(row, "role", "background") for row in content.get("team", [])],
        "budget": [
            {**_texts(row, "item"), "amount": money(row.get("amount_minor"), currency)}
            for row in content.get("budget", [])
        ],
        "milestones": [
            {
                "number": row.number,
                "title": pair(row.title_vi, row.title_en),
                "evidence": pair(row.evidence_vi, row.evidence_en),
                "months_after_close": row.months_after_close,
                "amount": money(row.amount_minor, currency),
                "status": row.status,
            }
            for row in project.milestones.all()
        ],
        "risks": [_texts(row, "risk", "answer") for row in content.get("risks", [])],
        "impact": [
            {**_texts(row, "kpi"), **{k: row.get(k) for k in ("baseline", "target", "unit")},
             "is_claimed": True}
            for row in content.get("impact", [])
        ],
        "version_number": version.number if version else None,
        "version_sha256": (version.content_sha256 or None) if version else None,
    }  # fmt: skip


def _said(content: Mapping[str, Any], name: str) -> dict[str, str] | None:
    texts = pair(content.get(f"{name}_vi"), content.get(f"{name}_en"))
    return texts if any(texts.values()) else None


def _texts(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: pair(row.get(f"{name}_vi"), row.get(f"{name}_en")) for name in names}


def _terms(request: Request, project: Project) -> dict[str, Any]:
    """All terms for who may see them; nothing new for the others."""
    if not project.instrument or not may_see_terms(request.user, project):
        return {}
    version = project.current_version
    said = dict(version.content.get("terms") or {}) if version else {}
    smallest = money(project.min_ticket_minor, project.currency)
    return {"terms": {"smallest_pledge": smallest, **said}, "terms_note": None}


class Taxonomy(ReadView):
    @extend_schema(**schema.TAXONOMY)
    def get(self, request: Request) -> HttpResponseBase:
        kinds = {
            kind: [{"key": t.key, "vi": t.vi, "en": t.en} for t in taxonomy.terms(kind)]
            for kind in taxonomy.kinds()
            if kind != "place"
        }
        places = [
            {
                "code": place.code,
                "vi": place.label("vi"),
                "en": place.label("en"),
                "kind": place.kind,
                "before_july_2025": place.before_july_2025,
            }
            for place in taxonomy.places()
        ]
        currencies = [{"code": code, "minor_digits": MINOR_DIGITS[code]} for code in CURRENCIES]
        data = {"version": taxonomy.version(), **kinds, "place": places, "currency": currencies}
        return self.public(request, data)
