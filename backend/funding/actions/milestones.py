"""Evidence and what two officers find of it. Each: lock, permit, check, change, audit, enqueue.

Lock order: project, round, milestone, tranche.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit, jobs, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.core.formats import CITY_ZONE
from backend.core.text import clean_text
from backend.funding.actions.words import written
from backend.funding.files import MOST_FILES, TakenFile
from backend.funding.models import Evidence, EvidenceFile, MilestoneVerification, Tranche
from backend.funding.workflow import MILESTONE, TRANCHE, MilestoneStatus
from backend.projects.actions import show_round
from backend.projects.models import Milestone, Project
from backend.projects.permissions import check_is_officer, check_is_owner
from backend.projects.workflow import PublicStatus

# A milestone asks for its evidence this long before it is due.
ASK_BEFORE = timedelta(days=30)
Outcome = MilestoneVerification.Outcome


def _locked(tranche: Tranche) -> tuple[Project, Milestone, Tranche]:
    """Project, milestone and part, locked in that order; audit rows are about the part."""
    project = Project.objects.select_for_update().get(pk=tranche.round.project_id)
    milestone = Milestone.objects.select_for_update().get(pk=tranche.milestone_id)
    row = Tranche.objects.select_for_update(of=("self",)).select_related("round").get(pk=tranche.pk)
    row.milestone = milestone
    return project, milestone, row


def _move(tranche: Tranche, to: str, *, by: User | None, role: str, data: dict[str, Any]) -> None:
    """Move the milestone; its audit row is about the part, which has a public id."""
    milestone = tranche.milestone
    states.move(
        milestone, to, by=by, role=role, workflow=MILESTONE,
        data={"milestone": milestone.number, **data}, about=tranche,
    )  # fmt: skip


def _text(text: str, field: str) -> str:
    return written(text, field, _("This part is missing"))


@transaction.atomic
def send_evidence(tranche: Tranche, *, by: User, note: str, files: Sequence[TakenFile]) -> Evidence:
    """The owner's proof of a milestone: what was done, and files whose hashes are kept."""
    project, milestone, tranche = _locked(tranche)
    check_is_owner(by, project)
    if (
        milestone.status not in MILESTONE.table
        or MILESTONE.edge(milestone.status, MilestoneStatus.EVIDENCE_IN) is None
    ):
        raise Conflict(
            _("Evidence for this milestone is being checked or was decided on."),
            code="wrong_state",
        )
    note = _text(note, "note")
    if not 1 <= len(files) <= MOST_FILES:
        raise Invalid(
            _("Add between 1 and %(max)s files"), code="files", field="uploads", max=MOST_FILES
        )
    last = milestone.evidence.aggregate(last=Max("number"))["last"] or 0
    body = json.dumps([note, [[f.name, f.sha256] for f in files]], ensure_ascii=False)
    evidence = Evidence.objects.create(
        milestone=milestone, number=last + 1, note=note, sent_by=by, sent_at=app_now(),
        sha256=hashlib.sha256(body.encode()).hexdigest(),
    )  # fmt: skip
    for file in files:
        EvidenceFile.objects.create(
            evidence=evidence, name=file.name, file=file.stored(), size=len(file.content),
            sha256=file.sha256,
        )  # fmt: skip
    _move(
        tranche, MilestoneStatus.EVIDENCE_IN, by=by, role="owner",
        data={"evidence": evidence.public_id, "sha256": evidence.sha256},
    )  # fmt: skip
    _show(project)
    return evidence


@transaction.atomic
def judge_milestone(
    tranche: Tranche, *, by: User, outcome: str, reason: str = ""
) -> MilestoneVerification:
    """What a case officer finds: accept, return with reasons, or fail. Accepting and failing wait
    for a second officer; a milestone without evidence can only fail."""
    project, milestone, tranche = _locked(tranche)
    check_is_officer(by, project, "case_officer")
    if outcome not in Outcome.values:
        raise Invalid(_("Choose one of the values in the list"), field="outcome")
    evidence = milestone.evidence.order_by("-number").first()
    has_new = milestone.status == MilestoneStatus.EVIDENCE_IN
    may_fail = outcome == Outcome.FAIL and milestone.status in {"due", "late"}
    if not (has_new or may_fail):
        raise Conflict(_("There is no new evidence to judge."), code="wrong_state")
    if _waiting(milestone) is not None:
        raise Conflict(_("A finding waits for a second officer already."), code="finding_waits")
    if outcome != Outcome.ACCEPT:
        reason = _text(reason, "reason")
    finding = MilestoneVerification.objects.create(
        milestone=milestone, evidence=evidence if has_new else None, outcome=outcome,
        evidence_sha256=evidence.sha256 if evidence and has_new else "",
        reason=clean_text(reason).strip(), officer=by, found_at=app_now(),
    )  # fmt: skip
    if outcome == Outcome.RETURN:
        _move(tranche, MilestoneStatus.DUE, by=by, role="case_officer", data={"reason": reason})
        _show(project)
    else:
        audit.record(
            "milestone.judged", by=by, subject=tranche,
            data={"milestone": milestone.number, "outcome": outcome},
        )  # fmt: skip
    return finding


