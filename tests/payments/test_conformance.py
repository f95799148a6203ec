"""Every request to Stripe is one that the installed SDK's own parameter types allow.

The sandbox judges each request of the whole suite (the `sandbox` fixture fails on a violation).
Here: that its judge sees what is wrong, and that no call of the gateway goes unjudged.
"""

import ast
import inspect
import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.utils import timezone

from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.local.stripe_sandbox import api, judge
from backend.local.stripe_sandbox.store import VERSION
from tests.sandbox import VISA, Sandbox

CREATE = "POST /v1/payment_intents"
GOOD = {
    "amount": "100", "currency": "usd", "capture_method": "automatic",
    "automatic_payment_methods": {"enabled": "true"}, "metadata": {"any": "thing"},
}  # fmt: skip
WRONG = [
    ({"amuont": "100"}, "amuont is unknown"),
    ({"automatic_payment_methods": {"enabeld": "true"}}, "[enabeld] is unknown"),
    ({"automatic_payment_methods": {}}, "automatic_payment_methods[enabled] is missing"),
    ({"automatic_payment_methods": {"enabled": "yes"}}, "is no bool"),
    ({"amount": "1.5"}, "amount is no int"),
    ({"metadata": "thing"}, "metadata is no structure"),
    ({"capture_method": "sometime"}, "capture_method is 'sometime'"),
    ({"payment_method_types": ["card"]}, "payment_method_types is unknown"),
    ({"payment_method_options": {"card": {"request_three_d_secur": "any"}}}, "[card] is {"),
]  # fmt: skip


def test_a_good_request_is_let_pass() -> None:
    assert judge.violations_of(CREATE, GOOD) == []


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said for _changes, said in WRONG])
def test_what_the_sdk_does_not_allow_is_seen(changes: dict[str, Any], said: str) -> None:
    found = judge.violations_of(CREATE, GOOD | changes)
    assert any(said in one for one in found)


def test_a_field_that_must_be_there_is_missed() -> None:
    found = judge.violations_of(CREATE, {"currency": "usd"})
    assert found == [f"{CREATE}: amount is missing"]


def test_an_unknown_call_is_a_violation() -> None:
    assert judge.violations_of("POST /v1/tokens", {}) != []


def test_every_call_of_the_sandbox_has_its_type_in_the_installed_sdk() -> None:
    assert stripe.api_version == VERSION == gateway.api_version()
    assert set(api.CALLS) == set(judge.TYPES)
    for call in api.CALLS:
        assert judge._hints(judge._class_of(judge.TYPES[call])) is not None


def raw(sandbox: Sandbox, **headers: str) -> None:
    request = urllib.request.Request(
        f"{sandbox.base}/v1/customers", b"email=a%40example.com", method="POST",
        headers={"Authorization": f"Bearer {gateway.SANDBOX_KEY}"} | headers,
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.loads(answer.read())["object"] == "customer"


def test_a_request_without_our_key_or_of_another_version_is_a_violation(sandbox: Sandbox) -> None:
    raw(sandbox, **{"Stripe-Version": VERSION, "Idempotency-Key": "ours"})
    assert sandbox.violations() == []
    made_up = "0b0ab3c5-6d1f-4a52-9a7e-0123456789ab"
    raw(sandbox, **{"Stripe-Version": VERSION, "Idempotency-Key": made_up})
    raw(sandbox, **{"Stripe-Version": "2020-08-27", "Idempotency-Key": "ours too"})
    assert len(sandbox.violations()) == 2
    sandbox.reset()


def calling() -> set[str]:
    """The functions of the gateway that send a request by themselves."""
    tree = ast.parse(inspect.getsource(gateway))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and "_client()" in ast.unparse(node)
    } - {"_client"}


def test_every_call_of_the_gateway_is_as_the_sdk_says(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each function that sends something is called here: a new one fails this test."""
    sent: set[str] = set()

    def watched(name: str) -> Any:
        whole = getattr(gateway, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            sent.add(name)
            return whole(*args, **kwargs)

        return call

    names = calling()
    for name in names:
        monkeypatch.setattr(gateway, name, watched(name))
    since = timezone.now() - timedelta(days=1)
    customer = gateway.create_customer(email="a@example.com", investor_id="usr_1", key="1")
    page = gateway.create_session(
        customer_id=customer, currency="USD", setup_id="set_1", success_url="https://x.example/a",
        cancel_url="https://x.example/b", language="vi", note="Nothing is charged now.", key="2",
    )  # fmt: skip
    sandbox.save_card(page.url, VISA)
    card = gateway.session(page.id).card
    assert card is not None

    def an_intent(key: str) -> gateway.Intent:
        params = gateway.intent_params(
            money=Money(5_000, "USD"), customer_id=customer, obligation_id=key, project="P"
        )
        return gateway.create_intent(params, key=key)

    paid, present, left = (an_intent(key) for key in ("3", "4", "5"))
    off = gateway.confirm_params(card.payment_method)
    on = gateway.confirm_params(card.payment_method, return_url="https://x.example/c")
    done = gateway.confirm_intent(paid.id, off, key="6")
    gateway.confirm_intent(present.id, on, key="7")
    assert gateway.cancel_intent(left.id, key="8").status == "canceled"
    assert gateway.intent(paid.id).status == "succeeded"
    assert len(list(gateway.intents_of(customer, since=since))) == 3
    assert len(list(gateway.intents_since(since))) == 3
    params = gateway.refund_params(
        intent_id=paid.id, money=Money(1_000, "USD"), refund_id="ref_1"
    )  # fmt: skip
    refund = gateway.create_refund(params, key="9")
    assert gateway.refund(refund.id).money == Money(1_000, "USD")
    assert len(gateway.refunds_of(paid.id)) == 1
    assert gateway.charge_intent_id(done.charge_id) == paid.id
    told = sandbox.told("dispute", charge=done.charge_id)
    assert gateway.dispute(told["id"]).id == told["id"]
    assert len(list(gateway.disputes_since(since))) == 1
    assert gateway.balance()["USD"] > 0
    payout = sandbox.told("payout")
    assert [p.id for p in gateway.payouts(since=since)] == [payout["id"]]
    assert list(gateway.transactions(since=since))
    assert list(gateway.transactions(since=since, payout_id=payout["id"]))
    assert list(gateway.events_since(since))
    assert gateway.card(card.payment_method)[1]
    gateway.forget_card(card.payment_method, key="10")
    assert sent == names
    assert sandbox.violations() == []
