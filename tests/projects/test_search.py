"""Search, filters, facets and pages of the list, on rows that walked the real road."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.core.cache import caches
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from backend.core.errors import Invalid, ManyInvalid
from backend.core.money import Money
from backend.projects import actions, search, search_recent, taxonomy
from backend.projects import search_codes as codes
from backend.projects.models import Project, ProjectSearch
from backend.projects.search import facet_counts, parse_filters, projects_on, search_projects
from backend.projects.search_index import refresh_search, refresh_search_bulk, title_key_of
from backend.projects.workflow import PublicStatus, Status, public_status_of
from tests import factories
from tests.projects.calls import a_call

pytestmark = pytest.mark.django_db
_minutes = itertools.count(1)


def find(address: str = "", **options: Any) -> list[str]:
    """Vietnamese titles of the first page, in order."""
    query = QueryDict(address)
    return [p.title_vi for p in projects_on(search_projects(parse_filters(query, **options)))]


def search_for(words: str) -> list[str]:
    query = QueryDict(mutable=True)
    query["q"] = words
    return find(query.urlencode())


def listed(title_vi: str, title_en: str = "A thing", **changes: Any) -> Project:
    """Listed a minute after the one before: a test is one transaction, so its clock stands."""
    texts = {"summary_vi": "Không có gì.", "summary_en": "Nothing here."}
    project = factories.a_listed_project(
        title_vi=title_vi, title_en=title_en, **{**texts, **changes}
    )
    project.listed_at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=next(_minutes))
    project.save(update_fields=["listed_at"])
    refresh_search(project)
    return project


# Words


@pytest.mark.parametrize(
    "typed",
    [
        "san xuat thong minh",
        "sản xuất thông minh",
        "SẢN XUẤT",
        "sa\u0309n xua\u0302\u0301t",
        "thông minh",
        "thong mi",
        "smart fact",
        '"sản xuất"',
    ],
)
def test_a_title_is_found_however_it_is_typed(typed: str) -> None:
    listed("Sản xuất thông minh cho xưởng mộc", "Smart factory for carpenters")
    listed("Trạm quan trắc nước", "Water posts")
    assert search_for(typed) == ["Sản xuất thông minh cho xưởng mộc"]


def test_d_with_and_without_stroke_and_both_tone_styles_meet() -> None:
    listed("Đường sắt hòa lạc")
    assert search_for("duong") == search_for("hoà") == search_for("hòa") == ["Đường sắt hòa lạc"]


def test_exact_marks_come_before_other_marks_and_then_the_newest() -> None:
    older = listed("Sân chơi cho trẻ")
    newer = listed("Sản phẩm tái chế")
    newest = listed("Sàn gỗ cao su")
    titles = [older.title_vi, newer.title_vi, newest.title_vi]
    assert search_for("sân") == [titles[0], titles[2], titles[1]]
    assert search_for("san") == titles[::-1]


def test_words_side_by_side_come_before_words_apart() -> None:
    listed("Năng lượng từ trấu, dùng cho mặt bằng")
    listed("Năng lượng mặt trời")
    listed("Mặt nước và năng suất của lượng mưa")
    assert search_for("năng lượng mặt")[0] == "Năng lượng mặt trời"
    assert search_for('"năng lượng"') == [
        "Năng lượng mặt trời",
        "Năng lượng từ trấu, dùng cho mặt bằng",
    ]


def test_titles_come_before_summaries() -> None:
    listed("Robot hàn")
    listed("Dây chuyền", summary_vi="Có dùng robot hàn.")
    assert search_for("robot") == ["Robot hàn", "Dây chuyền"]


def test_names_of_places_and_technologies_are_found() -> None:
    place = taxonomy.keys("place")[0]
    listed("Cái thứ nhất", place_code=place, technologies=["drones"])
    listed("Cái thứ hai", place_code=taxonomy.keys("place")[50], technologies=["ai"])
    assert search_for(taxonomy.label("technology", "drones", "en")) == ["Cái thứ nhất"]
    assert search_for(taxonomy.places_by_code()[place].name)[0] == "Cái thứ nhất"


@pytest.mark.parametrize(
    "typed",
    [
        "'; DROP TABLE projects_project; --",
        "<script>alert(1)</script>",
        "a & b | !c <-> d:*",
        "\\' \\\\",
        "%s %(x)s",
        "\u202eabc\u202c",
        "' OR '1'='1",
        "()*&^",
    ],
)
def test_signs_of_sql_html_and_tsquery_are_only_words(typed: str) -> None:
    listed("Trạm quan trắc nước")
    assert search_for(typed) == []
    assert Project.objects.exists()


def test_a_query_of_signs_only_finds_nothing_rather_than_everything() -> None:
    listed("Trạm quan trắc nước")
    assert search_for("!!!") == []


# Filters


@pytest.mark.parametrize(
    ("address", "field", "code"),
    [
        ("foo=1", "foo", "unknown_filter"),
        ("field=astrology", "field", "unknown_value"),
        ("field=smart_manufacturing&field=x", "field", "unknown_value"),
        ("pillar=%00", "pillar", "unknown_value"),
        ("place=99999", "place", "unknown_value"),
        ("status=listed", "status", "unknown_value"),
        ("origin=published_call", "origin", "unknown_value"),
        ("language=fr", "language", "unknown_value"),
        ("min_trl=0", "min_trl", "out_of_range"),
        ("min_trl=10", "min_trl", "out_of_range"),
        ("min_trl=-1", "min_trl", "out_of_range"),
        ("min_trl=%D9%A3", "min_trl", "out_of_range"),
        ("min_trl=3&min_trl=4", "min_trl", "given_twice"),
        ("max_ticket=5", "currency", "missing_currency"),
        ("max_ticket=5&currency=XXX", "currency", "unknown_currency"),
        ("max_ticket=-5&currency=USD", "max_ticket", "amount"),
        ("max_ticket=1e309&currency=USD", "max_ticket", "amount"),
        ("max_ticket=NaN&currency=USD", "max_ticket", "amount"),
        ("max_ticket=0&currency=USD", "max_ticket", "amount"),
        (f"max_ticket={'9' * 40}&currency=USD", "max_ticket", "amount"),
        ("max_ticket=1.500&currency=USD", "max_ticket", "ambiguous_amount"),
        ("ordering=-price", "ordering", "unknown_value"),
        (f"q={'a' * 10_000}", "q", "too_long"),
        ("q=a%00b", "q", "not_text"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(address: str, field: str, code: str) -> None:
    with pytest.raises(ManyInvalid) as refused:
        parse_filters(QueryDict(address))
    assert [(e.field, e.code) for e in refused.value.errors] == [(field, code)]


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ManyInvalid) as refused:
        parse_filters(QueryDict("field=x&min_trl=99&nope=1"))
    assert [e.field for e in refused.value.errors] == ["nope", "field", "min_trl"]


def test_pages_may_carry_other_parameters() -> None:
    assert parse_filters(QueryDict("utm_source=x"), strict=False).is_empty


def test_values_in_a_facet_are_joined_by_or_and_facets_by_and() -> None:
    listed("A", field="smart_manufacturing", technologies=["ai"], trl=3)
    listed("B", field="open_innovation", technologies=["ai", "drones"], trl=7)
    listed("C", field="open_innovation", technologies=["biotechnology"], trl=9)
    assert find("field=open_innovation&field=smart_manufacturing") == ["C", "B", "A"]
    assert find("field=open_innovation&technology=ai") == ["B"]
    assert find("technology=drones&technology=biotechnology") == ["C", "B"]
    assert find("min_trl=7") == ["C", "B"]


def test_what_is_not_stated_meets_no_filter() -> None:
    a_call()
    assert find("min_trl=1") == find("instrument=loan") == []
    assert find("origin=call") == find("status=call") == find("") == ["Nhà máy vi mạch bán dẫn"]


def test_the_largest_ticket_covers_open_instruments_only() -> None:
    listed("Gift", instrument="contribution", min_ticket_minor=1_000_000)
    listed("Reward", instrument="reward", min_ticket_minor=3_000_000)
    for instrument in ("loan", "convertible", "equity", "fund_unit"):
        listed(instrument, instrument=instrument, min_ticket_minor=500_000)
    assert find("max_ticket=2000000&currency=VND") == ["Gift"]
    rows = ProjectSearch.objects.filter(instrument_code__gt=2)
    assert set(rows.values_list("open_ticket_minor", flat=True)) == {None}


def test_the_largest_ticket_is_compared_in_the_currency_of_each_project() -> None:
    listed("Dollars", currency="USD", min_ticket_minor=50_00)
    listed("Dong", currency="VND", min_ticket_minor=1_200_000)

    def convert(amount: Money, to: str) -> Money:
        rates = {"USD": 25_000, "VND": 1}
        dong = amount.minor * rates[amount.currency] // (100 if amount.currency == "USD" else 1)
        return Money(dong if to == "VND" else dong * 100 // 25_000, to)

    assert find("max_ticket=48&currency=USD", convert=convert) == ["Dong"]
    assert find("max_ticket=50&currency=USD", convert=convert) == ["Dong", "Dollars"]


# Facets


def test_a_facet_ignores_its_own_filter_and_obeys_the_others() -> None:
    listed("A", field="smart_manufacturing", technologies=["ai"])
    listed("B", field="open_innovation", technologies=["ai", "drones"])
    listed("C", field="open_innovation", technologies=["drones"])
    counts = facet_counts(parse_filters(QueryDict("field=open_innovation&technology=ai")))
    assert counts.total == 1
    assert counts.field["smart_manufacturing"] == 1
    assert counts.field["open_innovation"] == 1
    assert (counts.technology["ai"], counts.technology["drones"]) == (1, 2)
    assert counts.instrument["contribution"] == 1


@pytest.mark.parametrize(
    "address", ["", "technology=ai", "q=robot", "min_trl=5&field=open_innovation"]
)
def test_each_count_is_what_its_filter_would_give(address: str) -> None:
    for number, field in enumerate(("smart_manufacturing", "open_innovation") * 4):
        listed(
            f"Robot {number}" if number % 3 else f"Thứ {number}",
            field=field,
            trl=number + 1,
            technologies=["ai", "drones"][: 1 + number % 2],
            instrument=("contribution", "loan")[number % 2],
        )
    a_call()
    counts = facet_counts(parse_filters(QueryDict(address)))
    for facet in ("field", "technology", "instrument", "status", "origin", "place", "language"):
        for value, number in getattr(counts, facet).items():
            query = QueryDict(address, mutable=True)
            query.setlist(facet, [value])
            assert len(search_projects(parse_filters(query)).ids) == number, (facet, value)


def test_facets_cost_one_query_and_then_none_for_a_minute() -> None:
    listed("A")
    filters = parse_filters(QueryDict("field=digital_urban_services"))
    with CaptureQueriesContext(connection) as first:
        facet_counts(filters)
    with CaptureQueriesContext(connection) as second:
        facet_counts(filters)
        search.count_matches(filters)
    assert (len(first), len(second)) == (1, 0)


# Pages


@pytest.mark.parametrize("ordering", ["newest", "goal", "-goal", "title", "title_en", "relevance"])
@pytest.mark.parametrize("words", ["", "&q=robot"])
def test_pages_hold_every_project_once_in_one_order(ordering: str, words: str) -> None:
    for number in range(7):
        listed(f"Robot {number % 3}", f"Robot {number % 2}", goal_minor=1_000_000_000)
    a_call(name_vi="Robot của Thành phố")
    base = f"ordering={ordering}{words}"
    whole = search_projects(parse_filters(QueryDict(base)), 20).ids
    seen: list[int] = []
    cursor = ""
    for _ in range(8):
        query = QueryDict(base, mutable=True)
        query["cursor"] = cursor
        page = search_projects(parse_filters(query), 3)
        seen += page.ids
        cursor = page.next_cursor
        if not cursor:
            break
    assert tuple(seen) == whole
    assert len(set(seen)) == 8


def test_a_goal_that_is_not_stated_comes_last_both_ways() -> None:
    listed("Goal")
    a_call()
    assert find("ordering=goal") == find("ordering=-goal") == ["Goal", "Nhà máy vi mạch bán dẫn"]


def test_titles_stand_in_vietnamese_order() -> None:
    ordered = ["An", "Ảnh", "Ăn", "Âm", "Bà", "Dê", "Đá", "Robot 9", "Robot 10"]
    shuffled = random.Random(3).sample(ordered, len(ordered))
    assert sorted(shuffled, key=title_key_of) == ordered


def test_a_new_project_does_not_shift_the_next_page() -> None:
    for number in range(4):
        listed(f"Số {number}")
    first = search_projects(parse_filters(QueryDict("")), 2)
    listed("Mới")
    query = QueryDict(mutable=True)
    query["cursor"] = first.next_cursor
    assert [p.title_vi for p in projects_on(search_projects(parse_filters(query), 2))] == [
        "Số 1",
        "Số 0",
    ]


def _two_pages(base: str) -> tuple[QueryDict, str]:
    for number in range(3):
        listed(f"Số {number}")
    query = QueryDict(base, mutable=True)
    return query, search_projects(parse_filters(query), 1).next_cursor


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c[:-1] + ("A" if c[-1] != "A" else "B"),
        lambda c: "A" + c[1:],
        lambda c: "x",
        lambda c: "é" * 30,
        lambda c: c * 60,
        lambda c: c.partition(":")[0],
        lambda c: "\x00",
    ],
)
def test_a_cursor_that_was_changed_is_refused(change: Any) -> None:
    query, cursor = _two_pages("")
    query["cursor"] = change(cursor)
    with pytest.raises(Invalid) as refused:
        search_projects(parse_filters(query))
    assert refused.value.code == "cursor_invalid"


@pytest.mark.parametrize("other", ["ordering=goal", "field=digital_urban_services", "q=so"])
def test_a_cursor_of_another_list_is_refused(other: str) -> None:
    _query, cursor = _two_pages("")
    query = QueryDict(other, mutable=True)
    query["cursor"] = cursor
    with pytest.raises(Invalid) as refused:
        search_projects(parse_filters(query))
    assert refused.value.code == "cursor_of_other_list"


def test_a_cursor_does_not_show_the_integers_of_projects() -> None:
    _query, cursor = _two_pages("")
    payload = signing.Signer(salt="projects.search.cursor").unsign_object(cursor)
    ids = set(Project.objects.values_list("pk", flat=True))
    assert ids.isdisjoint(payload)


def test_a_new_rate_between_two_pages_does_not_break_the_cursor() -> None:
    for number in range(3):
        listed(f"Số {number}", min_ticket_minor=1_000)
    query = QueryDict("max_ticket=5&currency=USD", mutable=True)

    def at(rate: int) -> Any:
        return parse_filters(
            query, convert=lambda m, to: m if to == m.currency else Money(m.minor * rate, to)
        )

    query["cursor"] = search_projects(at(250), 2).next_cursor
    assert len(search_projects(at(260), 2).ids) == 1


# Staying in step


def test_nothing_withdrawn_suspended_or_frozen_is_found_and_a_resumed_one_is_again() -> None:
    officer = factories.an_officer("lead")
    project = listed("Có đó")
    actions.freeze_project(project, by=officer, reason="Đang kiểm tra")
    assert find() == []
    actions.unfreeze_project(project, by=officer, reason="Xong")
    assert find() == ["Có đó"]
    actions.suspend_project(project, by=officer, reason="Đang kiểm tra")
    assert find() == []
    actions.resume_project(project, by=officer, reason="Xong")
    assert find() == ["Có đó"]


def test_stopped_projects_are_found_only_by_who_asks_for_them() -> None:
    project = listed("Đã dừng")
    actions.stop_project(project, by=factories.an_officer("lead"), reason="Chủ dự án dừng")
    assert find() == []
    assert find("status=stopped") == ["Đã dừng"]


def test_a_project_withdrawn_after_the_search_is_left_off_the_page() -> None:
    owner = factories.a_user()
    project = listed("Có đó", owner=owner)
    page = search_projects(parse_filters(QueryDict("")))
    actions.withdraw_project(project, by=owner)
    assert page.ids == (project.pk,)
    assert projects_on(page) == []


def test_the_trigger_knows_the_shelf_and_the_number_of_every_status() -> None:
    with connection.cursor() as cursor:
        for status in Status:
            for frozen in (True, False):
                cursor.execute("SELECT search_shelf(%s, %s)", [status.value, frozen])
                assert cursor.fetchone() == (codes.shelf_of(status, is_frozen=frozen),)
        for status in PublicStatus:
            cursor.execute("SELECT search_status_code(%s)", [status.value])
            assert cursor.fetchone() == (codes.STATUS[status],)


def test_every_key_of_the_taxonomy_has_a_number() -> None:
    tables = {
        "field": codes.FIELD,
        "pillar": codes.PILLAR,
        "technology": codes.TECHNOLOGY,
        "instrument": codes.INSTRUMENT,
        "language": codes.LANGUAGE,
    }
    for kind, table in tables.items():
        assert set(table) == set(taxonomy.keys(kind))
    assert set(codes.STATUS) == {status.value for status in PublicStatus}
    assert {s for s in Status if codes.shelf_of(s, is_frozen=False) == codes.BROWSABLE} == {
        Status.LISTED
    }
    assert public_status_of(Status.LISTED, is_call=False) in codes.STATUS


def test_writing_all_rows_anew_changes_nothing() -> None:
    for number in range(3):
        listed(f"Số {number}")
    a_call()
    before = list(ProjectSearch.objects.order_by("pk").values())
    assert refresh_search_bulk() == 4
    assert list(ProjectSearch.objects.order_by("pk").values()) == before
    assert refresh_search_bulk([before[0]["project_id"]]) == 1


def test_drafts_are_not_in_the_table() -> None:
    factories.a_draft()
    assert not ProjectSearch.objects.exists()


# What is read first


@pytest.fixture
def many_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Robots in a title or a summary over half a year, with four rows taken for the newest."""
    monkeypatch.setattr(search_recent, "NEWEST_ROWS", 4)
    for number in range(14):
        title = f"Robot {number}" if number % 3 else f"Máy {number}"
        project = listed(title, summary_vi="Có robot.")
        project.listed_at = datetime(2026, 11, 1, tzinfo=UTC) - timedelta(days=12 * number, hours=1)
        project.save(update_fields=["listed_at"])
        refresh_search(project)
    caches["memory"].clear()


