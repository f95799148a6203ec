"""That the pledge's and the obligation's rows are really held while they are decided about."""

import threading
from typing import Any

import pytest
from django.db import connections, transaction

from backend.funding.actions.settling import locked
from tests.payments.walks import a_due_charge
from tests.sandbox import Sandbox


@pytest.mark.slow
@pytest.mark.parametrize("model", ["pledge", "obligation"])
@pytest.mark.django_db(transaction=True)
def test_a_second_one_waits_for_the_row(sandbox: Sandbox, model: str) -> None:
    row = a_due_charge(sandbox)
    target: Any = row.pledge if model == "pledge" else row
    found: list[bool] = []

    def other() -> None:
        with transaction.atomic():
            rows = type(target).objects.select_for_update(skip_locked=True, of=("self",))
            found.append(rows.filter(pk=target.pk).exists())
        connections.close_all()

    with transaction.atomic():
        locked(row)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(30)
    assert found == [False]
