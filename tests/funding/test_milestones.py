"""From a funded round to a paid milestone: two people for everything, and the book agrees."""

import os
import re
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backend.accounts.models import User
from backend.core import kept_files
from backend.core.errors import DomainError
from backend.core.money import Money
from backend.core.workflow import Workflow
from backend.funding import office
from backend.funding.actions import (
    bank_reports,
    banking,
    breaks,
    disbursements,
    milestones,
    outcome,
    returns,
    rounds,
)
from backend.funding.actions.banking import AccountDetails
from backend.funding.files import take_file
from backend.funding.models import (
    BankReport,
    Disbursement,
    MilestoneVerification,
    Pledge,
    Round,
    Tranche,
)
from backend.funding.workflow import BANK_RECEIPT, BANK_REPORT, DISBURSEMENT, MILESTONE, TRANCHE
from backend.ledger import book, chart
from backend.projects import actions as projects
from tests.factories import a_user, an_investor, an_officer, an_open_round, days_later

pytestmark = pytest.mark.django_db

MILESTONES = [
    {
        "title_vi": "Một", "title_en": "One", "evidence_vi": "Số liệu", "evidence_en": "Data",
        "months_after_close": 3, "amount_minor": 40_000_000,
    },
    {
        "title_vi": "Hai", "title_en": "Two", "evidence_vi": "Số liệu", "evidence_en": "Data",
        "months_after_close": 9, "amount_minor": 60_000_000,
    },
]  # fmt: skip


def a_file(name: str = "bao-cao.pdf", content: bytes = b"%PDF-1.7 x") -> Any:
    return SimpleUploadedFile(name, content)


def taken(name: str = "bao-cao.pdf", content: bytes = b"%PDF-1.7 x") -> Any:
    return take_file(a_file(name, content), field="proof")


