"""The sample rounds walk the product's own actions and end where the texts say."""

import pytest
from django.db import connection

from backend.funding.models import Disbursement, Pledge, Round
from backend.home import seed, seed_rounds
from backend.ledger.checks import findings

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_every_sample_round_stands_where_it_should() -> None:
    seed.seed(lambda words: None)
    states = {r.project.slug: r.status for r in Round.objects.select_related("project")}
    assert states == {p.slug: p.end.replace("running", "funded") for p in seed_rounds.PLANS}
    reached = Round.objects.get(project__slug="talking-bus-stops-for-blind-riders")
    assert reached.project.public_status == "reached"
    assert reached.reserved_minor >= reached.target_minor
    assert Disbursement.objects.get().status == "confirmed"
    assert not findings()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_throttle WHERE starts_with(key, 'card_setup_')")
        assert cursor.fetchone() == (0,)
    before = Pledge.objects.count()
    seed.seed(lambda words: None)
    assert Pledge.objects.count() == before
