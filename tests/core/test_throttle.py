"""Limits that hold whoever counts."""

from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from backend.core import throttle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_counts_of_other_tests() -> None:
    """The table has no model, so tests that commit leave their counts in it."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_throttle")


def test_the_limit_holds_and_says_when_to_come_back() -> None:
    taken = [throttle.take("t", "a", limit=3, window_s=3600) for _ in range(5)]
    assert [t.is_allowed for t in taken] == [True, True, True, False, False]
    assert [t.remaining for t in taken[:3]] == [2, 1, 0]
    assert 1 <= taken[3].retry_after_s <= 3601
    assert throttle.take("t", "b", limit=3, window_s=3600).is_allowed
    assert throttle.take("other", "a", limit=3, window_s=3600).is_allowed


def test_hits_of_the_window_before_count_in_part() -> None:
    for _ in range(3):
        throttle.take("t", "a", limit=3, window_s=3600)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_throttle SET window_no = window_no - 1")
    assert throttle.take("t", "a", limit=100, window_s=3600).is_allowed
    with connection.cursor() as cursor:
        cursor.execute("SELECT hits, before FROM core_throttle")
        assert cursor.fetchone() == (1, 3)


def test_hits_of_long_ago_do_not_count() -> None:
    for _ in range(4):
        throttle.take("t", "a", limit=3, window_s=3600)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_throttle SET window_no = window_no - 2")
    assert throttle.take("t", "a", limit=3, window_s=3600).is_allowed


def test_a_scope_can_be_forgotten_and_no_other_with_it() -> None:
    for scope in ("card_1", "card_10", "cardx1"):
        assert throttle.take(scope, "a", limit=1, window_s=3600).is_allowed
    throttle.forget("card_1")
    again = [throttle.take(s, "a", limit=1, window_s=3600) for s in ("card_1", "card_10", "cardx1")]
    assert [t.is_allowed for t in again] == [True, False, False]


def test_no_address_is_stored_in_the_clear() -> None:
    throttle.take("t", "203.0.113.9", limit=3, window_s=60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM core_throttle")
        assert "203.0.113.9" not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [(0, "203.0.113.9", "198.51.100.1"), (1, "203.0.113.9", "203.0.113.9"),
     (1, "1.1.1.1, 203.0.113.9", "203.0.113.9")],
)  # fmt: skip
def test_a_forwarded_address_is_believed_only_from_our_own_proxies(
    proxies: int, forwarded: str, expected: str, settings: Any
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert throttle.client_address(request) == expected


def test_all_addresses_of_one_ipv6_network_are_one_caller() -> None:
    one, two = (
        throttle.client_address(RequestFactory().get("/", REMOTE_ADDR=address))
        for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")
    )
    assert one == two
