"""Who could fit a project: bands only, nothing under ten, the owner's people only."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from backend.accounts.models import InvestorProfile, User
from backend.core import jobs
from backend.core.errors import NotAllowed
from backend.matching import actions, demand, population
from backend.matching.catalogue import engine_vocabulary
from backend.matching.engine.schema import Answers, Listing, encode_listings
from backend.matching.engine.score import rule_model
from backend.matching.models import DemandReport
from tests import factories

LISTING = Listing(
    id="prj_1", field="smart_manufacturing", technologies=("ai",), instrument="contribution",
    ticket=2_000_000.0, trl=7, horizon_months=30, languages=("vi",),
)  # fmt: skip
ROWS = encode_listings([LISTING], engine_vocabulary())


@pytest.mark.parametrize(
    ("count", "band"),
    [(0, (0, 9)), (9, (0, 9)), (10, (10, 19)), (49, (20, 49)), (1999, (1000, 1999)),
     (100_000, (100_000, 0)), (5 * 10**6, (100_000, 0))],
)  # fmt: skip
def test_counts_are_told_in_bands(count: int, band: tuple[int, int]) -> None:
    assert demand.band(count) == band


def people(count: int, **answers: Any) -> list[Answers]:
    return [replace(Answers(fields=("smart_manufacturing",)), **answers) for _ in range(count)]


def a_report(crowd: list[Answers]) -> dict[str, Any]:
    edits = demand.edits_of(LISTING, crowd, ROWS)
    return demand.report(demand.count_fits(LISTING, edits, crowd, rule_model(), ROWS), edits)


def test_groups_under_ten_are_never_told() -> None:
    crowd = people(30, country="US") + people(9, country="JP") + [Answers()] * 50
    found = a_report(crowd)
    assert found["answered"] == (20, 49)
    assert [key for key, *_band in found["kinds"]["country"]] == ["US"]
    assert found["hidden"]["country"] == 1
    assert "JP" not in json.dumps(found)


def test_the_edit_that_widens_is_found_and_small_gains_are_not_told() -> None:
    crowd = people(12) + people(25, budget=100_000.0) + people(9, languages=("en",))
    found = a_report(crowd)
    edits = {(e["factor"], e["new"]) for e in found["edits"]}
    assert any(factor == "ticket" for factor, _new in edits)
    assert ("language", "en") not in edits
    assert all(e["gain"][0] >= 10 for e in found["edits"])


def test_every_form_and_field_is_tried_and_no_form_hides_the_ticket() -> None:
    silent = replace(LISTING, languages=(), skills=())
    edits = demand.edits_of(silent, people(1), ROWS)
    for factor in ("instrument", "field"):
        known = getattr(ROWS.vocabulary, f"{factor}s")
        assert {e.new for e in edits if e.factor == factor} == {*known} - {getattr(silent, factor)}
    assert {e.listing.ticket for e in edits if e.factor != "ticket"} == {silent.ticket}


def test_the_same_count_whatever_the_order_of_people() -> None:
    crowd = people(12) + people(25, budget=100_000.0, country="US")
    mixed = [crowd[i] for i in np.random.default_rng(0).permutation(len(crowd))]
    assert a_report(crowd) == a_report(mixed)


@pytest.mark.django_db
def test_the_panel_is_for_the_owners_people_only(client: Client, rates: None) -> None:
    owner = factories.a_user()
    project = factories.a_listed_project(owner=owner, field="smart_manufacturing")
    population.create(people=60)
    path = f"/en/me/proposals/{project.public_id}/demand/"
    assert client.get(path).status_code == 302
    client.force_login(factories.a_user())
    assert client.get(path).status_code == 403
    with pytest.raises(NotAllowed):
        actions.ask_for_demand(project, by=factories.an_officer("lead"))
    assert not DemandReport.objects.exists()
    client.force_login(owner)
    assert "counted for the first time" in client.get(path).content.decode()
    jobs.run_due_jobs()
    page = client.get(path).content.decode()
    assert "People who fit it today" in page
    assert "invented people" in page
    assert "sim_" not in page
    report = DemandReport.objects.get()
    client.get(path)
    jobs.run_due_jobs()
    assert DemandReport.objects.get().made_at == report.made_at


@pytest.mark.django_db
def test_a_draft_that_its_owner_alone_sees_has_a_panel_too(client: Client, rates: None) -> None:
    owner = factories.a_user()
    draft = factories.a_draft(owner=owner)
    client.force_login(owner)
    path = f"/vi/me/proposals/{draft.public_id}/demand/"
    client.get(path)
    jobs.run_due_jobs()
    assert "dưới 10" in client.get(path).content.decode()
    client.force_login(factories.a_user())
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_the_owners_own_people_are_not_counted(rates: None) -> None:
    """Ten settled people, one of whom is the owner: nine is too few to be told."""
    owner = factories.a_user()
    crowd = [owner, *(factories.a_user() for _ in range(9))]
    User.objects.filter(pk__in=[u.pk for u in crowd]).update(
        joined_at=timezone.now() - timedelta(days=30)
    )
    for user in crowd:
        EmailAddress.objects.create(user=user, email=user.email, verified=True)
        InvestorProfile.objects.create(user=user, fields=["smart_manufacturing"])
    for by, told in ((owner, (0, 9)), (factories.a_user(), (10, 19))):
        project = factories.a_draft(owner=by, field="smart_manufacturing")
        report = actions.count_demand(project, state=f"of {project.pk}")
        assert tuple(report.content["answered"]) == told
