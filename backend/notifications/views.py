"""The local outbox: where mails land on one person's machine. Absent in production."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.notifications.models import OutboxMail
from backend.notifications.queries import codes_of_demo_staff

PER_PAGE = 30
# The body of a mail may style itself inline and do nothing else.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"

View = Callable[..., HttpResponse]


def local_only(view: View) -> View:
    """404 in production, as if the page did not exist."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.ENVIRONMENT not in {"development", "test"}:
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(require_safe(wrapped))


@local_only
def outbox(request: HttpRequest) -> HttpResponse:
    mails = Paginator(OutboxMail.objects.defer("text", "html"), PER_PAGE)
    context = {
        "page": mails.get_page(request.GET.get("page")),
        "codes": codes_of_demo_staff(),
    }
    return render(request, "notifications/outbox.html", context)


@local_only
def outbox_mail(request: HttpRequest, number: int) -> HttpResponse:
    mail = get_object_or_404(OutboxMail, pk=number)
    response = render(request, "notifications/outbox_mail.html", {"mail": mail})
    response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
    return response


@local_only
def outbox_html(request: HttpRequest, number: int) -> HttpResponse:
    """The HTML part alone, for the sandboxed frame of the mail's page."""
    mail = get_object_or_404(OutboxMail, pk=number)
    response = HttpResponse(mail.html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.xframe_options_exempt = True
    response._csp_exempt = True  # type: ignore[attr-defined]
    return response
