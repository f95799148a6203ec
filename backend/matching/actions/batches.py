"""The nightly order of everybody, in fixed blocks of people: one job for each block.

A block's rows depend on nothing but its people, the run, the snapshot of the listings and the day,
so it does not matter how many workers there are, which of them takes it, or how often. Whoever dies
in a block wrote nothing of it; another takes the lease over.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.accounts.answers import Answers, answers_of
from backend.accounts.models import InvestorAnswers, InvestorProfile
from backend.core import audit, jobs
from backend.matching.actions.lists import keep_snapshot
from backend.matching.catalogue import Catalogue, build, restored
from backend.matching.engine.score import Model
from backend.matching.exposure import current_reading, floor_of
from backend.matching.models import (
    CatalogueSnapshot,
    Dismissal,
    ListSettings,
    RankBatch,
    RankedPerson,
    SimulatedInvestor,
)
from backend.matching.moving import FIRST_PAGE
from backend.matching.order import Wish, order_of
from backend.matching.own import own_choices, who_chose
from backend.matching.queries import PAGE_RULES, ListRules, engine_answers, today
from backend.matching.runs import current_model, model_of
from backend.projects.models import Project

BLOCK = 256
BATCHES_KEPT = timedelta(days=7)


@transaction.atomic
def start_batch(*, block_size: int = BLOCK) -> RankBatch:
    """Fix tonight's inputs and ask for one job per block of people."""
    catalogue = build()
    keep_snapshot(catalogue)
    blocks: list[list[Any]] = []
    people = 0
    for kind, rows in (("user", _profiles()), ("simulated", SimulatedInvestor.objects.all())):
        name = "user_id" if kind == "user" else "pk"
        ids = list(rows.order_by(name).values_list(name, flat=True))
        people += len(ids)
        cuts = range(0, len(ids), block_size)
        blocks += [[kind, ids[i], ids[min(i + block_size, len(ids)) - 1]] for i in cuts]
    RankBatch.objects.filter(started_at__lt=timezone.now() - BATCHES_KEPT).delete()
    batch = RankBatch.objects.create(
        day=today(),
        run_id=current_model().run_id,
        reading=current_reading(),
        catalogue_id=catalogue.sha256,
        block_size=block_size,
        blocks=blocks,
        people=people,
        finished_at=None if blocks else timezone.now(),
    )
    audit.record("rank_batch.started", by=None, subject=batch, data={"people": people})
    for number in range(len(blocks)):
        jobs.enqueue(
            "matching.rank_block",
            f"{batch.public_id}-{number}",
            batch=batch.public_id,
            number=number,
        )
    return batch


def _profiles() -> Any:
    return InvestorProfile.objects.filter(user__is_active=True)


def rank_block(batch: RankBatch, number: int) -> int:
    """Rank the people of one block and write their rows; a block that is written is left alone.

    Returns how many rows it wrote. The work is done before anything is locked.
    """
    if RankedPerson.objects.filter(batch=batch, block=number).exists():
        return 0
    return _write_block(batch, number, rows_of(batch, number))


@transaction.atomic
def _write_block(batch: RankBatch, number: int, rows: list[RankedPerson]) -> int:
    batch = RankBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if RankedPerson.objects.filter(batch=batch, block=number).exists():
        return 0
    RankedPerson.objects.bulk_create(rows, batch_size=1000)
    batch.done_blocks += 1
    if batch.done_blocks >= len(batch.blocks):
        batch.finished_at = timezone.now()
    batch.save(update_fields=["done_blocks", "finished_at"])
    return len(rows)


def rows_of(batch: RankBatch, number: int) -> list[RankedPerson]:
    """The rows of one block, made from the batch's stored inputs."""
    kind, first, last = batch.blocks[number]
    snapshot = CatalogueSnapshot.objects.get(pk=batch.catalogue_id)
    catalogue = restored(bytes(snapshot.content), batch.catalogue_id)
    model = model_of(batch.run)
    pk_of = dict(
        Project.objects.filter(public_id__in=catalogue.arrays.ids).values_list("public_id", "pk")
    )
    if kind == "simulated":
        people = SimulatedInvestor.objects.filter(pk__range=(first, last)).order_by("pk")
        return [
            _row(batch, number, row, _wish(row, batch.day), catalogue, model, pk_of)
            for row in people
        ]
    profiles = _profiles().filter(user_id__gte=first, user_id__lte=last).select_related("user")
    settings = ListSettings.objects.filter(user__in=profiles.values("user"))
    rules = {row.user_id: row for row in settings}
    hidden: dict[int, set[str]] = {}
    for user, key in Dismissal.objects.filter(user__in=profiles.values("user")).values_list(
        "user_id", "project__public_id"
    ):
        hidden.setdefault(user, set()).add(key)
    choosers = who_chose(profiles.values("user"))
    found = []
    for profile in profiles.order_by("user_id"):
        kept = rules.get(profile.user_id)
        wish = _wish(profile, batch.day, profile.weights, kept)
        if profile.user_id in choosers:
            chosen = own_choices(profile.user, batch.day)
            wish = replace(wish, answers=replace(wish.answers, chosen=chosen))
        wish = replace(wish, hidden=frozenset(hidden.get(profile.user_id, ())))
        if kept is None or kept.with_floor:
            wish = replace(wish, floor=floor_of(batch.reading, profile.user.public_id))
        found.append(_row(batch, number, profile, wish, catalogue, model, pk_of))
    return found


def _wish(
    row: InvestorAnswers,
    day: date,
    weights: dict[str, str] | None = None,
    kept: ListSettings | None = None,
) -> Wish:
    answers: Answers = answers_of(row)
    rules = PAGE_RULES
    if kept is not None:
        rules = ListRules(kept.explore, kept.with_calls, kept.variety, kept.with_floor)
    return Wish(
        engine_answers(answers),
        weights or {},
        day.isoformat(),
        explore=rules.explore,
        with_calls=rules.with_calls,
        variety=rules.variety,
    )


def _row(
    batch: RankBatch,
    number: int,
    person: InvestorAnswers,
    wish: Wish,
    catalogue: Catalogue,
    model: Model,
    pk_of: dict[str, int],
) -> RankedPerson:
    order = order_of(wish, catalogue, model, limit=FIRST_PAGE, offset=0)
    ids = catalogue.arrays.ids
    spots = [spot for spot in order.spots if ids[spot.row] in pk_of]
    is_user = isinstance(person, InvestorProfile)
    return RankedPerson(
        batch=batch,
        block=number,
        user_id=person.user_id if isinstance(person, InvestorProfile) else None,
        simulated_id=None if is_user else person.pk,
        projects=[pk_of[ids[spot.row]] for spot in spots],
        scores=[spot.score for spot in spots],
    )
