"""Hints from Stripe: what is taken, what is turned away, and that none of it decides anything."""

import json
import threading
import time
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from backend.core import jobs
from backend.core.models import Job
from backend.funding.actions import events
from backend.funding.models import StripeEvent
from backend.local.stripe_sandbox.events import signature
from tests.payments.walks import a_due_charge, fresh, run
from tests.sandbox import SECRET, Sandbox

PATH = "/webhooks/stripe/"


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded",
        "created": int(time.time()), "livemode": False, "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "pi_1", "object": "payment_intent", "metadata": {}}},
    } | changes  # fmt: skip


def send(body: bytes | str, header: str | None) -> int:
    raw = body.encode() if isinstance(body, str) else body
    headers = {} if header is None else {"stripe-signature": header}
    reply = Client().post(PATH, raw, content_type="application/json", headers=headers)
    if reply.status_code != 200:
        assert reply.content == b""
    return reply.status_code


def post_signed(body: bytes, *, secret: str = SECRET, age_s: int = 0) -> int:
    return send(body, signature(body, [secret], int(time.time()) - age_s))


def nothing_was_kept() -> bool:
    return not StripeEvent.objects.exists() and not Job.objects.exists()


@pytest.mark.django_db
def test_a_signed_event_is_kept_and_answered(sandbox: Sandbox) -> None:
    body = json.dumps(an_event()).encode()
    assert post_signed(body) == 200
    assert StripeEvent.objects.get().object_id == "pi_1"
    assert Job.objects.get().key == "evt_1"


@pytest.mark.django_db
def test_row_31_the_same_event_ten_times_is_one(sandbox: Sandbox) -> None:
    body = json.dumps(an_event()).encode()
    assert {post_signed(body) for _ in range(10)} == {200}
    assert (StripeEvent.objects.count(), Job.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_row_31_the_same_event_at_once_is_one(sandbox: Sandbox) -> None:
    body, statuses = json.dumps(an_event()).encode(), []

    def go() -> None:
        statuses.append(post_signed(body))
        connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * 8
    assert (StripeEvent.objects.count(), Job.objects.count()) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("age_s", [301, 4000, -301, -4000])
def test_rows_37_and_38_a_time_outside_five_minutes_is_refused(
    sandbox: Sandbox, age_s: int
) -> None:
    assert post_signed(json.dumps(an_event()).encode(), age_s=age_s) == 400
    assert nothing_was_kept()


@pytest.mark.django_db
def test_row_36_another_secret_is_refused(sandbox: Sandbox) -> None:
    assert post_signed(json.dumps(an_event()).encode(), secret="whsec_other") == 400
    assert nothing_was_kept()


@pytest.mark.django_db
def test_row_35_a_changed_body_is_refused(sandbox: Sandbox) -> None:
    body = json.dumps(an_event()).encode()
    header = signature(body, [SECRET], int(time.time()))
    assert send(body.replace(b"pi_1", b"pi_2"), header) == 400
    assert nothing_was_kept()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [None, "", "t=1", "v1=abc", "t=abc,v1=abc", "t=٣,v1=x", "t=9" + "9" * 40 + ",v1=x", "garbage",
     "t=,v1=", "\u00e9=1", ",,,,", "t=1,t=2,v1"],
)  # fmt: skip
def test_rows_39_and_40_a_header_that_is_none_is_refused(
    sandbox: Sandbox, header: str | None
) -> None:
    assert send(json.dumps(an_event()), header) == 400
    assert nothing_was_kept()


@pytest.mark.django_db
def test_row_39_the_old_scheme_alone_is_refused(sandbox: Sandbox) -> None:
    body = json.dumps(an_event()).encode()
    header = signature(body, [SECRET], int(time.time())).replace("v1=", "v0=")
    assert send(body, header) == 400
    assert nothing_was_kept()


@pytest.mark.django_db
def test_row_41_a_body_that_is_no_text_is_refused(sandbox: Sandbox) -> None:
    assert post_signed(b"\xff\xfe{}") == 400
    assert nothing_was_kept()


@pytest.mark.django_db
def test_row_42_ten_megabytes_are_refused_unread(sandbox: Sandbox) -> None:
    body = json.dumps(an_event(pad="x" * 10_000_000)).encode()
    assert post_signed(body) == 413
    assert nothing_was_kept()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    ["[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000, "[]", "null", "{}",
     '{"id": 1}', '{"id":"e","type":"t","created":1e400,"data":{"object":{}}}',
     '{"id":"e","type":"t","created":"x","data":{"object":{}}}',
     '{"id":"e","type":"t","created":1,"data":{"object":[]}}', "1", '"x"', ""],
)  # fmt: skip
def test_row_43_signed_nonsense_is_refused_without_a_crash(sandbox: Sandbox, body: str) -> None:
    assert post_signed(body.encode()) == 400
    assert nothing_was_kept()


