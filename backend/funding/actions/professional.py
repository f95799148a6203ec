"""Professional-investor status: claimed with proof, judged by two officers, for a time.

It lifts limits and warnings, so one officer finds and another confirms. One may refuse: the person
stays as protected as before. Each: lock, permit, check, change, audit. The proof goes once it was
judged: what stays is its hash, who judged it and until when it counts.
"""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.accounts.permissions import check_is_self
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.core.formats import CITY_ZONE
from backend.funding import eligibility, permissions
from backend.funding.actions.milestones import due_on
from backend.funding.actions.words import MAX_LINE, written
from backend.funding.files import TakenFile
from backend.funding.models import ProfessionalClaim

Outcome = ProfessionalClaim.Outcome


def _today() -> date:
    return app_now().astimezone(CITY_ZONE).date()


@transaction.atomic
def claim_status(
    user: User, *, by: User, investor_class: str, note: str, proof: TakenFile
) -> ProfessionalClaim:
    """Say what one is, with a proof. One claim of a kind waits at a time."""
    user = User.objects.select_for_update().get(pk=user.pk)
    check_is_self(by, user)
    try:
        eligibility.investor_class(investor_class, _today())
    except KeyError:
        raise Invalid(
            _("Choose from the list."), code="unknown_key", field="investor_class"
        ) from None
    waiting = ProfessionalClaim.objects.filter(user=user, investor_class=investor_class, outcome="")
    if waiting.exists():
        raise Conflict(_("A claim of this kind waits for an officer already."), code="waits")
    row = ProfessionalClaim.objects.create(
        user=user, investor_class=investor_class, note=written(note, "note", None, MAX_LINE),
        proof=proof.stored(), proof_name=proof.name, proof_sha256=proof.sha256,
        claimed_at=app_now(),
    )  # fmt: skip
    audit.record("professional.claimed", by=by, subject=row, data={"class": investor_class})
    return row


def _locked(claim: ProfessionalClaim, by: User) -> ProfessionalClaim:
    row = ProfessionalClaim.objects.select_for_update().get(pk=claim.pk)
    permissions.check_is_finance(by)
    if row.user_id == by.pk:
        raise NotAllowed(_("Another officer judges your own claim."), code="four_eyes")
    if row.outcome:
        raise Conflict(_("This claim was judged already."), code="wrong_state")
    return row


@transaction.atomic
def find_proved(claim: ProfessionalClaim, *, by: User) -> ProfessionalClaim:
    """The first officer finds that the proof shows it; nothing counts before another confirms."""
    row = _locked(claim, by)
    if row.found_by_id is not None:
        raise Conflict(
            _("An officer found so already. Another officer confirms it."), code="found_already"
        )
    row.found_by, row.found_at = by, app_now()
    row.save(update_fields=["found_by", "found_at"])
    audit.record("professional.found", by=by, subject=row, data={"class": row.investor_class})
    return row


@transaction.atomic
def confirm_status(claim: ProfessionalClaim, *, by: User) -> ProfessionalClaim:
    """The second officer agrees: it counts from now on, for as long as the rule data says."""
    row = _locked(claim, by)
    if row.found_by_id is None:
        raise Conflict(_("There is no finding to confirm."), code="no_finding")
    if row.found_by_id == by.pk:
        raise NotAllowed(
            _("You made this finding, so another officer must confirm it."), code="four_eyes"
        )
    today = _today()
    try:
        months = eligibility.investor_class(row.investor_class, today).valid_months
    except KeyError:
        raise Conflict(_("The rules do not know this status any more."), code="no_rule") from None
    row.valid_until = due_on(today, months)
    return _decide(row, Outcome.CONFIRMED, "", by)


@transaction.atomic
def refuse_status(claim: ProfessionalClaim, *, by: User, reason: str) -> ProfessionalClaim:
    """The proof does not show it; the person reads why. Either officer may say so."""
    row = _locked(claim, by)
    reason = written(reason, "reason", _("Enter the reason"), MAX_LINE)
    return _decide(row, Outcome.REFUSED, reason, by)


def _decide(row: ProfessionalClaim, outcome: str, reason: str, by: User) -> ProfessionalClaim:
    row.outcome, row.reason = outcome, reason
    row.decided_by, row.decided_at = by, app_now()
    _forget_later(row)
    row.proof = ""
    row.save()
    data = {"class": row.investor_class, "until": row.valid_until}
    audit.record(f"professional.{outcome}", by=by, subject=row, data=data)
    return row


def forget_proofs(user: User) -> None:
    """The files of claims that nobody judged, when the account is closed. Inside the caller's
    transaction."""
    for row in ProfessionalClaim.objects.select_for_update().filter(user=user, outcome=""):
        _forget_later(row)


def _forget_later(row: ProfessionalClaim) -> None:
    storage, name = row.proof.storage, row.proof.name
    if name:
        transaction.on_commit(lambda: storage.delete(name))


@transaction.atomic
def note_proof_read(claim: ProfessionalClaim, *, by: User) -> None:
    """Who opened a proof is written down."""
    permissions.check_is_finance(by)
    audit.record("professional.proof_read", by=by, subject=claim)
