"""Catalogue and model are kept in the process for seconds; no test reads those of another one."""

import pytest

from backend.matching.catalogue import forget_catalogue
from backend.matching.runs import forget_model


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    forget_catalogue()
    forget_model()