@pytest.mark.django_db
def test_a_nul_byte_in_a_signed_event_is_no_crash(sandbox: Sandbox) -> None:
    event = an_event()
    event["data"]["object"]["note"] = "a\x00b\ud800"
    assert post_signed(json.dumps(event).encode()) in {200, 400}


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["get", "put", "delete", "patch", "head", "options"])
def test_only_post_is_answered(sandbox: Sandbox, verb: str) -> None:
    assert getattr(Client(), verb)(PATH).status_code == 405


@pytest.mark.django_db
def test_row_44_an_event_of_live_mode_is_kept_and_never_acted_on(sandbox: Sandbox) -> None:
    assert post_signed(json.dumps(an_event(livemode=True)).encode()) == 200
    assert StripeEvent.objects.get().is_ignored
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_row_45_while_a_secret_is_replaced_both_are_taken_once(
    sandbox: Sandbox, settings: Any
) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
    body = json.dumps(an_event()).encode()
    header = signature(body, ["whsec_new", SECRET], int(time.time()))
    assert send(body, header) == 200
    assert post_signed(body) == 200
    assert StripeEvent.objects.count() == 1


@pytest.mark.django_db
def test_row_47_what_is_unknown_or_new_is_kept_without_a_crash(sandbox: Sandbox) -> None:
    strange = an_event(
        type="unheard.of", api_version="2031-01-01.x", extra={"a": [1]},
        data={"object": {"id": "x_1", "object": "thing"}},
    )  # fmt: skip
    assert post_signed(json.dumps(strange).encode()) == 200
    bare = {"id": "evt_2", "type": "ping", "created": 1, "data": {"object": {}}}
    assert post_signed(json.dumps(bare).encode()) == 200
    jobs.run_due_jobs()
    assert StripeEvent.objects.filter(processed_at__isnull=False).count() == 2


@pytest.mark.django_db
def test_what_opens_something_at_stripe_is_not_kept(sandbox: Sandbox) -> None:
    event = an_event()
    event["data"]["object"]["client_secret"] = "pi_1_secret_x"
    assert post_signed(json.dumps(event).encode()) == 200
    assert "secret" not in json.dumps(StripeEvent.objects.get().payload)


@pytest.mark.slow
@pytest.mark.django_db
def test_row_46_a_signed_event_that_lies_changes_nothing(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("500", "confirm$", times=0)
    run()
    row = fresh(row)
    thing = {
        "id": row.stripe_intent_id, "object": "payment_intent", "status": "succeeded",
        "amount": 1, "metadata": {"obligation_id": row.public_id},
    }  # fmt: skip
    assert post_signed(json.dumps(an_event(data={"object": thing})).encode()) == 200
    jobs.run_due_jobs()
    assert fresh(row).status == "confirming"
    assert sandbox.effects() == []


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_row_32_events_in_any_order_end_where_stripe_ends(sandbox: Sandbox, order: str) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="after", seconds=3)
    run()
    assert fresh(row).status == "confirming"
    told = sandbox.told("events")
    for one in reversed(told) if order == "reverse" else told:
        assert send(one["body"], one["signature"]) == 200
    for _ in range(2):
        jobs.run_due_jobs()
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("succeeded", "collected")
    assert sandbox.charges_of(row) == [400_000]


@pytest.mark.slow
@pytest.mark.django_db
def test_row_33_an_event_before_our_own_row_comes_again(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    thing = {
        "id": "pi_unseen", "object": "payment_intent",
        "metadata": {"obligation_id": row.public_id, "env": "caukieu"},
    }  # fmt: skip
    assert post_signed(json.dumps(an_event(data={"object": thing})).encode()) == 200
    with pytest.raises(events.NotYet):
        events.take_event("evt_1")
    row.stripe_intent_id = "pi_other"
    row.save(update_fields=["stripe_intent_id"])
    events.take_event("evt_1")
    assert StripeEvent.objects.get().processed_at is not None


@pytest.mark.slow
@pytest.mark.django_db
def test_row_34_what_never_arrived_is_found_in_the_list(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="after", seconds=3)
    run()
    assert events.read_events() > 0
    jobs.run_due_jobs()
    assert fresh(row).status == "succeeded"
    assert events.read_events() == 0