def _waiting(milestone: Milestone) -> MilestoneVerification | None:
    rows = MilestoneVerification.objects.filter(
        milestone=milestone, confirmed_at__isnull=True, refused_at__isnull=True
    )
    return rows.exclude(outcome=Outcome.RETURN).first()


@transaction.atomic
def confirm_finding(tranche: Tranche, *, by: User) -> MilestoneVerification:
    """The second officer agrees: the milestone is verified, or failed and its money goes back."""
    project, milestone, tranche = _locked(tranche)
    check_is_officer(by, project, "case_officer")
    finding = _waiting(milestone)
    if finding is None:
        raise Conflict(_("There is no finding to confirm."), code="wrong_state")
    _check_another(finding, by)
    now = app_now()
    finding.confirmed_by, finding.confirmed_at = by, now
    finding.save(update_fields=["confirmed_by", "confirmed_at"])
    data = {"officer": finding.officer.public_id, "reason": finding.reason}
    if finding.outcome == Outcome.ACCEPT:
        _move(tranche, MilestoneStatus.VERIFIED, by=by, role="case_officer", data=data)
    else:
        _move(tranche, MilestoneStatus.FAILED, by=by, role="case_officer", data=data)
        states.move(tranche, "returned", by=None, role="system", workflow=TRANCHE)
        tranche.ended_at = now
        tranche.save(update_fields=["ended_at"])
        jobs.enqueue("funding.return_tranche", tranche.public_id, tranche_id=tranche.public_id)
    _show(project)
    return finding


@transaction.atomic
def refuse_finding(tranche: Tranche, *, by: User, reason: str) -> MilestoneVerification:
    """The second officer does not agree: the first officer's finding is set aside."""
    project, milestone, tranche = _locked(tranche)
    check_is_officer(by, project, "case_officer")
    finding = _waiting(milestone)
    if finding is None:
        raise Conflict(_("There is no finding to confirm."), code="wrong_state")
    _check_another(finding, by)
    finding.refused_at, finding.refused_reason = app_now(), _text(reason, "reason")
    finding.save(update_fields=["refused_at", "refused_reason"])
    audit.record(
        "milestone.finding_refused", by=by, subject=tranche,
        data={"milestone": milestone.number, "outcome": finding.outcome},
    )  # fmt: skip
    return finding


def _check_another(finding: MilestoneVerification, by: User) -> None:
    if finding.officer_id == by.pk:
        raise NotAllowed(
            _("You made this finding, so another officer must confirm it."), code="four_eyes"
        )


@transaction.atomic
def follow_calendar(tranche: Tranche) -> bool:
    """Ask for evidence when its time has come, and mark what is late. Whether anything changed."""
    project, milestone, tranche = _locked(tranche)
    today = app_now().astimezone(CITY_ZONE).date()
    before = milestone.status
    if before == MilestoneStatus.PLANNED and today >= tranche.due_on - ASK_BEFORE:
        _move(tranche, MilestoneStatus.DUE, by=None, role="system", data={"due": tranche.due_on})
    if milestone.status == MilestoneStatus.DUE and today > tranche.due_on:
        _move(tranche, MilestoneStatus.LATE, by=None, role="system", data={"due": tranche.due_on})
    if milestone.status == before:
        return False
    _show(project)
    return True


def _show(project: Project) -> None:
    late = Milestone.objects.filter(project=project, status=MilestoneStatus.LATE).exists()
    show_round(project, PublicStatus.LATE if late else PublicStatus.RUNNING)


def due_on(start: date, months: int) -> date:
    """So many months later, on the same day or the last of the month."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    for day in (start.day, 30, 29, 28):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
