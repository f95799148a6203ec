"""What a person decides about their list: leave a project out and back in, keep the steering."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.answers import FACTORS, LEVELS
from backend.core.errors import DomainError
from backend.core.web import words_of
from backend.home.matching_pages import rules_in
from backend.home.me_pages import list_of_ours, person_of
from backend.home.vocabulary import vocabulary
from backend.matching import actions
from backend.matching.models import Dismissal, Reason
from backend.matching.queries import PAGE_RULES
from backend.projects.queries import project_for
from backend.projects.workflow import PUBLIC

REASONS: dict[str, Promise] = {
    Reason.FIELD: gettext_lazy("its field does not interest me"),
    Reason.PLACE: gettext_lazy("its place does not interest me"),
    Reason.TICKET: gettext_lazy("the smallest pledge is too high"),
    Reason.INSTRUMENT: gettext_lazy("I do not want this form"),
    Reason.OWNER: gettext_lazy("I do not want to support this owner"),
    Reason.SEEN: gettext_lazy("I have seen enough of it"),
    Reason.OTHER: gettext_lazy("another reason"),
}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def dismiss(request: HttpRequest, key: str) -> HttpResponse:
    """The page behind "Not this one": the reason, then back to the list."""
    user = person_of(request)
    project = project_for(user, key)
    error = ""
    if request.method == "POST":
        reason = words_of(request, "reason")
        try:
            actions.dismiss_project(project, user=user, by=user, reason=reason)
        except DomainError as refused:
            if refused.field != "reason":
                raise
            error = _("Choose a reason, or “another reason”.")
        else:
            messages.success(
                request, _("Left out of your list. “Projects left out” takes it back in.")
            )
            return redirect(list_of_ours(request, request.POST.get("next", "")) or "home:for_you")
    kept = Dismissal.objects.filter(user=user, project=project).first()
    context = {
        "project": project,
        "reasons": list(REASONS.items()),
        "kept": kept,
        "chosen": request.POST.get("reason") or (kept.reason if kept else ""),
        "error": error,
        "back": list_of_ours(
            request, request.POST.get("next") or request.headers.get("Referer", "")
        ),
    }
    return render(request, "me/dismiss.html", context, status=400 if error else 200)


@never_cache
@login_required
@require_POST
def undo_dismissal(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    row = get_object_or_404(
        Dismissal.objects.select_related("project"), user=user, project__public_id=key
    )
    actions.undo_dismissal(row.project, user=user, by=user)
    messages.success(request, _("The project may stand in your list again."))
    return redirect("home:dismissed")


@never_cache
@login_required
@require_safe
def dismissed(request: HttpRequest) -> HttpResponse:
    rows = (
        Dismissal.objects.filter(user=person_of(request))
        .select_related("project")
        .order_by("-dismissed_at", "-id")
    )
    listed = [(row, REASONS[row.reason]) for row in rows]
    return render(request, "me/dismissed.html", {"rows": listed, "public": PUBLIC})


@never_cache
@login_required
@require_POST
def keep_steering(request: HttpRequest) -> HttpResponse:
    """ "Sort again" of somebody with a profile: the list follows at once and next time too."""
    user = person_of(request)
    named = {factor: request.POST.get(f"w_{factor}", "") for factor in FACTORS}
    weights = {k: v for k, v in named.items() if v in LEVELS and v != "normal"}
    actions.keep_steering(
        user, weights, rules_in(request.POST, PAGE_RULES), by=user, vocabulary=vocabulary()
    )
    messages.success(request, _("Sorted again. These settings stay until you change them."))
    return redirect("home:for_you")
