"""Snapshots night after night: parts that can be taken up, figures that stay, counting again."""

import io
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.accounts.models import InvestorProfile
from backend.core.clock import app_now
from backend.core.errors import Conflict, NotAllowed
from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.funding.actions import pledges
from backend.funding.models import Payback, Pledge
from backend.insights import actions, changes, ledger_sums, nightly, sources
from backend.insights.checks import check_snapshot
from backend.insights.ledger_origins import shared
from backend.insights.models import LedgerMark, Snapshot
from backend.insights.office import part_rows
from backend.insights.queries import newest_snapshot
from backend.ledger import book, chain_file, chart, checks, export, sums
from backend.notifications.actions import tell_next
from backend.notifications.models import Notification
from backend.remittances.actions import drop_calculation, save_calculation
from backend.remittances.calculator import Question, calculate
from tests import factories
from tests.insights.test_office import past_the_code
from tests.remittances import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(db: Any) -> None:
    caches["memory"].clear()
    factories.some_rates()


def entries(count: int, round_id: str = "rnd_x", start: int = 0) -> None:
    """Charges, a hold, its payment and refunds on one round."""
    held = chart.held(round_id, "USD")
    payable = chart.project_payable("prj_x", "USD")
    for n in range(start, start + count):
        leg = book.Leg(chart.stripe_balance("USD"), held, Money(1_000 + n, "USD"))
        book.post(f"c:{n}", "charge.collected", [leg], about=f"plg_{n}")
    book.post(f"r:{start}", "refund.paid",
              [book.Leg(held, chart.stripe_balance("USD"), Money(300, "USD"))])  # fmt: skip
    book.hold(f"h:{start}", "disbursement.approved", source=held, into=payable,
              money=Money(500, "USD"))  # fmt: skip
    book.settle(f"s:{start}", "disbursement.paid", hold_key=f"h:{start}",
                to=chart.fx_position("USD"))  # fmt: skip


def plain() -> set[sums.Turnover]:
    return set(sums.turnovers(0, sums.chain_end().position))


# --- parts ------------------------------------------------------------------------------------


def test_a_night_that_is_interrupted_is_taken_up_at_its_mark(monkeypatch: Any) -> None:
    entries(8)
    checks.extend_chain()
    read: list[tuple[int, int]] = []
    real = sums.turnovers

    def dies_in_the_third(after: int, until: int) -> list[sums.Turnover]:
        read.append((after, until))
        if len(read) == 3:
            raise ZeroDivisionError
        return real(after, until)

    monkeypatch.setattr(ledger_sums.sums, "turnovers", dies_in_the_third)
    with pytest.raises(ZeroDivisionError):
        nightly.take_now(step=2)
    assert (ledger_sums.mark().position, Snapshot.objects.count()) == (4, 0)
    snapshot = nightly.take_now(step=2)
    assert snapshot.ledger_position == sums.chain_end().position == 11
    assert snapshot.ledger_head == sums.chain_end().sha256
    # The part that died is read again, no other is read twice.
    assert read[:4] == [(0, 2), (2, 4), (4, 6), (4, 6)]
    monkeypatch.undo()
    assert set(ledger_sums.kept()) == plain()


def test_the_next_night_reads_only_what_is_new(monkeypatch: Any) -> None:
    entries(3)
    nightly.take_now()
    first = ledger_sums.mark().position
    entries(2, start=50)
    read = []
    real = sums.turnovers
    monkeypatch.setattr(
        ledger_sums.sums, "turnovers", lambda a, b: read.append((a, b)) or real(a, b)
    )
    nightly.take_now()
    assert read == [(first, first + 5)]
    monkeypatch.undo()
    assert set(ledger_sums.kept()) == plain()


def test_a_chain_that_was_rewritten_stops_the_night() -> None:
    entries(2)
    nightly.take_now()
    LedgerMark.objects.update(sha256="0" * 64)
    entries(1, start=50)
    with pytest.raises(Conflict):
        nightly.take_now()


def test_pages_of_the_office_count_what_has_no_place_in_the_chain_yet() -> None:
    entries(2)
    nightly.take_now()
    entries(1, start=50)
    checks.extend_chain()
    entries(1, start=90)
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in ledger_sums.as_of_now().turnovers:
        found[row.debit, row.credit] += row.minor
    checks.extend_chain()
    after: dict[tuple[str, str], int] = defaultdict(int)
    for row in plain():
        after[row.debit, row.credit] += row.minor
    assert found == after


