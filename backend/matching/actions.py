"""Training and publishing a run; storing a person's list; replaying a stored one."""

from dataclasses import asdict, replace
from typing import Any

import structlog
from django.db import transaction

from backend.accounts.answers import answers_of, values_of
from backend.accounts.models import User
from backend.core import audit
from backend.core.ids import new_id
from backend.matching.catalogue import (
    Catalogue,
    current_catalogue,
    engine_vocabulary,
    listing_from,
)
from backend.matching.engine import artifact, schema
from backend.matching.engine.schema import encode_listings
from backend.matching.engine.score import rank_one, rule_model
from backend.matching.models import CatalogueSnapshot, Match, MatchList, MatchRun
from backend.matching.queries import answers_from, engine_answers, today
from backend.matching.runs import current_model, newest_published, serving_of

log = structlog.get_logger(__name__)
STORED_PLACES = 200
# The first pages of everybody together must show most of what is listed.
LEAST_COVERAGE = 0.5
MOST_GINI = 0.8


def train_run() -> MatchRun | None:
    """Learn from all choices, measure on the newest fifth, publish only if the gate passes.

    Returns None when there is too little to learn from. scikit-learn is loaded here, in a worker.
    """
    # Loaded late: the web imports this module and must not load scikit-learn (seconds).
    from backend.matching.dataset import read_dataset  # noqa: PLC0415
    from backend.matching.engine.evaluate import evaluate, paired_interval  # noqa: PLC0415
    from backend.matching.engine.fit import MatchRanker, TooFewChoices  # noqa: PLC0415

    data = read_dataset()
    seen, held_out = data.split()
    run_id = new_id("run")
    ranker = MatchRanker(random_state=0)
    arrays = data.catalogue.arrays
    try:
        trial = ranker.fit(data.people, arrays, seen, run_id)
        ours = evaluate(trial, data.people, arrays, seen, held_out)
    except TooFewChoices as reason:
        log.info("matching.too_few_choices", reason=str(reason))
        return None
    rules = evaluate(rule_model(), data.people, arrays, seen, held_out)
    last = serving_of(newest_published())
    before = (
        rules if last.model.is_rules else evaluate(last.model, data.people, arrays, seen, held_out)
    )
    gain, low, high = paired_interval(ours.per_person, rules.per_person)
    metrics = {
        "run": ours.as_metrics(),
        "rules": rules.as_metrics(),
        "before": before.as_metrics(),
        "gain_over_rules": {"mean": round(gain, 4), "low": round(low, 4), "high": round(high, 4)},
        "choices": {"learnt_from": len(seen), "held_out": len(held_out)},
    }
    gate = gate_of(metrics)
    # Measured on the past, then learnt from everything: what serves knows the newest choices too.
    final = ranker.fit(data.people, arrays, data.choices, run_id)
    window = {"from": str(data.at[0]), "until": str(data.at[-1])}
    content = artifact.dump(final, metrics=metrics, window=window)
    return _store(run_id, content, metrics, gate, (data.at[0], data.at[-1]))


def gate_of(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """What a run must pass to serve: each rule with what it asked and what it saw."""
    run, rules, before = metrics["run"], metrics["rules"], metrics["before"]
    return [
        _rule("beats the rules", metrics["gain_over_rules"]["low"], 0, above=True),
        _rule(
            "not worse than the run before",
            run["ndcg_at_10"],
            before["ndcg_at_10"] * 0.98,
            above=True,
        ),
        _rule(
            "coverage of first pages",
            run["coverage_at_20"],
            min(LEAST_COVERAGE, rules["coverage_at_20"]),
            above=True,
        ),
        _rule(
            "even exposure (Gini)",
            run["gini_at_20"],
            max(MOST_GINI, rules["gini_at_20"]),
            above=False,
        ),
    ]


def _rule(name: str, seen: float, asked: float, *, above: bool) -> dict[str, Any]:
    passed = seen >= asked if above else seen <= asked
    return {"rule": name, "seen": seen, "asked": round(asked, 4), "passed": passed}


@transaction.atomic
def _store(
    run_id: str,
    content: bytes,
    metrics: dict[str, Any],
    gate: list[dict[str, Any]],
    window: tuple[Any, Any],
) -> MatchRun:
    passed = all(rule["passed"] for rule in gate)
    _model, meta = artifact.load(content)
    run = MatchRun.objects.create(
        public_id=run_id,
        state=MatchRun.State.PUBLISHED if passed else MatchRun.State.REFUSED,
        artifact=content,
        artifact_sha256=meta["sha256"],
        schema_version=schema.SCHEMA_VERSION,
        feature_version=schema.FEATURE_VERSION,
        metrics=metrics,
        gate=gate,
        window_from=window[0],
        window_until=window[1],
    )
    code = "match_run.published" if passed else "match_run.refused"
    audit.record(code, by=None, subject=run, data={"metrics": metrics["run"], "gate": gate})
    return run


@transaction.atomic
def list_for(user: User, *, by: User) -> MatchList:
    """The person's list of today: the stored one, or a new one when answers, run, day or
    catalogue changed since."""
    profile = user.profile
    catalogue, serving, day = current_catalogue(), current_model(), today()
    newest = MatchList.objects.filter(user=user).order_by("-created_at", "-id").first()
    sha256 = catalogue.sha256
    key = (day, profile.version, serving.run_id, sha256)
    if newest and key == (
        newest.day, newest.profile_version, newest.run_id, newest.catalogue_sha256,
    ):  # fmt: skip
        return newest
    answers = answers_of(profile)
    CatalogueSnapshot.objects.get_or_create(
        sha256=sha256, defaults={"listings": [asdict(row) for row in catalogue.listings]}
    )
    stored = MatchList.objects.create(
        user=user,
        run_id=serving.run_id,
        day=day,
        profile_version=profile.version,
        # The budget in đồng is stored too: a later rate must not change a past order.
        answers={**values_of(answers), "budget_vnd": engine_answers(answers).budget},
        weights=profile.weights,
        catalogue_sha256=sha256,
    )
    _store_places(stored, catalogue)
    return stored


def _store_places(stored: MatchList, catalogue: Catalogue) -> None:
    ranked = _rank(stored, catalogue.arrays)
    Match.objects.bulk_create(
        Match(
            match_list=stored,
            position=i + 1,
            project_id=catalogue.project_ids[row],
            score=int(ranked.scores[i]),
            points=dict(zip(schema.FACTORS, ranked.points[i].tolist(), strict=True)),
        )
        for i, row in enumerate(ranked.rows.tolist())
    )


def _rank(stored: MatchList, arrays: schema.ListingArrays) -> Any:
    answers = answers_from(stored.answers)
    # The budget in đồng as it was stored: a later rate must not change a past order.
    asked = replace(engine_answers(answers), budget=stored.answers.get("budget_vnd"))
    model = serving_of(stored.run).model
    return rank_one(
        asked, arrays, model, weights=stored.weights, k=STORED_PLACES, day=stored.day.isoformat()
    )


def replay(stored: MatchList) -> list[tuple[str, int]]:
    """Make a stored list again from its stored inputs: (project id, score) in order."""
    snapshot = CatalogueSnapshot.objects.get(sha256=stored.catalogue_sha256)
    listings = [listing_from(document) for document in snapshot.listings]
    ranked = _rank(stored, encode_listings(listings, engine_vocabulary()))
    return [
        (listings[row].id, int(score))
        for row, score in zip(ranked.rows.tolist(), ranked.scores.tolist(), strict=True)
    ]
