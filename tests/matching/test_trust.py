"""What people may rely on: the same inputs give the same order, and nobody can push a project."""

import itertools
from collections.abc import Sequence
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
from backend.bench import simulated
from backend.matching import actions, catalogue, population, queries, runs
from backend.matching.dataset import read_dataset
from backend.matching.engine import artifact
from backend.matching.engine.chosen import KINDS
from backend.matching.engine.evaluate import as_they_were
from backend.matching.engine.fit import MatchRanker
from backend.matching.engine.schema import FACTORS, Chosen, Listing, encode_listings
from backend.matching.engine.schema import Answers as Asked
from backend.matching.engine.score import rank_one, rule_model
from backend.matching.models import Dismissal, MatchList, MatchRun, RankedPerson
from backend.matching.order import Floor, Wish, order_of
from backend.matching.own import own_choices
from backend.projects import actions as projects
from backend.projects import taxonomy
from backend.projects.models import Project, SavedProject
from tests import factories
from tests.matching.world import WHO, a_market, a_profile

pytestmark = pytest.mark.django_db
# What must never decide an order: payment, and what is protected or nobody's business.
FORBIDDEN = (
    "paid", "fee", "promot", "sponsor", "advert", "boost", "rank", "religion", "faith", "health",
    "politic", "party", "gender", "sex", "ethnic", "race", "age", "birth", "contact", "email",
    "name", "phone", "owner", "goal", "pledge", "views",
)  # fmt: skip
# All that an order is made from. What is added here is read by people before it counts.
SEEN_OF_A_PERSON = {
    "fields", "technologies", "country", "home_place", "budget", "instruments", "horizon_months",
    "stages", "languages", "skills", "chosen",
}  # fmt: skip
SEEN_OF_A_LISTING = {
    "id", "field", "pillars", "technologies", "place", "instrument", "ticket", "trl",
    "horizon_months", "languages", "skills",
}  # fmt: skip
SEEN_OF_CHOICES = {"total", "stated", "liked", "number", "times", "refused"}


def is_forbidden(name: str) -> bool:
    return any(word.startswith(bad) for word in name.split("_") for bad in FORBIDDEN)


def test_no_input_of_the_order_is_paid_for_or_protected() -> None:
    """Reads the schema itself: what a person is asked, and what of a listing the order sees."""
    for kind, known in (
        (Asked, SEEN_OF_A_PERSON), (Listing, SEEN_OF_A_LISTING), (Chosen, SEEN_OF_CHOICES)
    ):  # fmt: skip
        assert {f.name for f in fields(kind)} == known
    names = SEEN_OF_A_PERSON | SEEN_OF_A_LISTING | set(catalogue.COLUMNS) | set(FACTORS)
    names |= set(values_of(Answers())) | set(KINDS)
    generic = simulated.SCHEMA
    names |= {*generic.columns(), generic.home or "", *generic.factors.values()}
    assert [name for name in sorted(names) if is_forbidden(name)] == []
    assert is_forbidden("is_sponsored")
    assert is_forbidden("owner_kind")


def test_a_choice_is_counted_by_facts_and_never_by_sums(listed: list[Any]) -> None:
    me, chosen = after_a_save(listed[0])
    Project.objects.filter(pk=listed[0].pk).update(goal_minor=10**15, min_ticket_minor=10**12)
    assert own_choices(me, queries.today()) == chosen
    assert {key.partition(":")[0] for key in chosen.liked} <= set(KINDS)


def after_a_save(project: Project) -> tuple[User, Chosen]:
    """Somebody who saved the project, so that all factors count."""
    me = a_profile().user
    projects.save_for_later(project, by=me)
    chosen = own_choices(me, queries.today())
    assert chosen is not None
    return me, chosen


def test_the_same_inputs_give_the_same_order_whoever_asks(
    listed: list[Any], served: MatchRun
) -> None:
    _me, chosen = after_a_save(listed[0])
    found = []
    for _process in range(2):
        catalogue.forget_catalogue()
        runs.forget_model()
        ranked = queries.preview(WHO, limit=12, rules=queries.PAGE_RULES, chosen=chosen)
        assert ranked.max_points["your_choices"]
        found.append([(p.project.pk, p.score, p.reasons) for p in ranked.places])
    assert found[0] == found[1]
    assert len(found[0]) == 12