def test_released_counts_every_currency_and_returned_what_is_owed_back() -> None:
    entries(4)
    held = chart.held("rnd_x", "USD")
    book.post("ret:1", "return.round_fell_short",
              [book.Leg(held, chart.refunds_pending("USD"), Money(70, "USD"))])  # fmt: skip
    book.hold("h:9", "disbursement.approved", source=held, money=Money(400, "USD"),
              into=chart.project_payable("prj_x", "USD"))  # fmt: skip
    book.release("x:9", "disbursement.refused", hold_key="h:9")
    factories.some_rates()
    exact = {(c.measure, c.unit): c.value for c in sources.real_cells() if c.series == "ledger"}
    assert exact == {
        ("held", "USD"): book.balance(held).minor, ("released", "USD"): 500,
        ("returned", "USD"): 370,
    }  # fmt: skip


def test_a_day_has_one_snapshot_whatever_is_fired_twice() -> None:
    first = nightly.take_nightly()
    assert nightly.take_nightly() == first
    rows.move_days(1)
    assert nightly.take_nightly() != first
    assert Snapshot.objects.count() == 2


# --- by country ---------------------------------------------------------------------------------


def in_the_pot(pledge: Pledge, minor: int, key: str = "bt") -> None:
    """A charge of this pledge, as the ledger books it."""
    held = chart.held(pledge.round.public_id, "USD")
    leg = book.Leg(chart.stripe_balance("USD"), held, Money(minor, "USD"))
    book.post(f"{key}:{pledge.pk}", "charge.collected", [leg], about=pledge.public_id)


def money_by(series: str) -> dict[tuple[str, str], int]:
    return {
        (c.measure, c.country or c.region): c.value for c in sources.real_cells()
        if c.series == series and c.measure in {"held", "released", "returned"}
    }  # fmt: skip


def test_money_by_country_of_the_pledge_equals_the_ledger_to_the_dong() -> None:
    round_ = factories.an_open_round()
    us, jp, other = [
        factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor(country))
        for country in ("US", "JP", "JP")
    ]
    for pledge, minor in ((us, 3_333), (jp, 1_000), (other, 2_000)):
        in_the_pot(pledge, minor)
    _collected()
    # They moved since: what counts is where they lived when they pledged.
    InvestorProfile.objects.update(country="DE")
    held = chart.held(round_.public_id, "USD")
    back = [book.Leg(held, chart.stripe_balance("USD"), Money(2_000, "USD"))]
    book.post("r:1", "refund.paid", back, about=other.public_id)
    payable = chart.project_payable(round_.project.public_id, "USD")
    book.hold("h:1", "disbursement.approved", source=held, into=payable, money=Money(1_000, "USD"),
              about="dsb_1")  # fmt: skip
    book.settle("s:1", "disbursement.paid", hold_key="h:1", to=chart.fx_position("USD"))
    found, totals = money_by("country"), money_by("total")
    # 3 333 and 1 000 of 4 333 cents in the pot, at 260 ₫ a cent.
    assert found["held", "US"] == round(3_333 * 260 * 3_333 / 4_333)
    assert found["returned", "JP"] == 2_000 * 260
    assert ("returned", "US") not in found
    for measure in ("held", "released", "returned"):
        parts = [vnd for (m, _country), vnd in found.items() if m == measure]
        assert sum(parts) == totals[measure, ""]
        regions = [vnd for (m, _r), vnd in money_by("region").items() if m == measure]
        assert sum(regions) == totals[measure, ""]
        corridors = [c.value for c in sources.real_cells()
                     if c.series == "corridor" and c.measure == measure]  # fmt: skip
        assert sum(corridors) == totals[measure, ""]
        for series in ("country", "region"):
            for key, vnd in ((k, v) for (m, k), v in money_by(series).items() if m == measure):
                rows = part_rows(measure, series, key)
                assert sum(row.part.minor for row in rows) == vnd
                assert {row.whole.currency for row in rows} == {"USD"}
    checks.extend_chain()
    ledger_sums.add_up(step=2)
    until = ledger_sums.mark().position
    assert set(ledger_sums.kept_book().origins) == set(ledger_sums.book_until(until).origins)


def test_money_that_names_no_pledge_has_no_country_and_is_hidden() -> None:
    entries(3)
    found = [c for c in sources.real_cells() if c.series == "country" and c.measure == "held"]
    assert [(c.country, c.people) for c in found] == [("", 1)]
    snapshot = nightly.take_now()
    hidden = [r for r in snapshot.document["rows"] if r[0] == "country"]
    assert hidden
    assert all(r[11] == "hidden" for r in hidden)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(
    st.integers(0, 10**15),
    st.dictionaries(st.sampled_from("ABCDEF"), st.integers(-5, 10**12), max_size=6),
)
def test_shares_are_whole_add_up_and_follow_the_weights(
    total: int, weights: dict[str, int]
) -> None:
    found = shared(total, weights)
    whole = sum(w for w in weights.values() if w > 0)
    assert sum(found.values()) == total
    for key, part in found.items():
        if key:
            assert abs(part * whole - total * weights[key]) < whole