def refused(code: str, call: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(DomainError) as caught, transaction.atomic():
        call(*args, **kwargs)
    assert caught.value.code == code


def an_interest(round_: Round, amount: Money) -> Pledge:
    """An expression of interest that is due: what the rules ask was met."""
    pledge = Pledge.objects.create(
        round=round_, investor=an_investor("US"), client_token="t", route="bank",
        amount_minor=amount.minor, currency=amount.currency, target_minor=amount.minor,
    )  # fmt: skip
    Pledge.objects.filter(pk=pledge.pk).update(
        country="US", confirmed_at=timezone.now(), cooling_until=timezone.now(),
        mandate_sha256="0" * 64, made_at=timezone.now(),
    )  # fmt: skip
    Pledge.objects.filter(pk=pledge.pk).update(status="active")
    return Pledge.objects.get(pk=pledge.pk)


@pytest.fixture
def finance() -> tuple[User, User]:
    return an_officer("finance"), an_officer("finance")


@pytest.fixture
def officers() -> tuple[User, User]:
    return an_officer(), an_officer()


@pytest.fixture
def funded(finance: tuple[User, User]) -> Round:
    """100,000,000 ₫ by bank from two people, in two parts."""
    round_ = an_open_round(
        instrument="equity", goal_minor=100_000_000, milestones=MILESTONES,
        budget=[{"item_vi": "Máy", "item_en": "Kit", "amount_minor": 100_000_000}],
    )  # fmt: skip
    pledges = [an_interest(round_, Money(m, "VND")) for m in (70_000_001, 29_999_999)]
    with days_later(31):
        rounds.close_round(round_)
        rounds.count_round(round_)
        for number, pledge in enumerate(pledges):
            receipt = banking.record_receipt(
                pledge, by=finance[0], money=pledge.amount, bank_reference=f"FT-26-{number}",
                received_on=date.today(),
            )  # fmt: skip
            refused("four_eyes", banking.confirm_receipt, receipt, by=finance[0])
            for _ in range(2):  # pressed twice
                banking.confirm_receipt(receipt, by=finance[1])
        outcome.settle_round(round_)
    round_.refresh_from_db()
    assert round_.status == "funded"
    return round_


def part(round_: Round, number: int = 1) -> Tranche:
    return Tranche.objects.select_related("round", "milestone").get(round=round_, number=number)


def owner_of(round_: Round) -> User:
    return round_.project.owner.memberships.get().user


def held(round_: Round) -> int:
    return book.balance(chart.held(round_.public_id, "VND")).minor


def verified(round_: Round, officers: tuple[User, User], number: int = 1) -> Tranche:
    row = part(round_, number)
    milestones.send_evidence(row, by=owner_of(round_), note="Xong", files=[taken()])
    milestones.judge_milestone(row, by=officers[0], outcome="accept")
    milestones.confirm_finding(row, by=officers[1])
    return part(round_, number)


def an_account(round_: Round, finance: tuple[User, User]) -> None:
    details = AccountDetails("CONG TY VI DU", "VCB Thủ Đức", "0071000123456")
    row = banking.tell_account(round_.project.owner, details, by=owner_of(round_))
    assert "0071000123456" not in row.sealed
    refused("not_allowed", banking.confirm_account, row, by=a_user())
    banking.confirm_account(row, by=finance[0])
    assert banking.read_account(row, by=finance[1]).number == "0071000123456"


def test_shares_add_up_to_the_unit_and_the_book_holds_the_same(funded: Round) -> None:
    parts = list(Tranche.objects.filter(round=funded))
    assert [p.weight_minor for p in parts] == [40_000_000, 60_000_000]
    by_part = [outcome.held_by_currency(p)["VND"] for p in parts]
    assert sum(by_part) == held(funded) == 100_000_000
    for pledge in Pledge.objects.filter(round=funded):
        assert sum(s.amount_minor for s in pledge.shares.all()) == pledge.amount_minor


def test_an_owner_sends_several_files_from_the_page(funded: Round) -> None:
    owner, row, web = owner_of(funded), part(funded), Client()
    web.force_login(owner)
    path = reverse("home:owner_milestone", args=[row.public_id])
    empty = web.post(path, {"note": "Máy chạy 30 ngày"})
    assert empty.status_code == 400
    assert "Máy chạy 30 ngày" in empty.content.decode()
    files = [a_file("bao-cao.pdf", b"%PDF-1.7 x"), a_file("so-lieu.csv", b"a,b")]
    sent = web.post(path, {"note": "Máy chạy 30 ngày", "uploads": files})
    assert sent.status_code == 302, sent.content.decode()[:2000]
    page = web.get(path).content.decode()
    assert "bao-cao.pdf" in page
    assert "so-lieu.csv" in page
    assert "data-upload" not in page, "nothing more to send"


def test_a_milestone_is_paid_by_four_different_hands(
    funded: Round, finance: tuple[User, User], officers: tuple[User, User]
) -> None:
    row = part(funded)
    refused("not_allowed", milestones.send_evidence, row, by=a_user(), note="x", files=[taken()])
    refused("not_verified", disbursements.propose_disbursement, row, by=finance[0])
    milestones.send_evidence(row, by=owner_of(funded), note="Xong", files=[taken()])
    refused("not_allowed", milestones.judge_milestone, row, by=finance[0], outcome="accept")
    milestones.judge_milestone(row, by=officers[0], outcome="accept")
    refused("four_eyes", milestones.confirm_finding, row, by=officers[0])
    milestones.confirm_finding(row, by=officers[1])
    refused("no_account", disbursements.propose_disbursement, part(funded), by=finance[0])
    an_account(funded, finance)
    payment = disbursements.propose_disbursement(part(funded), by=finance[0])
    assert disbursements.propose_disbursement(part(funded), by=finance[0]) == payment, "twice"
    refused("under_way", disbursements.propose_disbursement, part(funded), by=finance[1])
    refused("four_eyes", disbursements.approve_disbursement, payment, by=finance[0])
    before = held(funded)
    disbursements.approve_disbursement(payment, by=finance[1])
    line = payment.lines.get()
    assert held(funded) == before - line.amount_minor
    for _ in range(2):
        disbursements.instruct_disbursement(payment, by=finance[0])
    refused("wrong_state", disbursements.instruct_disbursement, payment, by=finance[1])
    net = line.amount_minor - line.fee_minor
    slip = {"by": finance[0], "bank_reference": "FT-PAID-1", "paid_on": date.today()}
    refused("not_as_approved", bank_reports.record_paid, payment, paid_vnd=net - 1,
            proof=taken(), **slip)  # fmt: skip
    report = bank_reports.record_paid(payment, paid_vnd=net, proof=taken(), **slip)
    refused("recorded_already", bank_reports.record_returned, payment, by=finance[1], reason="x")
    refused("four_eyes", bank_reports.confirm_report, report, by=finance[0])
    payment.refresh_from_db()
    assert (payment.status, part(funded).status) == ("instructed", "held"), "one person alone"
    assert book.balance(chart.platform_fees("VND")).minor == 0
    for _ in range(2):  # pressed twice
        bank_reports.confirm_report(report, by=finance[1])
    payment.refresh_from_db()
    assert (payment.status, part(funded).status) == ("confirmed", "released")
    assert book.balance(chart.platform_fees("VND")).minor == line.fee_minor
    assert book.balance(chart.bank("VND")).minor == 100_000_000 - net
    assert book.balance(chart.project_payable(funded.project.public_id, "VND")).minor == 0


def test_what_the_bank_sends_back_is_held_again_and_can_be_paid_anew(
    funded: Round, finance: tuple[User, User], officers: tuple[User, User]
) -> None:
    verified(funded, officers)
    an_account(funded, finance)
    payment = disbursements.propose_disbursement(part(funded), by=finance[0])
    disbursements.approve_disbursement(payment, by=finance[1])
    disbursements.instruct_disbursement(payment, by=finance[1])
    wrong = bank_reports.record_returned(payment, by=finance[0], reason="Nhầm dòng")
    refused("four_eyes", bank_reports.refuse_report, wrong, by=finance[0], reason="x")
    bank_reports.refuse_report(wrong, by=finance[1], reason="Không có trên sao kê")
    refused("wrong_state", bank_reports.confirm_report, wrong, by=finance[1])
    report = bank_reports.record_returned(payment, by=finance[0], reason="Sai số tài khoản")
    refused("four_eyes", bank_reports.confirm_report, report, by=finance[0])
    assert held(funded) < 100_000_000
    with pytest.raises(IntegrityError, match="disbursement_ended_by_two"), transaction.atomic():
        Disbursement.objects.filter(pk=payment.pk).update(status="returned")
    with pytest.raises(IntegrityError, match="bank_report_by_two"), transaction.atomic():
        BankReport.objects.filter(pk=report.pk).update(
            status="confirmed", checker=finance[0], ended_at=timezone.now()
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        BankReport.objects.filter(pk=report.pk).update(maker=finance[1])
    bank_reports.confirm_report(report, by=finance[1])
    payment.refresh_from_db()
    assert (payment.status, payment.end_reason) == ("returned", "Sai số tài khoản")
    assert held(funded) == 100_000_000
    assert disbursements.propose_disbursement(part(funded), by=finance[1]).pk != payment.pk


def test_what_does_not_add_up_for_a_day_and_a_new_account_stop_payments(
    funded: Round, finance: tuple[User, User], officers: tuple[User, User]
) -> None:
    verified(funded, officers)
    an_account(funded, finance)
    row = breaks.open_break("balance", "x")
    payment = disbursements.propose_disbursement(part(funded), by=finance[0])
    with days_later(2):
        refused("breaks", disbursements.approve_disbursement, payment, by=finance[1])
    breaks.heal_break("balance", row.subject)
    disbursements.approve_disbursement(payment, by=finance[1])
    an_account(funded, finance)
    refused("changed", disbursements.instruct_disbursement, payment, by=finance[0])
    # One person may stop what the bank was not told of; paying anew takes two again.
    disbursements.refuse_disbursement(payment, by=finance[0], reason="Tài khoản mới")
    assert held(funded) == 100_000_000
    again = disbursements.propose_disbursement(part(funded), by=finance[0])
    refused("four_eyes", disbursements.approve_disbursement, again, by=finance[0])


@pytest.fixture
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of this test's own."""
    monkeypatch.setattr(kept_files, "default_storage", FileSystemStorage(location=tmp_path))
    return tmp_path / kept_files.FOLDER


def kept(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def test_the_slip_of_the_bank_survives_the_question_for_the_password(
    funded: Round, finance: tuple[User, User], officers: tuple[User, User],
    monkeypatch: pytest.MonkeyPatch, kept_in: Path,
) -> None:  # fmt: skip
    """Sent too late, asked for the password, sent on by itself; with a mistake in another field
    the slip stays attached."""
    monkeypatch.setattr("backend.accounts.permissions.staff_code_problem", lambda request: None)
    verified(funded, officers)
    an_account(funded, finance)
    payment = disbursements.propose_disbursement(part(funded), by=finance[0])
    disbursements.approve_disbursement(payment, by=finance[1])
    disbursements.instruct_disbursement(payment, by=finance[0])
    line = payment.lines.get()
    client = Client()
    client.force_login(finance[0])
    address = reverse("home:payment_confirm", args=[payment.public_id])
    slip = {"bank_reference": "FT-SLIP", "paid_vnd": str(line.amount_minor - line.fee_minor)}
    asked = client.post(address, {**slip, "proof": a_file("phieu.pdf")})
    assert (asked.status_code, len(kept(kept_in))) == (302, 1)
    shown = client.post(asked["Location"], {"password": "mật khẩu dài"})
    # The day is missing, so the form comes back; the slip is still attached.
    text = shown.content.decode()
    assert (shown.status_code, "phieu.pdf" in text, len(kept(kept_in))) == (400, True, 1)
    token = re.search(r'name="kept_files" value="([^"]+)"', text)
    assert token is not None
    whole = slip | {"paid_on": date.today().isoformat(), "kept_files": token[1]}
    other = Client()
    other.force_login(finance[1])
    assert other.post(asked["Location"], {"password": "mật khẩu dài"}).status_code == 302
    assert other.post(address, whole).status_code == 400, "another session has no such file"
    assert client.post(address, whole).status_code == 302
    report = payment.reports.get()
    assert (report.status, report.proof_sha256) == ("recorded", taken("phieu.pdf").sha256)
    assert kept(kept_in) == []
    page = reverse("home:payment", args=[payment.public_id])
    confirm, refuse = (
        reverse("home:end_report", args=[report.public_id, v]) for v in ("confirm", "refuse")
    )
    assert confirm not in client.get(page).content.decode(), "not for whoever recorded it"
    assert client.post(confirm).status_code == 403
    shown = other.get(page).content.decode()
    assert confirm in shown
    assert refuse in shown
    slip_page = reverse("home:slip", args=[report.public_id])
    assert other.get(slip_page).content.startswith(b"%PDF")
    for role in ("auditor", "lead", "case_officer"):
        third = Client()
        third.force_login(an_officer(role))
        assert third.get(slip_page).status_code == (200 if role == "auditor" else 403)
        assert third.post(confirm).status_code == 403
    assert other.post(confirm).status_code == 302
    payment.refresh_from_db()
    assert (payment.status, payment.proof_sha256) == ("confirmed", report.proof_sha256)


def test_evidence_stays_attached_while_a_mistake_is_put_right(funded: Round, kept_in: Path) -> None:
    client = Client()
    client.force_login(owner_of(funded))
    address = reverse("home:owner_milestone", args=[part(funded).public_id])
    files = [a_file("mot.pdf"), a_file("hai.pdf", b"%PDF-1.7 y")]
    shown = client.post(address, {"note": "", "uploads": files})
    token = re.search(r'name="kept_files" value="([^"]+)"', shown.content.decode())
    assert (shown.status_code, len(kept(kept_in))) == (400, 2)
    assert token is not None
    assert client.post(address, {"note": "Xong", "kept_files": "other"}).status_code == 400
    assert client.post(address, {"note": "Xong", "kept_files": token[1]}).status_code == 302
    evidence = part(funded).milestone.evidence.get()
    assert [f.name for f in evidence.files.order_by("id")] == ["mot.pdf", "hai.pdf"]
    assert kept(kept_in) == []
    client.post(address, {"note": "", "uploads": [a_file("ba.pdf")]})
    long_ago = time.time() - 3 * kept_files.LASTS_S
    for file in kept(kept_in):
        os.utime(file, (long_ago, long_ago))
    kept_files.sweep()
    assert kept(kept_in) == []


def test_a_frozen_project_is_not_paid_and_the_last_part_waits(
    funded: Round, finance: tuple[User, User], officers: tuple[User, User]
) -> None:
    verified(funded, officers, 2)
    an_account(funded, finance)
    refused("last_part_held", disbursements.propose_disbursement, part(funded, 2), by=finance[0])
    verified(funded, officers)
    payment = disbursements.propose_disbursement(part(funded), by=finance[0])
    projects.freeze_project(funded.project, by=an_officer("lead"), reason="x")
    refused("frozen", disbursements.approve_disbursement, payment, by=finance[1])
    assert held(funded) == 100_000_000


def test_a_milestone_that_was_not_met_gives_its_part_back(
    funded: Round, officers: tuple[User, User]
) -> None:
    row = part(funded)
    milestones.send_evidence(row, by=owner_of(funded), note="Xong", files=[taken()])
    refused("missing", milestones.judge_milestone, row, by=officers[0], outcome="fail")
    milestones.judge_milestone(row, by=officers[0], outcome="fail", reason="Không đo được")
    milestones.confirm_finding(row, by=officers[1])
    for _ in range(2):
        returns.return_tranche(part(funded))
    assert part(funded).status == "returned"
    back = book.balance(chart.refunds_pending("VND")).minor
    assert (back, held(funded)) == (100_000_000 - held(funded), 60_000_000)


def test_returned_evidence_can_be_sent_again_and_a_finding_can_be_set_aside(
    funded: Round, officers: tuple[User, User]
) -> None:
    row = part(funded)
    owner = owner_of(funded)
    milestones.send_evidence(row, by=owner, note="Xong", files=[taken()])
    refused("wrong_state", milestones.send_evidence, row, by=owner, note="x", files=[taken()])
    milestones.judge_milestone(row, by=officers[0], outcome="return", reason="Thiếu số liệu")
    milestones.send_evidence(row, by=owner, note="Thêm", files=[taken("so-lieu.csv", b"a,b")])
    milestones.judge_milestone(row, by=officers[0], outcome="accept")
    milestones.refuse_finding(row, by=officers[1], reason="Chưa thấy số liệu")
    milestones.judge_milestone(row, by=officers[1], outcome="accept")
    milestones.confirm_finding(row, by=officers[0])
    assert part(funded).milestone.status == "verified"


def test_the_calendar_asks_and_marks_what_is_late(funded: Round) -> None:
    row = part(funded)
    assert not milestones.follow_calendar(row)
    days = (row.due_on - date.today()).days
    with days_later(days - 20):
        assert milestones.follow_calendar(row)
        assert part(funded).milestone.status == "due"
    with days_later(days + 2):
        milestones.follow_calendar(part(funded))
        assert part(funded).milestone.status == "late"
        funded.project.refresh_from_db()
        assert funded.project.public_status == "late"
        assert [r.group for r in office.milestone_queue(row.due_on + timedelta(days=2))] == ["late"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.exe", b"MZ", "file_type"),
        ("x.pdf", b"MZ", "file_content"),
        ("x.pdf", b"", "file_content"),
        ("x.csv", b"a\0b", "file_content"),
        ("../../x.pdf", b"%PDF-", ""),
        ("x.pdf", b"%PDF-" + b"0" * (10 * 1024 * 1024), "file_size"),
    ],
    ids=["ending", "content", "empty", "binary", "path", "size"],
)
def test_a_file_is_what_its_name_says(name: str, content: bytes, code: str) -> None:
    if code:
        refused(code, take_file, a_file(name, content), field="proof")
    else:
        assert take_file(a_file(name, content), field="proof").name == "x.pdf"


@pytest.mark.parametrize(
    "workflow", [MILESTONE, TRANCHE, DISBURSEMENT, BANK_RECEIPT, BANK_REPORT], ids=lambda w: w.name
)
def test_the_database_knows_the_same_edges(workflow: Workflow) -> None:
    statuses = list(workflow.statuses)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a, b FROM unnest(%s::text[]) a, unnest(%s::text[]) b "
            f"WHERE {workflow.name}_edge_is_legal(a, b)",
            [statuses, statuses],
        )
        assert set(cursor.fetchall()) == {(a, b) for a, b, _ in workflow.edges()}


def test_sql_cannot_be_maker_and_checker_or_release_unverified(
    funded: Round, finance: tuple[User, User], officers: tuple[User, User]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Tranche.objects.filter(round=funded, number=1).update(status="released")
    verified(funded, officers)
    an_account(funded, finance)
    payment = disbursements.propose_disbursement(part(funded), by=finance[0])
    changes = [
        lambda: Disbursement.objects.update(checker=payment.maker),
        lambda: Disbursement.objects.update(body_sha256="1" * 64),
        lambda: Disbursement.objects.update(status="confirmed"),
        lambda: payment.lines.update(amount_minor=1),
        lambda: MilestoneVerification.objects.update(confirmed_by=officers[0], officer=officers[0]),
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_paybacks_are_claimed_until_an_officer_verified_the_proof(
    funded: Round, officers: tuple[User, User]
) -> None:
    fact = {"money": Money(5_000_000, "VND"), "paid_on": date.today(), "note": "Kỳ 1"}
    refused("not_allowed", banking.report_payback, funded, by=a_user(), proof=None, **fact)
    bare = banking.report_payback(funded, by=owner_of(funded), proof=None, **fact)
    refused("no_proof", banking.verify_payback, bare, by=officers[0])
    proved = banking.report_payback(funded, by=owner_of(funded), proof=taken(), **fact)
    for user, row, status in (
        (officers[0], proved, 200), (owner_of(funded), proved, 200), (an_investor(), proved, 404),
        (officers[0], bare, 404),
    ):  # fmt: skip
        client = Client()
        client.force_login(user)
        address = reverse("home:payback_proof", args=[row.public_id])
        assert client.get(address).status_code == status
    assert banking.verify_payback(proved, by=officers[0]).verified_at is not None
    assert held(funded) == 100_000_000, "none of it passes through the book"


def test_what_came_by_bank_is_never_called_a_charge(funded: Round) -> None:
    pledge = Pledge.objects.filter(round=funded).first()
    assert pledge is not None
    web = Client()
    web.force_login(pledge.investor)
    for address in (f"/en/me/pledges/{pledge.public_id}/", "/en/me/pledges/"):
        text = web.get(address).content.decode()
        shown = text[text.index("<main") : text.index("</main>")]
        assert "harged" not in shown, address
        assert "Paid in" in shown
    until = date.today() + timedelta(days=40)
    period = {"from": date.today().isoformat(), "to": until.isoformat()}
    with days_later(32):
        page = web.get("/en/me/statement/", period).content.decode()
    assert "Paid in by bank transfer" in page
    assert "Charged" not in page


# --- who may open what ---------------------------------------------------------------------------


def pages(funded: Round) -> dict[str, tuple[str, set[str]]]:
    row, rnd = part(funded), funded.public_id
    return {
        "queue": (reverse("home:milestone_queue"), {"case_officer", "lead", "auditor"}),
        "case": (
            reverse("home:milestone_case", args=[row.public_id]),
            {"case_officer", "lead", "auditor"},
        ),
        "money": (reverse("home:finance"), {"finance", "auditor"}),
        "switch": (reverse("home:switch"), {"finance"}),
        "round": (
            reverse("home:owner_round", args=[rnd]),
            {"owner", "case_officer", "lead", "auditor", "finance", "signer"},
        ),
        "milestone": (reverse("home:owner_milestone", args=[row.public_id]), {"owner"}),
        "open": (reverse("home:open_round", args=[funded.project.public_id]), {"lead"}),
    }


@pytest.mark.parametrize(
    "who", ["stranger", "investor", "owner", "case_officer", "lead", "signer", "finance", "auditor"]
)
def test_each_page_opens_to_its_people_alone(
    funded: Round, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.accounts.permissions.staff_code_problem", lambda request: None)
    client = Client()
    people = {"owner": lambda: owner_of(funded), "investor": an_investor}
    if who != "stranger":
        client.force_login(people[who]() if who in people else an_officer(who))
    for name, (address, allowed) in pages(funded).items():
        status = client.get(address).status_code
        expected = {200} if who in allowed else {302} if who == "stranger" else {403, 404}
        assert status in expected, (name, who, status)