def a_catalogue(order: Sequence[int]) -> catalogue.Catalogue:
    """Forty-eight listings in that order, four of each kind, so that ties and all rules occur."""
    now = catalogue.current_catalogue()
    rows = [replace(row, id=f"{row.id}_{n}") for n in range(4) for row in now.listings]
    mixed = tuple(rows[i] for i in order)
    row_of = {row.id: i for i, row in enumerate(mixed)}
    return replace(
        now,
        arrays=encode_listings(mixed, now.arrays.vocabulary),
        listings=mixed,
        project_ids=tuple(range(len(mixed))),
        row_of=row_of,
        own_rows=np.array(sorted(row_of[row.id] for row in rows[3:]), dtype=np.int64),
        closed_rows=np.array(sorted(row_of[row.id] for row in rows[5:8]), dtype=np.int64),
    )


def test_permuting_the_listings_changes_nothing(listed: list[Any], served: MatchRun) -> None:
    """And the same listings again give the same order: also of ties and of all moved places."""
    _me, chosen = after_a_save(listed[0])
    mixed = np.random.default_rng(3).permutation(48).tolist()
    catalogues = [a_catalogue(order) for order in (range(48), range(48), mixed)]
    owed = tuple((key, 0.4) for key in sorted(catalogues[0].arrays.ids))
    # Of all fields but one, so that every tenth place has to go to the last one.
    answers = replace(WHO, fields=taxonomy.keys("field")[:4])
    moved = set()
    models = (runs.current_model().model, rule_model())
    for variety, model in itertools.product(("low", "medium", "high"), models):
        wish = Wish(
            replace(queries.engine_answers(answers), chosen=chosen), {}, "2026-11-26", explore=True,
            with_calls=False, variety=variety, floor=Floor(owed, 4, "somebody"),
        )  # fmt: skip
        one, *others = (
            [
                (c.arrays.ids[s.row], s.score, s.parts, s.moved_by)
                for s in order_of(wish, c, model, limit=48, offset=0).spots
            ]
            for c in catalogues
        )
        assert others == [one, one]
        assert len(one) == 45
        moved |= {rule for _id, _score, _parts, rule in one}
    assert moved == {"", "exploration", "floor", "variety", "closed"}


def test_an_owners_edit_of_irrelevant_text_moves_nothing(
    listed: list[Any], served: MatchRun
) -> None:
    me, _chosen = after_a_save(listed[0])
    before = actions.list_for(me, by=me)
    Project.objects.filter(pk=listed[0].pk).update(
        title_en="AAA best match for you " * 5,
        summary_en="smart manufacturing contribution US " * 20,
        goal_minor=10**12,
        updated_at=timezone.now(),
    )
    version = catalogue.current_catalogue().version
    catalogue.forget_catalogue()
    assert catalogue.current_catalogue().version != version  # it was read again
    # Not a list like it: the same, since no input of it changed.
    assert actions.list_for(me, by=me) == before
    Project.objects.filter(pk=listed[0].pk).update(field="open_innovation", trl=9)
    catalogue.forget_catalogue()
    assert actions.list_for(me, by=me) != before


CHANGES: dict[str, dict[str, Any]] = {
    "field": {"fields": ("open_innovation",)},
    "technology": {"technologies": ("ai",)},
    "place": {"home_place": "ELSEWHERE"},
    "people_like_you": {"country": "AU"},
    "instrument": {"instruments": ("loan",)},
    "ticket": {"budget_minor": 100},
    "stage": {"stages": (1,)},
    "horizon": {"horizon_months": 2},
    "language": {"languages": ("en",)},
    "skills": {"skills": ("finance",)},
}


