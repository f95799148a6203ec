"""Counting who could fit a project: for its owner, in bands, made by a worker."""

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from backend.accounts.models import OrganisationMembership, User
from backend.core import jobs
from backend.core.money import Money
from backend.funding.queries import latest_rates
from backend.matching import demand
from backend.matching.catalogue import (
    COLUMNS,
    in_base,
    newest_catalogue,
    read_listings,
)
from backend.matching.engine.schema import Answers, Listing
from backend.matching.models import DemandReport, SimulatedInvestor
from backend.matching.people import people_answers, settled_profiles
from backend.matching.runs import current_model
from backend.projects.models import Project
from backend.projects.permissions import check_is_owner


def made_from(project: Project) -> str:
    """Names the state that a report is about: the project's facts, the run, the day."""
    day = timezone.localdate().isoformat()
    key = [project.public_id, project.content_version, str(project.updated_at), day]
    return hashlib.sha256(orjson.dumps([*key, current_model().version])).hexdigest()


@transaction.atomic
def ask_for_demand(project: Project, *, by: User) -> DemandReport | None:
    """The newest report for a member of the owner's organisation; asks for a new one when the
    project, the run or the day changed. None while the first one is being made."""
    check_is_owner(by, project)
    state = made_from(project)
    found = DemandReport.objects.filter(project=project).first()
    if found is None or found.made_from != state:
        jobs.enqueue("matching.count_demand", state[:60], project=project.public_id, state=state)
    return found


@transaction.atomic
def count_demand(project: Project, *, state: str) -> DemandReport:
    """Make the report; quiet when it is made already."""
    found = DemandReport.objects.filter(project=project, made_from=state).first()
    if found is not None:
        return found
    rows = newest_catalogue().arrays
    listing = _listing(project)
    people = list(_people(project))
    edits = demand.edits_of(listing, people, rows)
    counted = demand.count_fits(listing, edits, people, current_model().model, rows)
    content: dict[str, Any] = demand.report(counted, edits)
    content["simulated"] = SimulatedInvestor.objects.exists()
    report, _created = DemandReport.objects.update_or_create(
        project=project,
        defaults={"made_from": state, "content": content, "made_at": timezone.now()},
    )
    return report


def _listing(project: Project) -> Listing:
    """The project's facts with its own ticket, also that of a gated form: the owner knows it."""
    columns = [getattr(project, "pk" if name == "pk" else name) for name in COLUMNS]
    rates = latest_rates()
    listing = read_listings([tuple(columns)], rates)[0]
    ticket = None
    if project.min_ticket_minor:
        ticket = in_base(Money(project.min_ticket_minor, project.currency), rates)
    return Listing(**{**listing.__dict__, "ticket": ticket})


def _people(project: Project) -> Iterator[Answers]:
    """Confirmed people who have an account for a week, without the owner's own, and the invented
    ones of the sample data."""
    rates = latest_rates()
    own = OrganisationMembership.objects.filter(organisation_id=project.owner_id or 0)
    others = settled_profiles().exclude(user__in=own.values_list("user_id"))
    for rows in (others, SimulatedInvestor.objects.order_by("pk")):
        for row in rows.iterator(chunk_size=2000):
            yield people_answers(row, rates)
