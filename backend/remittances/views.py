"""Pages of the calculator. They read, render and hold no rule."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backend.core.clock import app_now
from backend.core.language import language_of_page
from backend.core.web import public_page
from backend.funding.queries import latest_rates
from backend.projects import taxonomy
from backend.remittances.calculator_page import (
    SENT_CURRENCIES,
    CalculatorPage,
    calculator_page,
    everies,
)
from backend.remittances.reach import SmallMilestone, listed_projects


@dataclass(frozen=True)
class Passage:
    """A text with the language it is in, for the template filter `said`."""

    text: str
    lang: str


def calculator_context(query: QueryDict) -> dict[str, Any]:
    """What `components/calculator.html` needs; the landing page shows the worked example."""
    rates = latest_rates()
    page = calculator_page(
        query, rates=rates, listed=listed_projects(rates), at=app_now(), language=language_of_page()
    )
    language = language_of_page()
    return {
        "calc": page,
        "currencies": SENT_CURRENCIES,
        "everies": everies(),
        "every_words": dict(everies()).get(page.values["every"], ""),
        "fee_percent": Decimal(settings.PLATFORM_FEE_BPS) / 100,
        # 26000, not 26000.0000000000 as the column gives it.
        "rate_number": page.rate.rate.normalize() if page.rate else None,
        "reach": [(taxonomy.label("field", row.field, language), row) for row in page.reach],
        "milestone_title": _title(page.milestone, language),
    }


def _title(milestone: SmallMilestone | None, language: str) -> Passage:
    """The project's title in the page's language, else in the other one and marked as such."""
    if milestone is None:
        return Passage("", language)
    own, other = milestone.title_vi, milestone.title_en
    if language == "en":
        own, other = other, own
    return Passage(own, language) if own else Passage(other, "vi" if language == "en" else "en")


@require_safe
@public_page
def calculator(request: HttpRequest) -> HttpResponse:
    context = calculator_context(request.GET)
    page: CalculatorPage = context["calc"]
    signed_in = bool(request.COOKIES) and request.user.is_authenticated
    context |= {
        "nav": "calculator",
        "next_url": _plan_url(page) if signed_in else _join_url(page),
        "next_words": _("Make a plan of it") if signed_in else _("Join with these answers"),
    }
    return render(
        request, "remittances/calculator.html", context, status=400 if page.problems else 200
    )


def _plan_url(page: CalculatorPage) -> str:
    return f"{reverse('remittances:new_plan')}?{page.carry}"


def _join_url(page: CalculatorPage) -> str:
    """Joining, and from there to a plan with these answers."""
    return f"{reverse('account_signup')}?{urlencode({'next': _plan_url(page)})}"
