"""Searches that a person keeps, and the morning mail about what is new in them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.core.errors import DomainError, Invalid, ManyInvalid
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.browse import filter_words
from backend.home.me_pages import person_of
from backend.matching import actions
from backend.matching.actions.searches import ALERT_HOUR, MOST_NAME, canonical, filters_of
from backend.matching.models import SavedSearch


@never_cache
@login_required
@require_safe
def searches(request: HttpRequest) -> HttpResponse:
    rows = SavedSearch.objects.filter(user=person_of(request)).order_by("-id")
    return render(request, "me/searches.html", {"rows": rows, "hour": ALERT_HOUR})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def keep_search(request: HttpRequest) -> HttpResponse:
    """The page behind "Keep this search": its filters stand in the address."""
    user = person_of(request)
    query = (request.POST if request.method == "POST" else request.GET).get("query", "")
    if not query and request.method != "POST":
        query = request.META.get("QUERY_STRING", "")
    query, words, error, field = _read(query[:4000])
    name = words_of(request, "name", words[:MOST_NAME])
    if request.method == "POST" and not error:
        try:
            alert = request.POST.get("alert") == "on"
            actions.keep_search(user, by=user, name=name, query=query, alert=alert)
        except DomainError as refused:
            error, field = str(refused), refused.field or ""
        else:
            messages.success(request, _("The search is kept."))
            return redirect("home:searches")
    context = {
        "query": query, "words": words, "name": name[:200], "error": error, "field": field,
        "alert": request.POST.get("alert") == "on", "hour": ALERT_HOUR,
    }  # fmt: skip
    return render(request, "me/keep_search.html", context, status=400 if error else 200)


def _read(query: str) -> tuple[str, str, str, str]:
    """(the filters in their one order, in words, what is wrong, where)."""
    try:
        kept = canonical(query)
        filters = filters_of(kept)
    except ManyInvalid as refused:
        return "", "", str(refused.errors[0]), "query"
    except Invalid as refused:
        return "", "", str(refused), "query"
    language = language_of_page()
    if filters.is_empty:
        return "", "", _("Choose at least one filter first."), "query"
    return kept, filter_words(kept, filters, language), "", ""


@never_cache
@login_required
@require_POST
def set_alert(request: HttpRequest, key: str) -> HttpResponse:
    row = get_object_or_404(SavedSearch, user=person_of(request), public_id=key)
    alert = request.POST.get("alert") == "on"
    actions.set_alert(row, by=person_of(request), alert=alert)
    messages.success(
        request, _("Mails about it are on.") if alert else _("No more mails about it.")
    )
    return redirect("home:searches")


@never_cache
@login_required
@require_POST
def drop_search(request: HttpRequest, key: str) -> HttpResponse:
    row = get_object_or_404(SavedSearch, user=person_of(request), public_id=key)
    actions.drop_search(row, by=person_of(request))
    messages.success(request, _("The search is deleted."))
    return redirect("home:searches")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_alert(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link of a mail: no sign-in, one press."""
    row = actions.read_stop_token(token)
    if row is None:
        return render(request, "me/search_stopped.html", {"is_gone": True}, status=410)
    if request.method == "POST":
        actions.set_alert(row, by=row.user, alert=False)
    return render(
        request, "me/search_stopped.html", {"row": row, "is_done": request.method == "POST"}
    )