def test_a_changed_answer_moves_its_factor_and_people_like_you_only(
    listed: list[Any], served: MatchRun
) -> None:
    """With choices and without; what is not theirs may gain or lose a point by rounding."""
    _me, chosen = after_a_save(listed[0])
    Project.objects.filter(pk__in=[p.pk for p in listed[3:7]]).update(languages=["vi"])
    here = listed[0].place_code
    areas = catalogue.engine_vocabulary().places
    far = next(code for code, area in areas.items() if area != areas[here])
    # Every question is answered, so that no answer changes what the others can give at most.
    whole = replace(WHO, stages=(6,), languages=("vi",), skills=("engineering",), home_place=here)

    def points(who: Answers, mine: Chosen | None) -> list[dict[str, int]]:
        ranked = queries.preview(who, limit=12, chosen=mine)
        places = sorted(ranked.places, key=lambda p: p.project.pk)
        return [{r.factor: r.points for r in p.reasons} for p in places]

    for mine in (None, chosen):
        before = points(whole, mine)
        assert ("your_choices" in before[0]) == (mine is not None)
        for factor, change in CHANGES.items():
            given = {k: far if v == "ELSEWHERE" else v for k, v in change.items()}
            after = points(replace(whole, **given), mine)
            moved = {
                key
                for old, new in zip(before, after, strict=True)
                for key in old
                if abs(old[key] - new[key]) > 1
            }
            assert moved <= {factor, "people_like_you"}, factor
            assert before != after, factor


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
    made = a_market(60)
    population.create(people=1200)
    data = read_dataset()
    arrays = data.catalogue.arrays
    # Others as their lists are: with what they chose themselves.
    others = as_they_were(data.people, arrays, data.choices, data.choices)[:600]
    before_model = MatchRanker(0).fit(data.people, arrays, data.choices, "run_x")
    shares = [share_in_top(before_model, others, arrays, row) for row in range(len(arrays))]
    # The weakest project that is seen at all: the easiest to lift.
    row = int(np.argsort(shares)[len(shares) // 4])
    target = next(p for p in made if p.pk == data.catalogue.project_ids[row])
    attack(target)
    after_data = read_dataset()
    assert len(after_data.choices) == len(data.choices) + 50
    after_model = MatchRanker(0).fit(after_data.people, arrays, after_data.choices, "run_x")
    after = share_in_top(after_model, others, arrays, row)
    print(f"share of others' top 20: {shares[row]:.4f} -> {after:.4f}")
    assert after - shares[row] <= 0.01 + 1e-9


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


def test_blocks_of_any_size_and_order_give_the_same_rows(
    listed: list[Any], served: MatchRun
) -> None:
    me, _chosen = after_a_save(listed[0])
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
    mine = next(projects for user, _simulated, projects, _scores in found[0] if user == me.pk)
    stored = actions.list_for(me, by=me).matches.order_by("position")
    assert mine == list(stored.values_list("project_id", flat=True)[: len(mine)])


def test_a_run_that_is_published_while_a_list_is_read_changes_neither_half(
    client: Client, listed: list[Any], served: MatchRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept is what was shown: both are of the run that served when the page began."""
    me, _chosen = after_a_save(listed[0])
    note_view = actions.note_view

    def publish_meanwhile(stored: MatchList, page: int) -> None:
        data = artifact.dump(rule_model("run_new"), metrics={}, window={})
        MatchRun.objects.create(
            public_id="run_new", state="published", artifact=data, schema_version=1,
            feature_version=served.feature_version,
        )  # fmt: skip
        runs.forget_model()
        Project.objects.filter(pk=listed[1].pk).update(trl=1, updated_at=timezone.now())
        catalogue.forget_catalogue()
        note_view(stored, page)

    monkeypatch.setattr(actions, "note_view", publish_meanwhile)
    client.force_login(me)
    ranked = client.get("/en/for-you/").context["ranked"]
    stored = MatchList.objects.get(user=me)
    assert stored.run == served
    assert ranked.version == served.public_id
    assert [(p.project.pk, p.score, p.moved_by) for p in ranked.places] == list(
        stored.matches.order_by("position").values_list("project_id", "score", "moved_by")
    )
    monkeypatch.undo()
    assert client.get("/en/for-you/").context["ranked"].version == "run_new"
