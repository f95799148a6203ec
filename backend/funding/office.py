"""What owners, case and finance officers see of rounds, milestones and payments. Reads only."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Sum

from backend.accounts.permissions import roles_of
from backend.core.errors import NotFound
from backend.funding.actions.outcome import held_by_currency
from backend.funding.models import (
    BankReceipt,
    BankReport,
    BankReturn,
    Disbursement,
    Evidence,
    EvidenceFile,
    MilestoneVerification,
    OwnerAccount,
    Payback,
    Pledge,
    ProfessionalClaim,
    RateProposal,
    Round,
    Tranche,
)
from backend.funding.workflow import MilestoneStatus, PledgeStatus
from backend.projects.models import Project
from backend.projects.permissions import is_member_of
from backend.projects.workflow import Status

STAFF = frozenset({"case_officer", "lead", "finance", "auditor", "signer"})


def part_for(user: Any, public_id: str) -> Tranche:
    """One part for the owner's people and for officers; absent for everybody else."""
    rows = Tranche.objects.select_related("round__project__owner", "milestone")
    found = rows.filter(public_id=public_id).first()
    if found is None or not _may_see(user, found.round.project):
        raise NotFound()
    return found


def round_for(user: Any, public_id: str) -> Round:
    found = Round.objects.select_related("project__owner").filter(public_id=public_id).first()
    if found is None or not _may_see(user, found.project):
        raise NotFound()
    return found


def _may_see(user: Any, project: Project) -> bool:
    return bool(roles_of(user) & STAFF) or is_member_of(user, project.owner)


def rounds_of_owner(user: Any) -> QuerySet[Round]:
    """Rounds of projects whose organisation the person belongs to, newest first."""
    rows = Round.objects.filter(project__owner__memberships__user=user)
    return rows.select_related("project").order_by("-id")


@dataclass(frozen=True)
class QueueRow:
    """One milestone that an officer has to look at, or that is late."""

    part: Tranche
    group: str
    days: int
    waits_for_second: bool
    first_officer_id: int | None


def milestone_queue(today: date) -> list[QueueRow]:
    """Evidence first (a finding that waits for a second officer before new ones), then what is
    late, then what is due within thirty days."""
    parts = (
        Tranche.objects.filter(status="held", round__status="funded")
        .select_related("round__project", "milestone")
        .order_by("due_on", "id")
    )
    waiting = {
        v.milestone_id: v.officer_id
        for v in MilestoneVerification.objects.filter(
            confirmed_at__isnull=True, refused_at__isnull=True
        ).exclude(outcome="return")
    }
    rows = []
    for part in parts:
        status = part.milestone.status
        group = {"evidence_in": "evidence", "late": "late", "due": "due"}.get(status)
        second = part.milestone_id in waiting
        if second:
            group = "second"
        if group is not None:
            officer = waiting.get(part.milestone_id)
            rows.append(QueueRow(part, group, (part.due_on - today).days, second, officer))
    order = ["second", "evidence", "late", "due"]
    return sorted(rows, key=lambda row: (order.index(row.group), row.part.due_on, row.part.pk))


@dataclass(frozen=True)
class MilestoneCase:
    """One screen: the definition, what was sent, what was found, and the parts before."""

    part: Tranche
    evidence: list[Evidence]
    files: list[EvidenceFile]
    findings: list[MilestoneVerification]
    waiting: MilestoneVerification | None
    parts: list[Tranche]
    payments: list[Disbursement]


def milestone_case(part: Tranche) -> MilestoneCase:
    evidence = list(part.milestone.evidence.select_related("sent_by").order_by("-number"))
    files = list(
        EvidenceFile.objects.filter(evidence__milestone=part.milestone)
        .select_related("evidence")
        .order_by("evidence__number", "id")
    )
    findings = list(
        part.milestone.verifications.select_related("officer", "confirmed_by").order_by("-id")
    )
    waiting = [
        f
        for f in findings
        if f.outcome != "return" and f.confirmed_at is None and f.refused_at is None
    ]
    parts = list(
        Tranche.objects.filter(round=part.round).select_related("milestone").order_by("number")
    )
    payments = list(Disbursement.objects.filter(tranche__round=part.round).order_by("-id"))
    return MilestoneCase(
        part, evidence, files, findings, waiting[0] if waiting else None, parts, payments
    )


def evidence_file_for(user: Any, file_id: str) -> EvidenceFile:
    """A file by its hash and evidence, for those who may see the part."""
    evidence_id, _slash, sha256 = file_id.partition("-")
    found = (
        EvidenceFile.objects.filter(evidence__public_id=evidence_id, sha256=sha256)
        .select_related("evidence__milestone__project__owner")
        .first()
    )
    if found is None or not _may_see(user, found.evidence.milestone.project):
        raise NotFound()
    return found


def payback_for(user: Any, public_id: str) -> Payback:
    """A payback with a proof, for officers and the owner's people; absent for everybody else."""
    rows = Payback.objects.select_related("round__project__owner").exclude(proof_sha256="")
    found = rows.filter(public_id=public_id).first()
    if found is None or not _may_see(user, found.round.project):
        raise NotFound()
    return found


