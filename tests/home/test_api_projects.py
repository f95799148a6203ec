"""`/api/v1/projects/` and `taxonomy/`: what anybody may read, and what nobody may."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backend.projects import actions, search_recent, taxonomy
from backend.projects.models import Project
from tests import factories
from tests.projects.calls import a_call

pytestmark = pytest.mark.django_db
LIST = "/api/v1/projects/"


def read(client: Client, path: str = LIST, **headers: str) -> Any:
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_project_says_its_facts_in_both_languages(client: Client) -> None:
    project = factories.a_listed_project()
    item = read(client)["results"][0]
    assert item["id"] == project.public_id
    assert item["title"] == {"vi": project.title_vi, "en": project.title_en}
    assert item["goal"] == {"amount": "1000000000", "currency": "VND"}
    assert item["terms"] == {"smallest_pledge": {"amount": "1000000", "currency": "VND"}}
    assert item["place"]["code"] == "25747"
    assert item["example"] is False
    assert item["call"] is None


def test_examples_say_so(client: Client) -> None:
    owner = factories.a_user()
    draft = actions.create_proposal(
        factories.an_organisation(owner), factories.a_content(), by=owner, is_example=True
    )
    actions.submit_project(draft, by=owner)
    factories._walk_office(draft, "listed")
    assert read(client)["results"][0]["example"] is True


def test_a_call_names_its_source_and_is_no_offer(client: Client) -> None:
    project = a_call()
    item = read(client)["results"][0]
    assert item["origin"] == item["status"] == "call"
    assert item["call"]["source_url"] == "https://example.com/danh-muc"
    assert item["call"]["capital_vnd_bn"] == "725"
    assert item["call"]["is_open_call"] is True
    assert item["call"]["note"]["en"].endswith("not open for pledges here.")
    assert item["trl"] is item["goal"] is item["instrument"] is item["terms"] is None
    assert read(client, f"{LIST}{project.public_id}/")["milestones"] == []


@pytest.mark.parametrize("instrument", ["loan", "convertible", "equity", "fund_unit"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_terms_of_gated_instruments_are_nowhere(
    client: Client, instrument: str, signed_in: bool
) -> None:
    terms = {"rate_bps_per_year": 987, "months": 24, "valuation_vnd": 12345678901}
    project = factories.a_listed_project(
        instrument=instrument, min_ticket_minor=7_654_321, terms=terms
    )
    if signed_in:
        client.force_login(factories.a_user())
    for path in (LIST, f"{LIST}{project.public_id}/", f"{LIST}?facets=1"):
        body = client.get(path).content.decode()
        item = json.loads(body)
        item = item["results"][0] if "results" in item else item
        assert item["terms"] is None
        assert item["terms_note"]["code"] == "terms_after_sign_in"
        assert item["instrument"] == instrument
        assert item["goal"]["amount"] == "1000000000"
        for secret in ("7654321", "rate_bps_per_year", "12345678901"):
            assert secret not in body
    assert len(read(client, f"{LIST}{project.public_id}/")["milestones"]) == 2
    query = f"{LIST}?max_ticket=9000000&currency=VND"
    assert read(client, query)["results"] == []


def test_the_owner_sees_the_terms_of_their_own_listing_and_no_proxy_keeps_them(
    client: Client,
) -> None:
    owner = factories.a_user()
    project = factories.a_listed_project(
        owner=owner, instrument="loan", terms={"rate_bps_per_year": 987}
    )
    client.force_login(owner)
    response = client.get(f"{LIST}{project.public_id}/")
    assert response.json()["terms"]["rate_bps_per_year"] == 987
    assert "no-store" in response.headers["Cache-Control"]


def test_the_whole_text_stands_on_the_page_of_one_project(client: Client) -> None:
    project = factories.a_listed_project()
    whole = read(client, f"{LIST}{project.public_id}/")
    assert whole["problem"]["vi"].startswith("Nước mặn")
    assert [m["amount"]["amount"] for m in whole["milestones"]] == ["400000000", "600000000"]
    assert sum(int(line["amount"]["amount"]) for line in whole["budget"]) == 1_000_000_000
    assert len(whole["version_sha256"]) == 64


@pytest.mark.parametrize("status", ["draft", "submitted", "in_review", "returned", "declined"])
def test_what_is_not_public_is_as_if_absent_even_for_its_owner(client: Client, status: str) -> None:
    owner = factories.a_user()
    project = factories.a_project_at(status, owner=owner)
    client.force_login(owner)
    absent = client.get(f"{LIST}prj_0000/")
    hidden = client.get(f"{LIST}{project.public_id}/")
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert read(client)["results"] == []


def test_a_project_withdrawn_between_list_and_click_is_gone(client: Client) -> None:
    owner = factories.a_user()
    factories.a_listed_project(owner=owner)
    found = read(client)["results"][0]["id"]
    actions.withdraw_project(Project.objects.get(public_id=found), by=owner)
    gone = client.get(f"{LIST}{found}/")
    assert gone.status_code == 404
    assert gone.json()["code"] == "not_found"
    assert read(client)["results"] == []


def test_pages_follow_each_other_to_the_end(client: Client) -> None:
    for _ in range(5):
        factories.a_listed_project()
    seen, path = [], f"{LIST}?limit=2&ordering=title"
    while path:
        page = read(client, path)
        seen += [item["id"] for item in page["results"]]
        path = page["next"]
    assert len(seen) == len(set(seen)) == 5


def test_facets_come_when_asked_for(client: Client) -> None:
    factories.a_listed_project(technologies=["ai"])
    assert "facets" not in read(client)
    page = read(client, f"{LIST}?facets=1&technology=drones")
    assert page["count"] == 0
    assert page["facets"]["technology"]["ai"] == 1
    assert page["facets"]["trl"]["7"] == 0


def test_a_small_budget_finds_what_it_can_pay_for_in_another_currency(client: Client) -> None:
    from datetime import UTC, datetime
    from decimal import Decimal

    from backend.funding.models import FxRate

    FxRate.objects.create(
        base="USD", quote="VND", rate=Decimal(25_000), as_of=datetime(2026, 11, 1, tzinfo=UTC),
        source="test", is_sample=True,
    )  # fmt: skip
    factories.a_listed_project(min_ticket_minor=1_000_000)
    assert len(read(client, f"{LIST}?max_ticket=40&currency=USD")["results"]) == 1
    assert read(client, f"{LIST}?max_ticket=39&currency=USD")["results"] == []


def test_a_currency_without_a_rate_is_a_clean_refusal(client: Client) -> None:
    response = client.get(f"{LIST}?max_ticket=40&currency=CHF")
    assert response.status_code == 409
    assert response.json()["code"] == "no_rate"


@pytest.mark.parametrize("path", [LIST, f"{LIST}?facets=1", f"{LIST}?q=so", "taxonomy"])
def test_public_reads_are_kept_by_proxies_and_answer_304(client: Client, path: str) -> None:
    factories.a_listed_project()
    path = "/api/v1/taxonomy/" if path == "taxonomy" else path
    first = client.get(path)
    assert "s-maxage" in first.headers["Cache-Control"]
    assert {"Authorization", "Cookie"} <= {v.strip() for v in first.headers["Vary"].split(",")}
    assert not first.cookies
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = client.get(path, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


def test_a_change_changes_the_etag(client: Client) -> None:
    project = factories.a_listed_project()
    path = f"{LIST}{project.public_id}/"
    before = client.get(path).headers["ETag"]
    Project.objects.filter(pk=project.pk).update(title_en="Another title")
    assert client.get(path, headers={"If-None-Match": before}).status_code == 200


def test_what_a_person_with_a_session_reads_is_not_kept_by_proxies(client: Client) -> None:
    client.force_login(factories.a_user(full_name="Người Thử Nghiệm"))
    response = client.get(LIST)
    assert "no-store" in response.headers["Cache-Control"]
    assert "Người Thử" not in response.content.decode()


@pytest.mark.parametrize("rows", [20, 100])
@pytest.mark.parametrize("address", ["", "facets=1&", "q=thu&"])
def test_the_list_costs_three_queries_however_many_rows(
    client: Client, rows: int, address: str
) -> None:
    for _ in range(3):
        factories.a_listed_project()
    a_call()
    search_recent.recent_lexemes()  # where the newest rows are is asked once in ten minutes
    with CaptureQueriesContext(connection) as asked:
        read(client, f"{LIST}?{address}limit={rows}")
    assert len(asked) == 3  # the limit of calls, the page, the count or the facets


def test_one_project_costs_three_queries(client: Client) -> None:
    project = factories.a_listed_project()
    with CaptureQueriesContext(connection) as asked:
        read(client, f"{LIST}{project.public_id}/")
    assert len(asked) == 3  # the limit, the project with its version, the milestones


@pytest.mark.parametrize(
    ("address", "field", "code"),
    [
        ("nonsense=1", "nonsense", "unknown_filter"),
        ("field=astrology", "field", "unknown_value"),
        ("cursor=abc", "cursor", "cursor_invalid"),
        (f"q={'á' * 10_000}", "q", "too_long"),
        ("q=%00", "q", "not_text"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=101", "limit", "out_of_range"),
        ("limit=-1", "limit", "out_of_range"),
        ("limit=1e309", "limit", "out_of_range"),
        ("facets=yes", "facets", "unknown_value"),
        ("max_ticket=1e309&currency=USD", "max_ticket", "amount"),
        ("max_ticket=-1&currency=USD", "max_ticket", "amount"),
        ("max_ticket=10&currency=ZZZ", "currency", "unknown_currency"),
        ("max_ticket=99999999999999999999999&currency=VND", "max_ticket", "amount"),
    ],
)
def test_a_wrong_address_is_a_problem_that_names_the_field(
    client: Client, address: str, field: str, code: str
) -> None:
    response = client.get(f"{LIST}?{address}")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "code", "detail"} <= set(body)
    assert [(e["field"], e["code"]) for e in body["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    "words",
    [
        "%ED%A0%80",
        "%ff%fe",
        "%E2%80%AEabc",
        "'; DROP TABLE x; --",
        "<b>a</b>",
        "a%20%26%20!b",
        "%%%",
    ],
)
def test_odd_words_are_searched_for_and_found_nowhere(client: Client, words: str) -> None:
    factories.a_listed_project()
    response = client.get(f"{LIST}?q={words}")
    assert response.status_code == 200
    assert response.json()["results"] == []


@pytest.mark.parametrize(
    "key", ["%00", "prj_%00", "%ED%A0%80", "%ff", "x" * 5000, "%27%20OR%201=1", "..%2f"]
)
def test_odd_ids_are_absent(client: Client, key: str) -> None:
    client.force_login(factories.a_user())
    for path in (f"{LIST}{key}/", f"/api/v1/me/saved/{key}/"):
        response = client.put(path) if "saved" in path else client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_html_in_a_title_stays_text(client: Client) -> None:
    factories.a_listed_project(title_en="<script>alert(1)</script>")
    response = client.get(LIST)
    assert response.json()["results"][0]["title"]["en"] == "<script>alert(1)</script>"
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_unknown_paths_and_methods_are_problems_too(client: Client) -> None:
    for path, method, status, code in (
        ("/api/v1/nothing/", "get", 404, "not_found"),
        ("/api/v1/taxonomy/", "post", 405, "method_not_allowed"),
        (f"{LIST}prj_x/", "delete", 405, "method_not_allowed"),
    ):
        response = getattr(client, method)(path)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.headers["Content-Type"] == "application/problem+json"


def test_the_taxonomy_names_every_key_in_both_languages(client: Client) -> None:
    data = read(client, "/api/v1/taxonomy/")
    assert len(data["place"]) == 168
    assert {row["key"] for row in data["technology"]} == set(taxonomy.keys("technology"))
    assert all(row["vi"] and row["en"] for kind in taxonomy.kinds() for row in data[kind])


def test_problems_speak_the_language_of_the_caller(client: Client) -> None:
    address = f"{LIST}?field=astrology"
    english = client.get(address, headers={"Accept-Language": "en"}).json()
    assert english["errors"][0]["detail"] == "Choose one of the values in the list"


def test_the_docs_page_shows_every_call(client: Client) -> None:
    body = client.get(reverse("api_docs")).content.decode()
    assert "/api/v1/matches/preview/" in body
    assert "<script" not in body


def test_the_index_leads_to_answers_and_the_document(client: Client) -> None:
    assert client.get("/api/v1").headers["Location"] == "/api/v1/"
    index = read(client, "/api/v1/")
    assert b"openapi: 3." in client.get(index["schema"]).content
    assert client.get(index["documentation"]).status_code == 200
    for name, address in (index["public"] | index["with_account"]).items():
        reply = client.get(address)
        assert reply.status_code in {200, 401, 404, 405}, name
        assert reply.status_code != 404 or name.startswith("flows"), "no snapshot exists here"