# --- what owners say they paid back ------------------------------------------------------------


def test_paybacks_are_shown_claimed_and_verified_apart(client: Client) -> None:
    round_ = factories.an_open_round()
    for _ in range(12):
        factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor("US"))
    _collected()
    officer, owner, at = factories.an_officer(), factories.a_user(), app_now()
    for minor, by, day in ((3_000_000, None, "09-30"), (2_000_000, officer, "10-01")):
        Payback.objects.create(
            round=round_, amount_minor=minor, currency="VND", paid_on=f"2026-{day}",
            reported_by=owner, reported_at=at, verified_by=by, verified_at=at if by else None,
        )  # fmt: skip
    snapshot = nightly.take_now()
    rows_ = {(r[0], r[1], r[3]): r[9] for r in snapshot.document["rows"] if r[1][:9] == "paid_back"}
    assert rows_ == {
        ("total", "paid_back_claimed", ""): 3_000_000,
        ("total", "paid_back_verified", ""): 2_000_000,
        ("month", "paid_back_claimed", "2026-09"): 3_000_000,
        ("month", "paid_back_verified", "2026-10"): 2_000_000,
    }
    check = check_snapshot(snapshot)
    assert check.findings == 0
    assert sum(source == "paybacks" for _key, source, *_rest in check.figures) == 4
    text = client.get("/en/flows/").content.decode()
    assert "2 million ₫ verified, 3 million ₫ only claimed" in text.replace("\xa0", " ")


# --- figures that few people moved --------------------------------------------------------------


def test_a_figure_stays_until_ten_people_moved_it() -> None:
    round_ = factories.an_open_round()
    made = [factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor("US"))
            for _ in range(11)]  # fmt: skip
    first = nightly.take_now()
    one = made[0].target_minor

    def shown() -> list[Any]:
        rows.move_days(1)
        snapshot = nightly.take_now()
        assert check_snapshot(snapshot).findings == 0
        row = next(r for r in snapshot.document["rows"] if r[:2] == ["total", "pledged"])
        return [row[9], row[10], row[11], row[12]]

    factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor("US"))
    assert shown() == [11 * one, 11, "kept", first.version]
    # The same person twice more, and one who leaves: still two people, not ten.
    pledges.withdraw_pledge(made[0], by=made[0].investor)
    assert shown()[2:] == ["kept", first.version]
    for _ in range(9):
        factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor("US"))
    assert shown() == [20 * one, 20, "shown", ""]
    assert f"since={first.version}" in Snapshot.objects.order_by("-pk")[1].csv


def test_calculations_by_country_stay_until_ten_people_moved_them() -> None:
    asked = Question(Money(50_000, "USD"), "month", 1_000)
    answer = calculate(asked, fee_bps=300, rate=Decimal(26_000))
    people = [factories.an_investor("US") for _ in range(22)]
    kept = [save_calculation(answer, by=person) for person in people[:11]]
    first = nightly.take_now()

    def figures() -> dict[str, list[Any]]:
        rows.move_days(1)
        snapshot = nightly.take_now()
        assert check_snapshot(snapshot).findings == 0
        return {r[0]: r[9:] for r in snapshot.document["rows"]
                if r[1] == "calculated" and r[0] in {"country", "region"}}  # fmt: skip

    year = kept[0].year_vnd
    drop_calculation(kept[0], by=people[0])
    assert figures() == {s: [11 * year, 11, "kept", first.version] for s in ("country", "region")}
    for person in people[11:]:
        save_calculation(answer, by=person)
    assert figures() == {s: [21 * year, 21, "shown", ""] for s in ("country", "region")}


def test_what_few_people_paid_does_not_show_in_the_next_snapshot() -> None:
    """Charges of three people on top of a sum that many made: found through the ledger."""
    round_ = factories.an_open_round()
    made = [factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor("US"))
            for _ in range(3)]  # fmt: skip
    nightly.take_now()
    before = newest_snapshot()
    assert before is not None
    position = before.ledger_position
    held = chart.held(round_.public_id, "USD")
    for pledge in made:
        leg = book.Leg(chart.stripe_balance("USD"), held, Money(5_000, "USD"))
        book.post(f"bt:{pledge.pk}", "charge.collected", [leg], about=pledge.public_id)
    checks.extend_chain()
    shown = changes.Shown("total", "held", "VND", *[""] * 6, 10, 12, "shown")
    found = changes._money_changed(["k"], {"k": shown}, position)
    assert found == {"k": 3}


