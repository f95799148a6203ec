"""Training and publishing a run."""

from typing import Any

import structlog
from django.db import transaction

from backend.core import audit
from backend.core.ids import new_id
from backend.matching.engine import artifact, schema
from backend.matching.engine.score import Model, rule_model
from backend.matching.exposure import policy_in_force
from backend.matching.models import MatchRun
from backend.matching.runs import feature_version, newest_published

log = structlog.get_logger(__name__)
# The first pages of everybody together must show most of what is listed.
LEAST_COVERAGE = 0.5
MOST_GINI = 0.8
# With the floor on: how many listings must get what they are owed, and what it may cost.
LEAST_REACHED = 0.8
MOST_COST = 0.1


def train_run() -> MatchRun | None:
    """Learn from all choices, measure on the newest fifth, publish only if the gate passes.

    Returns None when there is too little to learn from. scikit-learn is loaded here, in a worker.
    """
    # Loaded late: the web imports this module and must not load scikit-learn (seconds).
    from backend.matching.dataset import read_dataset  # noqa: PLC0415
    from backend.matching.engine.evaluate import (  # noqa: PLC0415
        as_they_were,
        by_choices,
        evaluate,
        gain_of_few,
        paired_interval,
    )
    from backend.matching.engine.fit import MatchRanker, TooFewChoices  # noqa: PLC0415
    from backend.matching.served import exposure_of  # noqa: PLC0415

    data, policy = read_dataset(), policy_in_force()
    seen, held_out = data.split()
    run_id = new_id("run")
    ranker = MatchRanker(random_state=0)
    arrays = data.catalogue.arrays
    try:
        trial = ranker.fit(data.people, arrays, seen, run_id, data.dismissed)
        # Measured on the past, then learnt from everything: what serves knows the newest choices.
        final = ranker.fit(data.people, arrays, data.choices, run_id, data.dismissed)
    except TooFewChoices as reason:
        log.info("matching.too_few_choices", reason=str(reason))
        return None
    people = as_they_were(data.people, arrays, seen, held_out)
    ours = evaluate(trial, people, arrays, seen, held_out)
    rules = evaluate(rule_model(), people, arrays, seen, held_out)
    plain = evaluate(trial, data.people, arrays, seen, held_out)
    last = _measured_before()
    before = rules if last is None else evaluate(last, people, arrays, seen, held_out)
    gain, low, high = paired_interval(ours.per_person, rules.per_person)
    metrics = {
        "run": ours.as_metrics(),
        "rules": rules.as_metrics(),
        "before": before.as_metrics(),
        "gain_over_rules": {"mean": round(gain, 4), "low": round(low, 4), "high": round(high, 4)},
        "gain_of_few": gain_of_few(ours, rules, seen),
        "by_choices": by_choices(ours, plain, rules, seen),
        "choices": {"learnt_from": len(seen), "held_out": len(held_out)},
        "dismissals": len(data.dismissed),
        "listings": len(arrays),
        "people": len(data.people),
        "simulated": data.simulated,
        "position": {
            "choices": data.positions.choices,
            "looked_at": [round(float(share), 3) for share in data.positions.looked_at[:20]],
        },
        "exposure": exposure_of(
            trial, people, data.catalogue, seen, held_out,
            floor_percent=policy.floor_percent if policy else 0,
            places=policy.places if policy else 0,
        ),
    }  # fmt: skip
    gate = gate_of(metrics)
    window = {"from": str(data.at[0]), "until": str(data.at[-1])}
    content = artifact.dump(final, metrics=metrics, window=window)
    measured = artifact.dump(trial, metrics=metrics, window=window)
    return _store(run_id, (content, measured), metrics, gate, (data.at[0], data.at[-1]))


def _measured_before() -> Model | None:
    """What was measured for the last run. It has not seen the newest choices, which the model
    that serves has: a comparison with that one would be won by memory."""
    last = newest_published()
    if last is None or not last.trial or last.feature_version != feature_version():
        return None
    try:
        return artifact.load(bytes(last.trial))[0]
    except artifact.ArtifactError:
        return None


def gate_of(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """What a run must pass to serve: each rule with what it asked and what it saw."""
    run, rules, before = metrics["run"], metrics["rules"], metrics["before"]
    exposure = metrics["exposure"]
    served = exposure["served"]
    return [
        _rule("beats the rules", metrics["gain_over_rules"]["low"], 0, above=True),
        # The mean of everybody hides those with little but answers; for them the rules are there.
        _rule("serves people of few choices", metrics["gain_of_few"]["mean"], 0, above=True),
        _rule(
            "not worse than the run before",
            run["ndcg_at_10"],
            before["ndcg_at_10"] * 0.98,
            above=True,
        ),
        _rule(
            "coverage of first pages",
            served["coverage_at_20"],
            min(LEAST_COVERAGE, rules["coverage_at_20"]),
            above=True,
        ),
        _rule(
            "even exposure (Gini)",
            served["gini_at_20"],
            max(MOST_GINI, rules["gini_at_20"]),
            above=False,
        ),
        _rule("listings that reach their floor", served["reached"], LEAST_REACHED, above=True),
        _rule("cost of the floor in NDCG", exposure["cost_in_ndcg"], MOST_COST, above=False),
    ]


def _rule(name: str, seen: float, asked: float, *, above: bool) -> dict[str, Any]:
    passed = seen >= asked if above else seen <= asked
    return {"rule": name, "seen": seen, "asked": round(asked, 4), "passed": passed}


@transaction.atomic
def _store(
    run_id: str,
    contents: tuple[bytes, bytes],
    metrics: dict[str, Any],
    gate: list[dict[str, Any]],
    window: tuple[Any, Any],
) -> MatchRun:
    passed = all(rule["passed"] for rule in gate)
    content, measured = contents
    _model, meta = artifact.load(content)
    run = MatchRun.objects.create(
        public_id=run_id,
        state=MatchRun.State.PUBLISHED if passed else MatchRun.State.REFUSED,
        artifact=content,
        trial=measured,
        artifact_sha256=meta["sha256"],
        schema_version=schema.SCHEMA_VERSION,
        feature_version=feature_version(),
        metrics=metrics,
        gate=gate,
        window_from=window[0],
        window_until=window[1],
    )
    code = "match_run.published" if passed else "match_run.refused"
    audit.record(code, by=None, subject=run, data={"metrics": metrics["run"], "gate": gate})
    return run
