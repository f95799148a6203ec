"""One unsafe call, done once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.core import idempotency
from backend.core.errors import Conflict, Invalid
from backend.core.models import IdempotencyKey

pytestmark = pytest.mark.django_db
CALL = idempotency.hash_of_call("POST", "/api/v1/x/", b"{}")


def test_the_first_call_works_and_the_second_gets_its_answer() -> None:
    assert idempotency.claim("usr_a", "k", CALL) is None
    with pytest.raises(Conflict) as caught:
        idempotency.claim("usr_a", "k", CALL)
    assert caught.value.code == "still_running"
    idempotency.keep("usr_a", "k", 201, {"id": "x"})
    assert idempotency.claim("usr_a", "k", CALL) == idempotency.KeptAnswer(201, {"id": "x"})


def test_a_key_belongs_to_one_call_of_one_person() -> None:
    idempotency.claim("usr_a", "k", CALL)
    other = idempotency.hash_of_call("POST", "/api/v1/x/", b'{"amount": 2}')
    with pytest.raises(Conflict) as caught:
        idempotency.claim("usr_a", "k", other)
    assert caught.value.code == "idempotency_key_reused"
    assert idempotency.claim("usr_b", "k", other) is None


def test_a_call_that_failed_may_be_tried_again() -> None:
    idempotency.claim("usr_a", "k", CALL)
    idempotency.release("usr_a", "k")
    assert idempotency.claim("usr_a", "k", CALL) is None


def test_a_call_whose_process_died_is_given_up() -> None:
    idempotency.claim("usr_a", "k", CALL)
    long_ago = timezone.now() - idempotency.GIVE_UP - timedelta(seconds=1)
    IdempotencyKey.objects.update(created_at=long_ago)
    assert idempotency.claim("usr_a", "k", CALL) is None


@pytest.mark.parametrize("key", ["", "x" * 101, "khóa", "a\nb", "a\x00"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        idempotency.claim("usr_a", key, CALL)
