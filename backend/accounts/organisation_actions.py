"""Organisations and the people in them. Each: lock, permit, check, change, audit."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.actions import check_email
from backend.accounts.models import (
    Organisation,
    OrganisationInvitation,
    OrganisationMembership,
    User,
)
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.core.text import clean_text

MAX_NAME = 200
MAX_ORGANISATIONS = 20
MAX_OPEN_INVITATIONS = 20
INVITATION_DAYS = 7
FIRST_YEAR = 1850


def _clean_name(name: str, field: str) -> str:
    name = " ".join(clean_text(name).split())
    if len(name) > MAX_NAME:
        raise Invalid(
            _("Use %(max)s characters or fewer. There are %(n)s now."),
            code="too_long", field=field, max=MAX_NAME, n=len(name),
        )  # fmt: skip
    return name


@transaction.atomic
def create_organisation(
    *, by: User, name_vi: str, name_en: str = "", kind: str, founded_year: int | None = None
) -> Organisation:
    """A new organisation with the person as its first member. `kind` is a checked key."""
    User.objects.select_for_update().get(pk=by.pk)
    name_vi, name_en = _clean_name(name_vi, "name_vi"), _clean_name(name_en, "name_en")
    if not name_vi:
        raise Invalid(_("Enter the name of the organisation"), code="missing", field="name_vi")
    if founded_year is not None and not FIRST_YEAR <= founded_year <= app_now().year:
        raise Invalid(
            _("Enter a year between %(min)s and %(max)s"), code="out_of_range",
            field="founded_year", min=FIRST_YEAR, max=app_now().year,
        )  # fmt: skip
    if OrganisationMembership.objects.filter(user=by).count() >= MAX_ORGANISATIONS:
        raise Conflict(_("You belong to twenty organisations. Leave one first."), code="too_many")
    organisation = Organisation.objects.create(
        name_vi=name_vi, name_en=name_en, kind=kind, founded_year=founded_year
    )
    OrganisationMembership.objects.create(organisation=organisation, user=by)
    audit.record("organisation.created", by=by, subject=organisation)
    return organisation


def _locked(organisation: Organisation, by: User) -> Organisation:
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if not OrganisationMembership.objects.filter(organisation=organisation, user=by).exists():
        raise NotAllowed(_("Only members of the organisation can do this."))
    return organisation


def hash_of_link(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def invite_colleague(
    organisation: Organisation, *, by: User, email: str
) -> tuple[OrganisationInvitation, str]:
    """Ask somebody in by e-mail; returns the invitation and the text of its link.

    Asking the same address again ends the first link.
    """
    organisation = _locked(organisation, by)
    email = email.strip().lower()
    check_email(email)
    members = OrganisationMembership.objects.filter(organisation=organisation)
    if members.filter(user__email=email).exists():
        raise Conflict(_("This person is a member already."), code="member", field="email")
    now = app_now()
    still_open = OrganisationInvitation.objects.filter(
        organisation=organisation, ended_at__isnull=True
    )
    still_open.filter(email=email).update(ended_at=now, email=None)
    if still_open.filter(expires_at__gt=now).count() >= MAX_OPEN_INVITATIONS:
        raise Conflict(
            _("Twenty invitations are open. Call one back first."), code="too_many", field="email"
        )
    token = secrets.token_urlsafe(24)
    invitation = OrganisationInvitation.objects.create(
        organisation=organisation, email=email, token_sha256=hash_of_link(token), invited_by=by,
        invited_at=now, expires_at=now + timedelta(days=INVITATION_DAYS),
    )  # fmt: skip
    data = {"invitation": invitation.public_id}
    audit.record("organisation.invited", by=by, subject=organisation, data=data)
    return invitation, token


@transaction.atomic
def call_back_invitation(invitation: OrganisationInvitation, *, by: User) -> None:
    """End an open invitation; quiet when it has ended already."""
    organisation = _locked(invitation.organisation, by)
    now = app_now()
    ended = OrganisationInvitation.objects.filter(
        pk=invitation.pk, organisation=organisation, ended_at__isnull=True
    ).update(ended_at=now, email=None)
    if ended:
        data = {"invitation": invitation.public_id}
        audit.record("organisation.invitation_ended", by=by, subject=organisation, data=data)


def invitation_of(token: str) -> OrganisationInvitation:
    """The open invitation behind a link; NotFound when there is none any more."""
    found = (
        OrganisationInvitation.objects.select_related("organisation", "invited_by")
        .filter(token_sha256=hash_of_link(token), ended_at__isnull=True, expires_at__gt=app_now())
        .first()
    )
    if found is None:
        raise NotFound(_("This invitation has ended. Ask your colleague for a new one."))
    return found


@transaction.atomic
def accept_invitation(token: str, *, by: User) -> Organisation:
    """Join with the address that the invitation was sent to; quiet for a member."""
    invitation = invitation_of(token)
    organisation = Organisation.objects.select_for_update().get(pk=invitation.organisation_id)
    invitation = OrganisationInvitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.ended_at is not None:
        raise NotFound(_("This invitation has ended. Ask your colleague for a new one."))
    if (by.email or "").lower() != invitation.email:
        raise NotAllowed(
            _("This invitation went to another address. Sign in with that one."),
            code="other_address",
        )
    _member, is_new = OrganisationMembership.objects.get_or_create(
        organisation=organisation, user=by
    )
    invitation.ended_at, invitation.email = app_now(), None
    invitation.save(update_fields=["ended_at", "email"])
    if is_new:
        audit.record("organisation.joined", by=by, subject=organisation)
    return organisation


@transaction.atomic
def leave_organisation(organisation: Organisation, *, by: User) -> None:
    """Give up the membership; the last member cannot, or its proposals would belong to nobody."""
    organisation = _locked(organisation, by)
    members = OrganisationMembership.objects.filter(organisation=organisation)
    if members.count() == 1:
        raise Conflict(
            _("You are the only member. Invite a colleague before you leave."), code="only_member"
        )
    members.filter(user=by).delete()
    audit.record("organisation.left", by=by, subject=organisation)
