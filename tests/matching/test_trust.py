"""What people may rely on: the same inputs give the same order, and nobody can push a project."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from backend.accounts.answers import Answers, values_of
from backend.accounts.models import InvestorProfile, User
from backend.matching import actions, catalogue, population, queries, runs
from backend.matching.dataset import read_dataset
from backend.matching.engine.fit import MatchRanker
from backend.matching.engine.schema import Answers as Asked
from backend.matching.engine.schema import Listing, encode_listings
from backend.matching.engine.score import rank_one
from backend.matching.models import Dismissal, MatchRun, RankedPerson, SimulatedInvestor
from backend.matching.order import Floor, Wish, order_of
from backend.projects.models import Project, SavedProject
from tests import factories
from tests.matching.world import WHO, a_market, a_profile

pytestmark = pytest.mark.django_db
# What must never decide an order: payment, and what is protected or nobody's business.
FORBIDDEN = (
    "paid", "fee", "promot", "sponsor", "advert", "boost", "religion", "health", "politic",
    "gender", "sex", "ethnic", "age", "birth", "contact", "email", "name", "owner", "goal",
    "pledged",
)  # fmt: skip


def test_no_input_of_the_order_is_paid_for_or_protected() -> None:
    """Reads the schema itself: what a person is asked, and what of a listing the order sees."""
    names = {f.name for f in fields(Asked)} | {f.name for f in fields(Listing)}
    columns = set(catalogue.COLUMNS)
    answers = set(values_of(Answers()))
    found = [n for n in names | columns | answers if any(bad in n.split("_") for bad in FORBIDDEN)]
    assert not found
    assert {"owner", "owner_kind", "goal_minor"}.isdisjoint(columns)


def test_the_same_inputs_give_the_same_order_whoever_asks(listed: list[Any]) -> None:
    rules = queries.PAGE_RULES
    one = [p.project.pk for p in queries.preview(WHO, limit=12, rules=rules).places]
    catalogue.forget_catalogue()
    runs.forget_model()
    assert [p.project.pk for p in queries.preview(WHO, limit=12, rules=rules).places] == one


def test_permuting_the_listings_changes_nothing(listed: list[Any]) -> None:
    now = catalogue.current_catalogue()
    order = np.random.default_rng(3).permutation(len(now.listings))
    mixed = tuple(now.listings[i] for i in order)
    other = replace(
        now,
        arrays=encode_listings(mixed, now.arrays.vocabulary),
        listings=mixed,
        project_ids=tuple(now.project_ids[i] for i in order),
        row_of={row.id: i for i, row in enumerate(mixed)},
        own_rows=np.arange(len(mixed), dtype=np.int64),
    )
    owed = tuple((row.id, 0.4) for row in now.listings)
    for variety in ("low", "medium", "high"):
        wish = Wish(
            queries.engine_answers(WHO), {}, "2026-11-26", explore=True, variety=variety,
            floor=Floor(owed, 2, "somebody"),
        )  # fmt: skip
        shown = [
            [(c.arrays.ids[s.row], s.score, s.moved_by)
             for s in order_of(wish, c, runs.current_model().model, limit=12, offset=0).spots]
            for c in (now, other)
        ]  # fmt: skip
        assert shown[0] == shown[1]


def test_an_owners_edit_of_irrelevant_text_moves_nothing(listed: list[Any]) -> None:
    before = [(p.project.pk, p.score) for p in queries.preview(WHO, limit=12).places]
    Project.objects.filter(pk=listed[0].pk).update(
        title_en="AAA best match for you " * 5,
        summary_en="smart manufacturing contribution US " * 20,
        goal_minor=10**12,
        updated_at=timezone.now(),
    )
    catalogue.forget_catalogue()
    assert [(p.project.pk, p.score) for p in queries.preview(WHO, limit=12).places] == before


CHANGES: dict[str, dict[str, Any]] = {
    "field": {"fields": ("open_innovation",)},
    "technology": {"technologies": ("ai",)},
    "instrument": {"instruments": ("loan",)},
    "ticket": {"budget_minor": 100},
    "stage": {"stages": (1,)},
    "horizon": {"horizon_months": 2},
    "language": {"languages": ("en",)},
    "skills": {"skills": ("law",)},
}


@pytest.mark.parametrize("factor", CHANGES)
def test_a_changed_answer_moves_its_factor_and_people_like_you_only(
    learnt: MatchRun, factor: str
) -> None:
    MatchRun.objects.update(state="published")
    runs.forget_model()
    # Every question is answered, so that no answer changes what the others can give at most.
    whole = replace(WHO, stages=(6,), languages=("vi",), skills=("engineering",))
    changed = replace(whole, **CHANGES[factor])
    for project in Project.objects.filter(status="listed").order_by("pk")[:6]:
        one, two = (queries.explain_for(who, project) for who in (whole, changed))
        assert one is not None
        assert two is not None
        before = {r.factor: r.points for r in one.place.reasons}
        moved = {r.factor for r in two.place.reasons if abs(before[r.factor] - r.points) > 1}
        assert moved <= {factor, "people_like_you"}


def test_a_project_that_matches_nothing_says_so(client: Client, rates: None) -> None:
    project = factories.a_listed_project(
        field="open_innovation", technologies=["ai"], instrument="loan", horizon_months=60, trl=2
    )
    far = replace(WHO, stages=(9,))
    explained = queries.explain_for(far, project)
    assert explained is not None
    assert explained.place.against is not None
    assert explained.place.strongest == ()
    assert explained.place.score < 60
    page = client.get("/en/for-you/?fields=smart_manufacturing&instruments=contribution")
    assert "Against:" in page.content.decode()


def test_no_dismissal_save_or_rank_of_one_person_is_read_for_another(listed: list[Any]) -> None:
    me, other = a_profile().user, a_profile().user
    Dismissal.objects.create(user=other, project=listed[0], reason="seen")
    SavedProject.objects.create(user=other, project=listed[1])
    mine = actions.list_for(me, by=me)
    assert mine.matches.filter(project=listed[0]).exists()


def share_in_top(model: Any, people: list[Asked], arrays: Any, row: int) -> float:
    hits = sum(row in rank_one(who, arrays, model, k=20).rows.tolist() for who in people)
    return hits / len(people)


@pytest.mark.slow
def test_fifty_accounts_raise_a_project_by_at_most_one_point(rates: None) -> None:
    """Fifty confirmed, aged accounts with the commonest answers save one project, on one day."""
    projects = a_market(60)
    population.create(people=1200)
    data = read_dataset()
    arrays = data.catalogue.arrays
    others = [queries.engine_answers(queries.answers_from(values_of_row(row)))
              for row in SimulatedInvestor.objects.order_by("pk")[:600]]  # fmt: skip
    before_model = MatchRanker(0).fit(data.people, arrays, data.choices, "run_x")
    shares = [share_in_top(before_model, others, arrays, row) for row in range(len(arrays))]
    # The weakest project that is seen at all: the easiest to lift.
    row = int(np.argsort(shares)[len(shares) // 4])
    target = next(p for p in projects if p.pk == data.catalogue.project_ids[row])
    attack(target)
    after_data = read_dataset()
    assert len(after_data.choices) == len(data.choices) + 50
    after_model = MatchRanker(0).fit(after_data.people, arrays, after_data.choices, "run_x")
    after = share_in_top(after_model, others, arrays, row)
    print(f"share of others' top 20: {shares[row]:.4f} -> {after:.4f}")
    assert after - shares[row] <= 0.01 + 1e-9


def values_of_row(row: SimulatedInvestor) -> dict[str, Any]:
    return {name: getattr(row, name) for name in values_of(Answers())}


def attack(target: Project) -> None:
    people = User.objects.bulk_create(
        User(email=f"a{n}@example.com", password="!") for n in range(50)
    )
    User.objects.filter(pk__in=[u.pk for u in people]).update(
        joined_at=timezone.now() - timedelta(days=90)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=u, email=u.email or "", verified=True, primary=True) for u in people
    )
    answers = replace(Answers(), fields=("smart_manufacturing",), country="US",
                      instruments=("contribution", "reward"), technologies=("ai",))  # fmt: skip
    InvestorProfile.objects.bulk_create(
        InvestorProfile(user=u, **values_of(answers)) for u in people
    )
    SavedProject.objects.bulk_create(SavedProject(user=u, project=target) for u in people)


def rows_by_person(batch: Any) -> list[tuple[Any, ...]]:
    return list(
        RankedPerson.objects.filter(batch=batch)
        .order_by("user_id", "simulated_id")
        .values_list("user_id", "simulated_id", "projects", "scores")
    )


def test_blocks_of_any_size_and_order_give_the_same_rows(learnt: MatchRun) -> None:
    a_profile()
    found = []
    for size, backwards in ((256, False), (16, False), (7, True)):
        batch = actions.start_batch(block_size=size)
        numbers = list(range(len(batch.blocks)))
        for number in reversed(numbers) if backwards else numbers:
            actions.rank_block(batch, number)
            assert actions.rank_block(batch, number) == 0
        batch.refresh_from_db()
        assert batch.finished_at is not None
        assert batch.people == 61
        found.append(rows_by_person(batch))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 61
