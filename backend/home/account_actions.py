"""Closing an account touches several slices, so the whole of it stands here, above them all."""

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import ForeignObjectRel
from django.utils.translation import gettext_lazy as _

from backend.accounts import actions as accounts
from backend.accounts.mails import render_mail
from backend.accounts.models import OrganisationMembership, User
from backend.core.errors import Conflict
from backend.funding.actions.professional import forget_proofs
from backend.funding.models import BankReturn, Pledge
from backend.funding.workflow import PLEDGE_LIVE, PLEDGE_PAID
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.remittances.models import RemittancePlan
from backend.remittances.workflow import PlanStatus

# Rows that point at a person, in every slice. A test fails on a relation that is in no set.
ERASED_BY_ACCOUNTS = {
    "account.EmailAddress",
    "accounts.ApiToken",
    "accounts.InvestorProfile",
    "accounts.OrganisationMembership",
    "mfa.Authenticator",
}
ERASED_HERE = {
    "reviews.DeskSettings",
    "funding.InvestorFigures",
    "funding.KnowledgeCheck",
    "funding.ProfessionalClaim",
    "matching.Choice",
    "matching.Dismissal",
    "matching.ListSettings",
    "matching.ListView",
    "matching.MatchList",
    "notifications.Notification",
    "notifications.Preference",
    "matching.RankedPerson",
    "matching.SavedSearch",
    "projects.SavedProject",
    "remittances.SavedCalculation",
}
# They carry the person's number and no name: who agreed to what, and who judged what.
KEPT = {
    "reviews.Case",
    "accounts.Consent",
    "accounts.OfficeMembership",
    "funding.Pledge",
    # What was charged may have to go back to the same card.
    "funding.StripeCustomer",
    "remittances.RemittancePlan",
    "reviews.Review",
}
UNDER_WAY = (
    Status.SUBMITTED, Status.SCREENING, Status.IN_REVIEW, Status.RETURNED, Status.DECIDED,
    Status.LISTED, Status.SUSPENDED,
)  # fmt: skip


def label_of(relation: ForeignObjectRel) -> str:
    """`app.Model` of the row at the far end."""
    return str(relation.related_model._meta.label)


def relations_of_a_person() -> list[ForeignObjectRel]:
    """Every stored relation that points at a person."""
    return [r for r in User._meta.related_objects if r.related_model._meta.managed]


@transaction.atomic
def close_account(user: User, *, by: User) -> None:
    """Erase the person everywhere and tell the old address.

    Raises Conflict when people rely on them: a role in a city office, or the only member of an
    organisation with a proposal under way; and while a pledge or a plan could still be charged.
    """
    address = user.email or ""
    language = user.language
    _check_nobody_is_left_alone(user)
    _check_no_money_waits(user)
    forget_proofs(user)
    for relation in relations_of_a_person():
        if label_of(relation) in ERASED_HERE:
            rows = relation.related_model._default_manager
            rows.filter(**{relation.field.name: user}).delete()
    was_confirmed = EmailAddress.objects.filter(user=user, verified=True).exists()
    accounts.close_account(user, by=by)
    if was_confirmed:
        _say_goodbye(address, language)


def _check_no_money_waits(user: User) -> None:
    """What would be charged later must be ended by the person, who is told of each step."""
    if Pledge.objects.filter(investor=user, status__in=PLEDGE_LIVE - PLEDGE_PAID).exists():
        raise Conflict(
            _("You have a pledge that is not settled yet. Withdraw it, or wait for its end."),
            code="pledge_waits",
        )
    if BankReturn.objects.filter(pledge__investor=user).exclude(status="paid").exists():
        raise Conflict(
            _("Money is on its way back to you. Say where it goes, and wait until it is there."),
            code="return_waits",
        )
    plans = RemittancePlan.objects.filter(investor=user)
    if plans.exclude(status=PlanStatus.STOPPED).exists():
        raise Conflict(_("You have a redirect plan. Stop it first."), code="plan_runs")


def _check_nobody_is_left_alone(user: User) -> None:
    mine = OrganisationMembership.objects.filter(user=user).values("organisation")
    shared = OrganisationMembership.objects.filter(organisation__in=mine).exclude(user=user)
    alone = (
        Project.objects.filter(owner__in=mine, status__in=UNDER_WAY)
        .exclude(owner__in=shared.values("organisation"))
        .select_related("owner")
        .first()
    )
    if alone is not None and alone.owner is not None:
        raise Conflict(
            _(
                "You are the only member of %(name)s, which has a proposal under way. "
                "Withdraw it or add a colleague first."
            ),
            code="only_member",
            name=alone.owner.name_vi,
        )


def _say_goodbye(address: str, language: str) -> None:
    mail = render_mail("account/email/closed", address, {}, language=language)
    html = str(mail.alternatives[0][0])
    accounts.post_mail(address, subject=str(mail.subject), text=str(mail.body), html=html)
