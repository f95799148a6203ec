"""The demo date: moves the clock of all deadlines, and the payment sandbox's with it.

Development and test only. Time goes forward alone, or back to today: what happened stays.
"""

import json
import urllib.request
from datetime import timedelta

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backend.core import jobs
from backend.core.clock import DEMO_ENVIRONMENTS, app_now, set_demo_offset
from backend.core.errors import NotFound
from backend.core.models import ClockOffset
from backend.funding.models import Round
from backend.funding.tasks import close_rounds, follow_calendar
from backend.funding.workflow import RoundStatus
from backend.reviews.tasks import send_due_letters

log = structlog.get_logger(__name__)
MOST_DAYS = 3 * 365


class DemoDateForm(forms.Form):
    days = forms.IntegerField(
        label=gettext_lazy("Days ahead of today"),
        min_value=0,
        max_value=MOST_DAYS,
        error_messages={
            "required": gettext_lazy("Enter a whole number of days"),
            "invalid": gettext_lazy("Enter a whole number of days"),
            "min_value": gettext_lazy("Enter a whole number of days"),
            "max_value": gettext_lazy("Enter a whole number of days"),
        },
        widget=forms.NumberInput(attrs={"class": "in", "min": 0, "max": MOST_DAYS}),
    )


def offset_now() -> timedelta:
    row = ClockOffset.objects.filter(id=1).first()
    return row.offset if row else timedelta(0)


def move_clocks(offset: timedelta) -> None:
    """This database's clock and the sandbox's, then what falls due by the new date."""
    with transaction.atomic():
        set_demo_offset(offset)
    if settings.STRIPE_API_BASE:
        _move_sandbox(offset)
    close_rounds()
    follow_calendar()
    send_due_letters()
    jobs.run_due_jobs()


def _move_sandbox(offset: timedelta) -> None:
    body = json.dumps({"offset_s": offset.total_seconds()}).encode()
    request = urllib.request.Request(  # noqa: S310 (our own setting, loopback)
        f"{settings.STRIPE_API_BASE}/_sandbox/clock", body, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return
    except OSError as error:
        log.warning("demo_clock.sandbox_unreachable", error=repr(error))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def demo_date(request: HttpRequest) -> HttpResponse:
    """A newcomer's way to watch a round close."""
    if settings.ENVIRONMENT not in DEMO_ENVIRONMENTS:
        raise NotFound()
    days = offset_now() // timedelta(days=1)
    form = DemoDateForm(request.POST if request.method == "POST" else None, initial={"days": days})
    if request.method == "POST" and form.is_valid():
        move_clocks(timedelta(days=form.cleaned_data["days"]))
        messages.success(request, _("The demo date is moved."))
        return redirect("home:demo_date")
    closing = Round.objects.filter(status=RoundStatus.OPEN).select_related("project")
    context = {
        "form": form,
        "now": app_now(),
        "days": days,
        "rounds": [
            (row, (row.closes_at - app_now()).days + 1 + days)
            for row in closing.order_by("closes_at")[:8]
        ],
    }
    return render(request, "home/demo_date.html", context, status=400 if form.errors else 200)