@pytest.mark.usefixtures("many_listed")
@pytest.mark.parametrize("days", [0, 60])
def test_reading_the_newest_first_changes_no_order(
    monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr(search_recent, "MAX_DAYS", days)
    with_days = pages_of("robot", 4)
    assert len(search_recent.recent_lexemes()) == (37 if days else 2)
    caches["memory"].set("search:recent", ())
    assert with_days == pages_of("robot", 4)
    assert len(with_days) == 14


@pytest.mark.usefixtures("many_listed")
def test_days_that_are_out_of_date_cost_time_and_no_row() -> None:
    caches["memory"].set("search:recent", ("@20260801", "@20991231"))
    out_of_date = pages_of("robot", 4)
    caches["memory"].set("search:recent", ())
    assert out_of_date == pages_of("robot", 4)


def test_nobody_can_type_a_day_of_listing() -> None:
    listed("Robot")
    assert search_for("@20261101") == search_for("20261101") == search_for("202611") == []


def pages_of(words: str, size: int) -> list[int]:
    """Ids of all pages of a search, in order."""
    query, found = QueryDict(f"q={words}", mutable=True), []
    while True:
        page = search_projects(parse_filters(query), size)
        found += page.ids
        if not page.next_cursor:
            return found
        query["cursor"] = page.next_cursor


# Cost


def test_a_page_costs_one_query_at_every_depth() -> None:
    for number in range(6):
        listed(f"Robot {number}")
    query = QueryDict("q=robot", mutable=True)
    search_projects(parse_filters(query))  # asks where the newest rows are, for ten minutes
    for _ in range(3):
        with CaptureQueriesContext(connection) as asked:
            page = search_projects(parse_filters(query), 2)
        assert len(asked) == 1
        query["cursor"] = page.next_cursor


def test_the_order_is_an_index_and_not_a_sort() -> None:
    for ordering in ("newest", "goal", "-goal", "title", "title_en"):
        filters = parse_filters(QueryDict(f"ordering={ordering}"))
        sql, params = search.page_query(filters).statement
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
                # On a nearly empty table a sort is cheapest; so it stays only without an index.
                "SET LOCAL enable_sort = off"
            )
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Sort" not in plan, (ordering, plan)
        assert "Index" in plan
