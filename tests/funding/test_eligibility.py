"""The rules as data: vectors of the file, the strictest of two rows, and what is switched off."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.funding import eligibility as rules

ON = date(2026, 11, 26)
DOCUMENT: dict[str, Any] = json.loads(rules.RULES.read_text(encoding="utf-8"))
VECTORS = DOCUMENT["vectors"]


def of(kind: str) -> list[dict[str, Any]]:
    return [v for v in VECTORS if kind in v]


@pytest.mark.parametrize("vector", of("limit"), ids=str)
def test_the_us_limit_agrees_with_its_vectors(vector: dict[str, Any]) -> None:
    needs = rules.requirements("US", "equity", ON)
    limit = next(x for x in needs.limits if x.rule_id == vector["rule"])
    found = rules.limit_of(
        limit, income=Decimal(vector["income"]), worth=Decimal(vector["net_worth"])
    )
    assert (found, limit.currency) == (Decimal(vector["limit"]), "USD")


@pytest.mark.parametrize("vector", of("warn_above"), ids=str)
def test_the_extra_warning_agrees_with_its_vectors(vector: dict[str, Any]) -> None:
    needs = rules.requirements("DE", "equity", ON)
    assert needs.warn_above is not None
    worth = Decimal(vector["net_worth"])
    assert rules.warning_threshold(needs.warn_above, worth) == vector["warn_above"]
    assert rules.warning_currency(needs.warn_above) == "EUR"
    if "loss_capacity" in vector:
        assert rules.bearable_loss(worth, Decimal("0.1")) == vector["loss_capacity"]


def test_the_reflection_time_agrees_with_its_vector() -> None:
    vector = of("revocable_through")[0]
    at = datetime.fromisoformat(vector["committed_at"])
    needs = rules.requirements("FR", "equity", ON)
    until = rules.cooling_until(at, needs, platform_days=0)
    assert until == datetime.fromisoformat(vector["revocable_through"])


def test_every_vector_of_the_file_was_used() -> None:
    used = of("limit") + of("warn_above") + of("revocable_through")
    assert len(used) == len(VECTORS)


def test_the_strictest_of_country_and_platform_holds() -> None:
    at = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)  # a Friday
    australia = rules.requirements("AU", "equity", ON)
    assert rules.cooling_until(at, australia, 4) == at + timedelta(days=7)
    assert rules.cooling_until(at, australia, 14) == at + timedelta(days=14)
    assert [x.rule_id for x in australia.limits] == ["au-csf"]
    assert australia.knowledge_years == 2, "the platform's floor holds where the country is silent"


def test_a_country_without_a_row_gets_the_default_row() -> None:
    assert "eu-ecspr-art21-7" in rules.requirements("BR", "equity", ON).rule_ids
    assert "eu-ecspr-art21-7" in rules.requirements("VN", "equity", ON).rule_ids
    assert "eu-ecspr-art21-7" not in rules.requirements("US", "equity", ON).rule_ids


def test_what_is_draft_or_unconfirmed_is_switched_off() -> None:
    used = {
        rule_id
        for country in ("US", "JP", "DE", "VN", "GB")
        for instrument in sorted(rules.SECURITY_LIKE)
        for rule_id in rules.requirements(country, instrument, ON).rule_ids
    }
    assert not used & {"vn-ifc-draft", "jp-small-offering", "eu-ecspr-offer"}


def test_a_rule_does_not_hold_before_its_day() -> None:
    with pytest.raises(LookupError):
        rules.requirements("DE", "equity", date(2025, 12, 31))


def test_money_comes_in_as_the_rules_say() -> None:
    routes = {
        instrument: rules.requirements("US", instrument, ON).route
        for instrument in sorted(rules.GIFTS | rules.SECURITY_LIKE)
    }
    assert routes == {
        "contribution": "card", "reward": "card", "loan": "information",
        "convertible": "bank", "equity": "bank", "fund_unit": "bank",
    }  # fmt: skip


def test_gifts_have_no_limits_and_public_terms() -> None:
    needs = rules.requirements("US", "contribution", ON)
    assert not needs.limits
    assert not needs.terms_behind_check
    assert not needs.needs_figures
    assert needs.people_below is None


def test_the_smaller_number_of_people_holds() -> None:
    assert rules.requirements("US", "equity", ON).people_below == 100
    fund = rules.requirements("US", "fund_unit", ON)
    assert (fund.people_below, fund.people_rule) == (31, "vn-decree-210-2025")


def test_a_rule_can_close_a_form_to_a_country() -> None:
    row = {
        "id": "xx-closed", "jurisdiction": "XX", "valid_from": "2026-01-01", "status": "in force",
        "source": "test", "is_offered": False, "label_vi": "Đóng", "label_en": "Closed",
    }  # fmt: skip
    book = rules.read_rules({**DOCUMENT, "rules": [*DOCUMENT["rules"], row]})
    needs = rules.requirements("XX", "equity", ON, book)
    assert (needs.is_offered, needs.refusing_rule) == (False, "xx-closed")
    assert rules.requirements("XX", "contribution", ON, book).is_offered


@pytest.mark.parametrize(("language", "said"), [("vi", "mức sàn"), ("en", "own floor")])
def test_every_rule_that_holds_has_a_name(language: str, said: str) -> None:
    needs = rules.requirements("US", "equity", ON)
    assert said in rules.rule_label(needs.people_rule, language)
    named = {rules.rule_label(rule, language) for rule in needs.rule_ids}
    assert not named & set(needs.rule_ids)


@given(st.integers(-(10**9), 10**10), st.integers(0, 10**10))
def test_no_us_limit_passes_the_cap_or_falls_under_the_floor(worth: int, income: int) -> None:
    limit = rules.requirements("US", "equity", ON).limits[0]
    found = rules.limit_of(limit, income=Decimal(income), worth=Decimal(worth))
    assert 2500 <= found <= 124_000