def claimed_paybacks() -> list[Payback]:
    """What owners report to have paid back, with a proof that nobody has looked at yet."""
    rows = Payback.objects.filter(verified_at__isnull=True).exclude(proof_sha256="")
    return list(rows.select_related("round__project").order_by("reported_at", "id")[:200])


def projects_without_round() -> list[Project]:
    """Listed, not paused, with terms that a round can freeze, and never opened: a lead may."""
    rows = Project.objects.filter(
        status=Status.LISTED, frozen_at__isnull=True, call__isnull=True, rounds__isnull=True,
        goal_minor__gt=0,
    ).exclude(instrument__in=["", "loan"])  # fmt: skip
    return list(rows.order_by("listed_at", "id")[:200])


# --- finance -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadyPart:
    part: Tranche
    held: dict[str, int]


@dataclass(frozen=True)
class FinanceDesk:
    """Everything that waits for a finance officer."""

    ready: list[ReadyPart]
    payments: list[Disbursement]
    accounts: list[OwnerAccount]
    receipts: list[BankReceipt]
    transfers: list[Pledge]
    returns: list[BankReturn]
    claims: list[ProfessionalClaim]


def finance_desk() -> FinanceDesk:
    busy = Disbursement.objects.filter(status__in=["proposed", "approved", "instructed"])
    parts = (
        Tranche.objects.filter(status="held", milestone__status=MilestoneStatus.VERIFIED)
        .exclude(pk__in=busy.values("tranche"))
        .select_related("round__project", "milestone")
        .order_by("due_on", "id")
    )
    payments = (
        Disbursement.objects.filter(Q(status__in=["proposed", "approved", "instructed"]))
        .select_related("tranche__round__project", "maker", "checker")
        .prefetch_related("reports")
    )
    return FinanceDesk(
        ready=[ReadyPart(part, held_by_currency(part)) for part in parts],
        payments=list(payments.order_by("id")),
        accounts=list(
            OwnerAccount.objects.filter(confirmed_at__isnull=True, ended_at__isnull=True)
            .select_related("organisation")
            .order_by("id")
        ),
        receipts=list(
            BankReceipt.objects.filter(status="recorded")
            .select_related("pledge__round__project", "maker")
            .order_by("id")
        ),
        transfers=list(
            Pledge.objects.filter(route="bank", status=PledgeStatus.DUE)
            .exclude(bank_receipts__status__in=["recorded", "confirmed"])
            .select_related("round__project")
            .order_by("id")
        ),
        returns=list(
            BankReturn.objects.exclude(status="paid")
            .select_related("pledge__round__project", "maker")
            .order_by("id")
        ),
        claims=list(
            ProfessionalClaim.objects.filter(outcome="")
            .select_related("user", "found_by")
            .order_by("id")
        ),
    )


def disbursement_for(public_id: str) -> Disbursement:
    rows = Disbursement.objects.select_related(
        "tranche__round__project", "tranche__milestone", "account__organisation", "maker",
        "checker", "instructed_by", "recorded_by",
    )  # fmt: skip
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def report_for(public_id: str) -> BankReport:
    rows = BankReport.objects.select_related("disbursement__tranche__round")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def account_for(public_id: str) -> OwnerAccount:
    rows = OwnerAccount.objects.select_related("organisation", "told_by")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def receipt_for(public_id: str) -> BankReceipt:
    found = BankReceipt.objects.select_related("pledge__round").filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def claim_for(public_id: str) -> ProfessionalClaim:
    rows = ProfessionalClaim.objects.select_related("user", "found_by", "decided_by")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def waiting_rate_files() -> list[RateProposal]:
    """Files of rates that another officer is to store, oldest first."""
    rows = RateProposal.objects.filter(outcome="").select_related("proposed_by")
    return list(rows.order_by("proposed_at", "id"))


def rate_file_for(public_id: str) -> RateProposal:
    """A file that waits; NotFound for one that was decided."""
    rows = RateProposal.objects.select_related("proposed_by")
    found = rows.filter(public_id=public_id, outcome="").first()
    if found is None:
        raise NotFound()
    return found


def bank_return_for(public_id: str) -> BankReturn:
    rows = BankReturn.objects.select_related("pledge__round__project", "pledge__investor", "maker")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def awaited_pledge(public_id: str) -> Pledge:
    """A pledge by bank that is due; finance officers see no other pledge by id."""
    rows = Pledge.objects.filter(route="bank", status=PledgeStatus.DUE, public_id=public_id)
    found = rows.select_related("round__project").first()
    if found is None:
        raise NotFound()
    return found


def paybacks_of(round_: Round) -> list[Payback]:
    return list(Payback.objects.filter(round=round_).order_by("-paid_on", "-id"))


def released_vnd(round_: Round) -> int:
    """What banks paid out to the owner of a round, by their slips."""
    paid = Disbursement.objects.filter(tranche__round=round_, status="confirmed")
    return int(paid.aggregate(sum=Sum("paid_vnd"))["sum"] or 0)
