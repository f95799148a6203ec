"""`matches/preview/` and `me/…`: answers in, an order with reasons out; one's own rows only."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from backend.accounts.actions import issue_api_token, revoke_api_token
from backend.accounts.models import ApiToken, InvestorProfile, User
from backend.core.models import AuditEvent, IdempotencyKey
from backend.core.throttle import sweep_throttle, take
from backend.matching.catalogue import forget_catalogue
from backend.projects.models import SavedProject
from tests import factories

pytestmark = pytest.mark.django_db
PREVIEW, PROFILE, SAVED = "/api/v1/matches/preview/", "/api/v1/me/profile/", "/api/v1/me/saved/"
MATCHES = "/api/v1/me/matches/"
ANSWERS = {
    "fields": ["digital_urban_services"],
    "technologies": [],
    "country": "US",
    "home_place": None,
    "budget": {"amount": "200", "currency": "USD"},
    "instruments": [],
    "horizon_months": 24,
    "stages": [],
    "languages": ["vi"],
    "skills": [],
    "weights": {"field": "more"},
    "limit": 20,
}


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return getattr(client, method)(
        path, data=data, content_type="application/json", headers=headers
    )


@pytest.fixture(autouse=True)
def _fresh_catalogue() -> None:
    """The matcher keeps what is listed for two seconds; tests are faster than that."""
    forget_catalogue()


@pytest.fixture
def person() -> User:
    return factories.a_user()


@pytest.fixture
def me(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


# Preview


def test_points_of_the_reasons_add_up_to_the_score(client: Client) -> None:
    for number in range(4):
        factories.a_listed_project(
            field=("digital_urban_services", "open_innovation")[number % 2], trl=number + 3
        )
    body = send(client, "post", PREVIEW, ANSWERS).json()
    assert body["total"] == 4
    assert body["model"]["version"]
    scores = [item["score"] for item in body["results"]]
    assert scores == sorted(scores, reverse=True)
    for item in body["results"]:
        assert sum(r["points"] for r in item["reasons"]) == item["score"]
        assert sum(r["max_points"] for r in item["reasons"]) == 100
        assert all(0 <= r["points"] <= r["max_points"] for r in item["reasons"])
    assert body["results"][0]["project"]["field"] == "digital_urban_services"


def test_a_preview_stores_nothing(client: Client) -> None:
    factories.a_listed_project()
    before = (AuditEvent.objects.count(), InvestorProfile.objects.count())
    send(client, "post", PREVIEW, ANSWERS)
    assert (AuditEvent.objects.count(), InvestorProfile.objects.count()) == before


def test_a_preview_says_nothing_of_the_tickets_of_gated_instruments(client: Client) -> None:
    factories.a_listed_project(instrument="loan", min_ticket_minor=7_654_321)
    response = send(client, "post", PREVIEW, ANSWERS)
    assert response.json()["results"][0]["project"]["terms"] is None
    assert "7654321" not in response.content.decode().replace(".", "").replace(",", "")


def test_an_empty_profile_is_a_list_too(client: Client) -> None:
    factories.a_listed_project()
    response = send(client, "post", PREVIEW, {})
    assert response.status_code == 200
    assert len(response.json()["results"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fields": ["astrology"]}, "fields.0"),
        ({"fields": "smart_manufacturing"}, "fields"),
        ({"fields": ["open_innovation", "open_innovation"]}, "fields"),
        ({"country": "ZZ"}, "country"),
        ({"country": "\x00"}, "country"),
        ({"country": ["US"]}, "country"),
        ({"home_place": "99999"}, "home_place"),
        ({"budget": {"amount": "-5", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "0", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "1e309", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "Infinity", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "9" * 30, "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "1.234", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": 200.5, "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "5\x00", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "5", "currency": "XXX"}}, "budget.currency"),
        ({"budget": {"amount": "5"}}, "budget.currency"),
        ({"budget": 5}, "budget"),
        ({"horizon_months": -1}, "horizon_months"),
        ({"horizon_months": 10**30}, "horizon_months"),
        ({"horizon_months": True}, "horizon_months"),
        ({"horizon_months": "12"}, "horizon_months"),
        ({"stages": [0]}, "stages.0"),
        ({"stages": [1, 1]}, "stages"),
        ({"weights": {"field": "most"}}, "weights.field"),
        ({"weights": {"luck": "more"}}, "weights"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"surprise": 1}, "surprise"),
        ({"technologies": ["ai"] * 41}, "technologies"),
    ],
)
def test_a_wrong_answer_is_refused_by_name(client: Client, change: Any, field: str) -> None:
    response = send(client, "post", PREVIEW, ANSWERS | change)
    assert response.status_code == 400, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert field in [e["field"] for e in response.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "nul",
        "1e309",
        '{"fields": NaN}',
        '"\\ud800"',
        "[" * 3000,
        '{"a": "' + "x" * 200_000,
    ],
)
def test_a_body_that_is_not_json_is_refused(client: Client, body: str) -> None:
    response = send(client, "post", PREVIEW, body)
    assert response.status_code == 400
    assert response.json()["code"] in {"bad_json", "body_too_long"}


def test_another_kind_of_body_is_refused(client: Client) -> None:
    response = client.post(PREVIEW, data={"fields": "x"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


# Who is asking


@pytest.mark.parametrize("path", [PROFILE, MATCHES, SAVED])
def test_a_stranger_is_asked_to_sign_in(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_opens_its_owners_rows_and_stops_when_revoked(client: Client, person: User) -> None:
    token, text = issue_api_token(person, by=person, name="Bảng tính")
    header = {"Authorization": f"Bearer {text}"}
    assert client.get(PROFILE, headers=header).status_code == 200
    assert ApiToken.objects.get(pk=token.pk).last_used_at is not None
    revoke_api_token(token, by=person)
    refused = client.get(PROFILE, headers=header)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")


def test_only_the_hash_of_a_key_is_stored(person: User) -> None:
    _token, text = issue_api_token(person, by=person, name="x")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM accounts_apitoken t")
        assert text.split("_")[-1] not in cursor.fetchone()[0]


@pytest.mark.parametrize("text", ["ck_x", "x", "", "ck_" + "a" * 5000, "ck_é", "ck_a b"])
def test_a_wrong_key_is_refused_even_where_none_is_needed(client: Client, text: str) -> None:
    response = client.get("/api/v1/projects/", headers={"Authorization": f"Bearer {text}"})
    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


def test_a_key_of_a_closed_account_is_refused(client: Client, person: User) -> None:
    _token, text = issue_api_token(person, by=person, name="x")
    User.objects.filter(pk=person.pk).update(is_active=False)
    response = client.get(PROFILE, headers={"Authorization": f"Bearer {text}"})
    assert response.status_code == 401


def test_a_session_needs_its_csrf_token_to_change_something(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    refused = send(client, "patch", PROFILE, {"country": "US", "version": 0})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert not InvestorProfile.objects.exists()


# Profile


def test_a_profile_is_read_changed_and_read_again(me: Client) -> None:
    empty = me.get(PROFILE)
    assert empty.json()["version"] == 0
    change = {k: v for k, v in ANSWERS.items() if k != "limit"}
    changed = send(me, "patch", PROFILE, change, **{"If-Match": empty.headers["ETag"]})
    assert changed.status_code == 200, changed.content
    assert changed.json()["budget"] == {"amount": "200.00", "currency": "USD"}
    assert changed.headers["ETag"] == '"1"'
    more = send(me, "patch", PROFILE, {"stages": [7, 8]}, **{"If-Match": '"1"'})
    again = me.get(PROFILE)
    assert again.json() == more.json()
    assert again.json()["fields"] == ANSWERS["fields"]
    assert again.json()["weights"] == {"field": "more"}
    assert again.json()["stages"] == [7, 8]


def test_two_windows_cannot_overwrite_each_other(me: Client) -> None:
    send(me, "patch", PROFILE, {"country": "US", "version": 0})
    late = send(me, "patch", PROFILE, {"country": "JP"}, **{"If-Match": '"0"'})
    assert (late.status_code, late.json()["code"]) == (409, "profile_changed")
    assert me.get(PROFILE).json()["country"] == "US"


@pytest.mark.parametrize("header", [{}, {"If-Match": "*"}, {"If-Match": '"x"'}])
def test_a_change_must_say_which_version_it_changes(me: Client, header: dict[str, str]) -> None:
    response = send(me, "patch", PROFILE, {"country": "US"}, **header)
    assert (response.status_code, response.json()["code"]) == (428, "version_required")


def test_an_answer_can_be_taken_back(me: Client) -> None:
    first = {"budget": ANSWERS["budget"], "country": "US", "version": 0}
    send(me, "patch", PROFILE, first)
    send(me, "patch", PROFILE, {"budget": None, "country": None, "version": 1})
    body = me.get(PROFILE).json()
    assert (body["budget"], body["country"]) == (None, None)


def test_people_see_only_their_own_profile(client: Client) -> None:
    first, second = factories.a_user(), factories.a_user()
    client.force_login(first)
    send(client, "patch", PROFILE, {"country": "US", "version": 0})
    client.force_login(second)
    assert client.get(PROFILE).json()["country"] is None


def test_my_matches_follow_my_profile(me: Client) -> None:
    factories.a_listed_project(field="open_innovation")
    factories.a_listed_project(field="smart_manufacturing")
    send(me, "patch", PROFILE, {"fields": ["open_innovation"], "version": 0})
    forget_catalogue()
    body = me.get(MATCHES).json()
    assert body["results"][0]["project"]["field"] == "open_innovation"
    assert len(me.get(f"{MATCHES}?limit=1").json()["results"]) == 1
    assert me.get(f"{MATCHES}?limit=x").status_code == 400


# Saved


def test_saving_twice_is_saving_once_and_dropping_is_quiet(me: Client, person: User) -> None:
    project = factories.a_listed_project()
    path = f"{SAVED}{project.public_id}/"
    assert [send(me, "put", path).status_code for _ in range(2)] == [204, 204]
    assert SavedProject.objects.filter(user=person).count() == 1
    assert [p["id"] for p in me.get(SAVED).json()["results"]] == [project.public_id]
    assert [send(me, "delete", path).status_code for _ in range(2)] == [204, 204]
    assert me.get(SAVED).json()["results"] == []


@pytest.mark.parametrize("method", ["put", "delete"])
def test_what_is_not_public_cannot_be_saved(me: Client, method: str) -> None:
    draft = factories.a_draft()
    for key in (draft.public_id, "prj_0000"):
        assert send(me, method, f"{SAVED}{key}/").status_code == 404


# Once


def test_the_same_key_and_call_are_answered_once(me: Client, person: User) -> None:
    change = {"country": "US", "version": 0}
    answers = [send(me, "patch", PROFILE, change, **{"Idempotency-Key": "a1"}) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert "Idempotent-Replayed" not in answers[0].headers
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert AuditEvent.objects.filter(code="profile.saved", actor=person.public_id).count() == 1


def test_a_key_does_not_serve_for_another_call_or_another_person(me: Client) -> None:
    send(me, "patch", PROFILE, {"country": "US", "version": 0}, **{"Idempotency-Key": "a1"})
    other = send(me, "patch", PROFILE, {"country": "JP", "version": 1}, **{"Idempotency-Key": "a1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    me.force_login(factories.a_user())
    mine = send(me, "patch", PROFILE, {"country": "JP", "version": 0}, **{"Idempotency-Key": "a1"})
    assert mine.json()["country"] == "JP"


def test_a_call_that_failed_may_be_tried_again_with_its_key(me: Client) -> None:
    header = {"Idempotency-Key": "a1"}
    wrong = send(me, "patch", PROFILE, {"country": "ZZ", "version": 0}, **header)
    assert wrong.status_code == 400
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 101, "khóa", "a\tb"])
def test_a_key_that_is_no_key_is_refused(me: Client, key: str) -> None:
    project = factories.a_listed_project()
    response = send(me, "put", f"{SAVED}{project.public_id}/", **{"Idempotency-Key": key})
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_invalid")


# Limits


def test_too_many_calls_are_told_when_to_come_back(client: Client, settings: Any) -> None:
    settings.API_CALLS_A_MINUTE = {**settings.API_CALLS_A_MINUTE, "preview": 3}
    codes = [send(client, "post", PREVIEW, {}).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = send(client, "post", PREVIEW, {})
    assert refused.json()["code"] == "throttled"
    assert 1 <= int(refused.headers["Retry-After"]) <= 122
    assert client.get("/api/v1/projects/").status_code == 200


def test_a_forged_address_does_not_help(client: Client, settings: Any) -> None:
    settings.API_CALLS_A_MINUTE = {**settings.API_CALLS_A_MINUTE, "preview": 1}
    codes = [
        send(client, "post", PREVIEW, {}, **{"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(3)
    ]
    assert codes == [200, 429, 429]


def test_behind_our_proxy_each_network_has_its_own_limit(client: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.API_CALLS_A_MINUTE = {**settings.API_CALLS_A_MINUTE, "preview": 1}

    def call(chain: str) -> int:
        return send(client, "post", PREVIEW, {}, **{"X-Forwarded-For": chain}).status_code

    assert [call("1.2.3.4"), call("9.9.9.9, 1.2.3.4"), call("5.6.7.8")] == [200, 429, 200]
    same_64 = [call("2001:db8:0:1::1"), call("2001:db8:0:1::2"), call("2001:db8:0:2::1")]
    assert same_64 == [200, 429, 200]


def test_addresses_are_not_stored() -> None:
    take("read", "203.0.113.77", limit=5, window_s=60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM core_throttle")
        assert all("203.0.113" not in row[0] for row in cursor.fetchall())


def test_old_counters_are_swept() -> None:
    take("read", "somebody", limit=5, window_s=60)
    assert sweep_throttle() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_throttle SET touched_at = now() - interval '2 days'")
    assert sweep_throttle() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_callers_at_once_share_one_limit() -> None:
    def race(_number: int) -> bool:
        try:
            return take("race", "one", limit=5, window_s=600).is_allowed
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(40))) == 5
