"""Organisations and the colleagues in them: make one, invite by e-mail, accept, leave."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from backend.accounts import organisation_actions as actions
from backend.accounts.models import Organisation, OrganisationInvitation, User
from backend.core.clock import app_now
from backend.core.errors import DomainError, NotFound
from backend.home.me_pages import person_of
from backend.home.owner.small_forms import InviteForm, OrganisationForm


def _mine(user: User, key: str) -> Organisation:
    """One of the person's organisations; others are as if absent."""
    found = Organisation.objects.filter(memberships__user=user, public_id=key).first()
    if found is None:
        raise NotFound()
    return found


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_organisation(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.create_organisation(by=user, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("The organisation is there. Now begin its proposal."))
            return redirect("owner:new")
    context = {"form": form, "nav": "proposals"}
    return render(request, "owner/organisation_new.html", context,
                  status=400 if form.errors else 200)  # fmt: skip


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request: HttpRequest, key: str) -> HttpResponse:
    """Who belongs to it, who was invited, and the form that invites."""
    user = person_of(request)
    mine = _mine(user, key)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _invite(request, mine, user, form.cleaned_data["email"])
        except DomainError as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, _("The invitation is on its way. It works for seven days."))
            return redirect("owner:organisation", mine.public_id)
    context = {
        "organisation": mine,
        "members": mine.memberships.select_related("user").order_by("joined_at", "id"),
        "invitations": mine.invitations.filter(
            ended_at__isnull=True, expires_at__gt=app_now()
        ).order_by("invited_at"),
        "form": form,
        "person": user,
        "nav": "proposals",
    }
    return render(request, "owner/organisation.html", context, status=400 if form.errors else 200)


def _invite(request: HttpRequest, mine: Organisation, user: User, email: str) -> None:
    _invitation, token = actions.invite_colleague(mine, by=user, email=email)
    known = User.objects.filter(email__iexact=email).first()
    with translation.override(known.language if known else user.language):
        path = reverse("owner:invitation", args=[token])
    values = {
        "who": user.full_name or user.email,
        "organisation": mine.name_vi,
        "link": request.build_absolute_uri(path),
    }
    get_adapter(request).send_mail("account/email/invited", email, values)


@never_cache
@login_required
@require_POST
def call_back(request: HttpRequest, key: str, invitation: str) -> HttpResponse:
    user = person_of(request)
    row = get_object_or_404(
        OrganisationInvitation, organisation=_mine(user, key), public_id=invitation
    )
    actions.call_back_invitation(row, by=user)
    messages.success(request, _("The invitation no longer works."))
    return redirect("owner:organisation", key)


@never_cache
@login_required
@require_POST
def leave(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    actions.leave_organisation(_mine(user, key), by=user)
    messages.success(request, _("You left the organisation."))
    return redirect("owner:proposals")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """A page with one button: mail programs that open links themselves must not accept."""
    user = person_of(request)
    row = actions.invitation_of(token)
    if request.method == "POST":
        actions.accept_invitation(token, by=user)
        messages.success(request, _("You belong to the organisation now."))
        return redirect("owner:proposals")
    context = {"invitation": row, "fits": (user.email or "").lower() == row.email, "person": user}
    return render(request, "owner/invitation.html", context)
