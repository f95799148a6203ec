"""A person's notices: the list, how each kind reaches them, and the link that ends a kind."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.models import User
from backend.accounts.permissions import roles_of
from backend.core.errors import Invalid
from backend.core.language import language_of_page
from backend.notifications import actions
from backend.notifications.catalogue import GROUP_WORDS, MUST
from backend.notifications.links import read_stop_token
from backend.notifications.models import Channel
from backend.notifications.queries import notices_of, settings_of

PER_PAGE = 30


@never_cache
@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    page = Paginator(notices_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    language = language_of_page()
    rows = [row.in_language(language) for row in page]
    newest = rows[0].at.isoformat() if rows else ""
    context = {
        "page": page, "rows": rows, "newest": newest,
        "has_new": any(row.is_new for row in rows),
    }  # fmt: skip
    return render(request, "notices/list.html", context)


@never_cache
@login_required
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    until = _moment(request.POST.get("until", ""))
    actions.mark_read(request.user, by=request.user, until=until)
    messages.success(request, _("All notices are marked as read."))
    return redirect("notices:list")


def _moment(text: str) -> Any:
    try:
        at = parse_datetime(text[:40])
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """One choice for each group of notices; all are saved with one press."""
    user = request.user
    assert isinstance(user, User)
    rows = settings_of(user, is_staff=bool(roles_of(user)))
    error = None
    if request.method == "POST":
        try:
            for row in rows:
                chosen = request.POST.get(row.group, "")
                if chosen != row.channel:
                    actions.set_channel(user, by=user, group=row.group, channel=chosen)
        except Invalid as refused:
            error = refused
        else:
            messages.success(request, _("Saved."))
            return redirect("notices:list")
    context = {"rows": rows, "channels": Channel, "error": error}
    return render(request, "notices/settings.html", context, status=400 if error else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link of a mail: no sign-in, one press, and it says what still comes."""
    named = read_stop_token(token)
    if named is None or named[1] in MUST:
        return render(request, "notices/stop.html", {"is_gone": True}, status=410)
    user, group = named
    if request.method == "POST":
        actions.set_channel(user, by=user, group=group, channel=Channel.NONE)
    context = {"words": GROUP_WORDS[group][0], "is_done": request.method == "POST"}
    return render(request, "notices/stop.html", context)