# --- counting again -----------------------------------------------------------------------------


def test_every_figure_names_its_source_and_a_wrong_one_is_told() -> None:
    round_ = factories.an_open_round()
    for country in ("US",) * 12:
        pledge = factories.a_pledge(round_, Money(5_000, "USD"), by=factories.an_investor(country))
        leg = book.Leg(chart.stripe_balance("USD"), chart.held(round_.public_id, "USD"),
                       Money(5_000, "USD"))  # fmt: skip
        book.post(f"bt:{pledge.pk}", "charge.collected", [leg], about=pledge.public_id)
        rows.a_plan(by=pledge.investor, currency="USD", sent_minor=100_033)
    _collected()
    row = check_snapshot(nightly.take_now())
    assert row.findings == 0
    assert {"pledges", "plans", "ledger"} <= {source for _key, source, *_rest in row.figures}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE insights_ledgersum SET minor = minor + 1")
    rows.move_days(1)
    lead = factories.an_officer("lead")
    wrong = check_snapshot(nightly.take_now())
    assert wrong.findings
    assert {source for _k, source, _p, _c, agrees in wrong.figures if not agrees} == {"ledger"}
    while tell_next():
        pass
    told = Notification.objects.get(recipient=lead, code="snapshot.differs")
    assert "differ from their source" in told.subject_en
    assert "lệch với nguồn" in told.subject_vi


def _collected() -> None:
    """Every pledge along the legal edges to where its money was charged."""
    for status in ("active", "due", "collected"):
        Pledge.objects.update(status=status)


# --- the auditor's file -------------------------------------------------------------------------


def the_file() -> str:
    checks.extend_chain()
    return "".join(chain_file.write_lines(export.chain_rows(sums.chain_end().position)))


def verdict_of(text: str, *heads: str) -> chain_file.ChainVerdict:
    return chain_file.verify_lines(io.StringIO(text, newline=""), heads)


def test_the_whole_chain_is_handed_out_and_holds_every_published_head() -> None:
    entries(3)
    book.reverse("v:1", "x", reversed_key="c:1")
    first = nightly.take_now()
    entries(2, start=70)
    second = nightly.take_now()
    text = the_file()
    verdict = verdict_of(text, first.ledger_head, second.ledger_head)
    assert verdict.is_whole
    assert (verdict.rows, verdict.head) == (12, sums.chain_end().sha256)
    assert verdict_of(text, "f" * 64).problem == "head_missing"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("1000,", "1001,", "row_changed"), ("refund.paid", "refund.made", "row_changed"),
     ("plg_2", "plg_9", "row_changed"), ('""USD""', '""EUR""', "row_changed"),
     ("c:0", 'c"0', "row_changed")],
)  # fmt: skip
def test_a_changed_entry_is_named(old: str, new: str, problem: str) -> None:
    entries(3)
    text = the_file()
    assert old in text
    verdict = verdict_of(text.replace(old, new, 1))
    assert verdict.problem in {problem, "row_broken"}
    assert verdict.row >= 1


@pytest.mark.parametrize("text", ["", "\0", "a,b\r\n", chain_file.BOM + "x" * 9_000])
def test_whatever_is_handed_in_gets_a_verdict(text: str) -> None:
    assert not verdict_of(text).is_whole


def test_rows_left_out_or_moved_are_named_and_a_short_file_lacks_its_head() -> None:
    entries(4)
    lines = the_file().split("\r\n")
    assert verdict_of("\r\n".join([*lines[:3], *lines[4:]])).problem == "row_missing"
    short = "\r\n".join([*lines[:4], ""])
    assert verdict_of(short).is_whole
    assert verdict_of(short, sums.chain_end().sha256).problem == "head_missing"


@pytest.mark.parametrize("role", ["lead", "finance", "case_officer", "auditor"])
def test_only_the_auditor_takes_the_chain_and_it_is_written_down(client: Client, role: str) -> None:
    entries(2)
    checks.extend_chain()
    past_the_code(client, role)
    answer = client.post("/en/office/programme/ledger.csv")
    allowed = role == "auditor"
    assert answer.status_code == (200 if allowed else 403)
    assert AuditEvent.objects.filter(code="ledger.exported").exists() is allowed
    if allowed:
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert verdict_of(text, sums.chain_end().sha256).is_whole
        assert client.get("/en/office/programme/ledger.csv").status_code == 405
    with pytest.raises(NotAllowed):
        actions.export_ledger(by=factories.an_officer("lead"))
    assert client.get("/vi/office/programme/").status_code == (403 if role[0] == "c" else 200)
