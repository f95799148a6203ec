"""A small market: twelve listed projects, and a run that learnt from invented people."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.utils import timezone

from backend.funding.models import FxRate
from backend.matching import actions, catalogue, exposure, population, runs
from backend.matching.engine import artifact
from backend.matching.engine.schema import MINE
from backend.matching.models import MatchRun
from backend.projects import taxonomy
from tests.matching.world import a_market


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    def forget() -> None:
        catalogue.forget_catalogue()
        runs.forget_model()
        exposure.forget_reading()
        exposure.forget_views()

    forget()
    yield
    forget()


@pytest.fixture(autouse=True)
def first_policy(request: pytest.FixtureRequest) -> None:
    """The rule that the migration sets, also after a transactional test emptied its table."""
    marked = request.node.get_closest_marker("django_db") is not None
    if marked or {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("db")
        import_module("backend.matching.migrations.0004_first_policy").set_first(apps, None)


@pytest.fixture
def rates(db: None) -> None:
    FxRate.objects.create(
        base="USD", quote="VND", rate=Decimal(26000), as_of=timezone.now(), source="t",
        is_sample=True,
    )  # fmt: skip


@pytest.fixture
def listed(rates: None) -> list[Any]:
    fields = taxonomy.keys("field")
    return a_market(
        12,
        lambda n: {
            "field": fields[n % 5],
            "instrument": "contribution" if n % 2 else "loan",
            "technologies": ["iot_sensors"] if n % 3 else ["ai"],
            "trl": 4 + n % 5,
        },
    )


@pytest.fixture
def learnt(listed: list[Any]) -> MatchRun:
    population.create(people=60)
    run = actions.train_run()
    assert run is not None
    runs.forget_model()
    return run


@pytest.fixture
def served(learnt: MatchRun) -> MatchRun:
    """A run that gives own choices twenty points, whatever sixty invented people taught it."""
    model, _meta = artifact.load(bytes(learnt.artifact))
    points = np.rint(model.max_points[:MINE] * 80 / model.max_points[:MINE].sum()).astype(np.int64)
    points[0] += 80 - points.sum()
    coefficients, high = model.coefficients.copy(), model.high.copy()
    coefficients[MINE] = high[MINE] = 1.0
    model = replace(model, coefficients=coefficients, high=high, max_points=np.append(points, 20))
    data = artifact.dump(model, metrics={}, window={})
    MatchRun.objects.update(state="published", artifact=data)
    runs.forget_model()
    return learnt
