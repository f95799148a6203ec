"""Rounds of the sample world, walked through the product's own actions: one of each state.

Cards are saved at the payment sandbox where one runs, so that a newcomer who moves the demo date
sees them charged. Supporters are invented, have no address and cannot sign in.
"""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from backend.accounts.demo import DemoPeople
from backend.accounts.models import InvestorProfile, User
from backend.core import throttle
from backend.core.clock import app_now
from backend.core.money import MINOR_DIGITS, Money
from backend.funding.actions import (
    bank_reports,
    banking,
    cards,
    disbursements,
    milestones,
    outcome,
    pledges,
    rounds,
    telling,
)
from backend.funding.actions.banking import AccountDetails
from backend.funding.files import take_file
from backend.funding.knowledge import questions
from backend.funding.models import FxRate, Pledge, Round, Tranche
from backend.funding.standing import standing_of
from backend.home.pledge_texts import agreement
from backend.projects.models import Project

DaysAgo = Callable[[float], None]
CARD = "4242424242424242"
# Country and currency of each invented supporter.
SUPPORTERS = (
    ("US", "USD"), ("AU", "AUD"), ("JP", "JPY"), ("DE", "EUR"), ("US", "USD"), ("KR", "KRW"),
    ("CA", "CAD"), ("FR", "EUR"), ("GB", "GBP"), ("US", "USD"), ("TW", "TWD"), ("SG", "SGD"),
)  # fmt: skip
AGREED = "vi"


@dataclass(frozen=True)
class Plan:
    """A round: of which example, opened and closing how many days from now, pledged to what share
    of its goal by how many people, and where it ends."""

    slug: str
    opened: float
    closes: float
    percent: int
    people: int
    end: str = "open"
    # Whether the first demo investor is one of them; the other meets every rule afresh.
    has_demo: bool = False


# In every field somebody who is ranked a list finds a round to pledge to, by card and by bank.
PLANS = (
    Plan("long-hai-reusable-cold-fish-crates", 12, 33, 21, 6, has_demo=True),
    Plan("open-pdk-student-chip-shuttle", 20, 40, 43, 7, has_demo=True),
    Plan("southern-elder-speech-corpus", 28, 9, 94, 9, has_demo=True),
    Plan("talking-bus-stops-for-blind-riders", 35, 5, 104, 9, has_demo=True),
    Plan("pondside-shrimp-disease-test", 9, 31, 36, 5),
    Plan("rice-paper-heat-pump-dryer", 10, 26, 58, 4),
    Plan("dau-tieng-latex-drc-90-seconds", 16, 22, 31, 3),
    Plan("radar-fall-alert-for-parents", 7, 45, 17, 3),
    Plan("dien-hong-hospital-wayfinding-blind", 18, 14, 72, 4),
    Plan("thanh-an-drone-blood-samples", 6, 50, 12, 3),
    Plan("one-piece-coating-robot-furniture", 8, 38, 9, 3),
    Plan("chau-duc-cocoa-fermentation-boxes", 40, -4, 38, 5, "failed", has_demo=True),
    Plan("ba-diem-cnc-tool-wear-clip", 150, -110, 102, 7, "running", has_demo=True),
)


def open_rounds(people: DemoPeople, days_ago: DaysAgo) -> None:
    """Every plan whose project has no round yet."""
    crowd = _supporters()
    for plan in PLANS:
        # Round by round another part of the crowd: one person may save a few cards an hour only.
        crowd = [*crowd[plan.people :], *crowd[: plan.people]]
        project = Project.objects.filter(slug=plan.slug, status="listed").first()
        if project is None or project.rounds.exists():
            continue
        days_ago(0)
        now = app_now()
        listed = (now - project.listed_at).days if project.listed_at else 0
        opened = min(plan.opened, max(1.5, listed - 1.0))
        length = plan.opened + plan.closes if plan.closes < 0 else opened + plan.closes
        length = min(length, opened - 0.5) if plan.closes < 0 else length
        with transaction.atomic():
            days_ago(opened)
            round_ = rounds.open_round(
                project, by=people.lead, closes_at=app_now() + timedelta(days=length)
            )
            _fill(plan, round_, crowd, people)
            _end(plan, round_, people, days_ago, opened - length)
    # Their days lie weeks apart; without this a newcomer could begin one card as the demo investor.
    for _limit, window_s in cards.SETUP_LIMITS:
        throttle.forget(f"card_setup_{window_s}")


def _supporters() -> list[tuple[User, str]]:
    found = []
    for number, (country, currency) in enumerate(SUPPORTERS, start=1):
        name = f"Người góp ví dụ {number}"
        user = User.objects.filter(is_demo=True, full_name=name, email__isnull=True).first()
        if user is None:
            user = User.objects.create(
                email=None,
                full_name=name,
                is_demo=True,
                password="!",  # noqa: S106
            )
            InvestorProfile.objects.create(user=user, country=country)
        found.append((user, currency))
    return found


def _fill(plan: Plan, round_: Round, crowd: list[tuple[User, str]], people: DemoPeople) -> None:
    """Pledges of the crowd, each about an equal part, and one of a demo investor."""
    wanted = round_.target_minor * plan.percent // 100
    if round_.route == "bank":
        # A limit of ten thousand Australian dollars would be passed.
        crowd = [(user, currency) for user, currency in crowd if currency != "AUD"]
    first = [(people.investors[0], "USD")] if plan.has_demo else []
    who = [*first, *crowd][: plan.people]
    for number, (user, currency) in enumerate(who):
        left = wanted - Round.objects.get(pk=round_.pk).reserved_minor
        share = left // (len(who) - number)
        is_last = number == len(who) - 1
        money = _rounded(share, currency, up=is_last)
        _pledge(round_, user, money, number)


def _rounded(target_vnd: int, currency: str, *, up: bool) -> Money:
    """About this many đồng, as a sum that somebody would write; never less when `up`."""
    rate = FxRate.objects.filter(base=currency, quote="VND").order_by("-as_of").first()
    exact = Decimal(target_vnd) / (rate.rate if rate else 1)
    step = Decimal(10) ** max(exact.adjusted() - 1, 0)
    units = (exact / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
    if up and units < exact:
        units += step
    return Money(int(units.scaleb(MINOR_DIGITS[currency])), currency)


def _pledge(round_: Round, user: User, money: Money, number: int) -> Pledge:
    pledge = pledges.start_pledge(
        round_, by=user, money=money, client_token=f"sample-{round_.public_id}-{number}"
    )
    _meet_the_rules(pledge, user)
    text = agreement(pledge, round_.closes_at, AGREED)
    pledge = pledges.confirm_pledge(pledge, by=user, agreed_text=text, language=AGREED)
    if pledge.status == "card_pending":
        _save_card(pledge, user)
    return pledge


def _meet_the_rules(pledge: Pledge, user: User) -> None:
    todo = standing_of(user, pledge.round, pledge.amount, app_now(), pledge).todo
    if "knowledge" in todo:
        right = {question.key: question.right for question in questions("vi")[1]}
        telling.answer_knowledge(user, right, by=user)
    if "figures" in todo:
        many = Money(pledge.amount_minor * 40, pledge.currency)
        telling.tell_figures(
            user, by=user, income=many, liquid=many, commitments=Money(0, pledge.currency)
        )
    for kind in ("loss_simulation", "extra_warning"):
        if pledge.route == "bank":
            telling.acknowledge(pledge, kind, by=user, text="sample", language=AGREED)


def _save_card(pledge: Pledge, user: User) -> None:
    """At the sandbox where one runs; else the pledge stands without one (tests, benches)."""
    if not settings.STRIPE_API_BASE:
        pledges.card_saved(pledge)
        return
    address = cards.start_card_setup(pledge, by=user, return_url=f"{settings.SITE_URL}/{{setup}}")
    body = json.dumps({"session": address.rsplit("/", 1)[1], "number": CARD}).encode()
    request = urllib.request.Request(  # noqa: S310 (our own setting, loopback)
        f"{settings.STRIPE_API_BASE}/_sandbox/checkout", body, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass
    setup = pledge.card_setups.get()
    cards.confirm_card_setup(setup.public_id)


def _end(plan: Plan, round_: Round, people: DemoPeople, days_ago: DaysAgo, closed: float) -> None:
    """`closed`: how many days ago the round closed."""
    if plan.end == "open":
        return
    days_ago(closed - 0.01)
    rounds.close_round(round_)
    rounds.count_round(round_)
    if plan.end == "running":
        _run(round_, people, days_ago, closed)


def _run(round_: Round, people: DemoPeople, days_ago: DaysAgo, closed: float) -> None:
    """Transfers by bank, then one milestone proved and paid."""
    first, second = people.finance
    for number, pledge in enumerate(Pledge.objects.filter(round=round_, status="due"), start=1):
        receipt = banking.record_receipt(
            pledge, by=first, money=pledge.amount, bank_reference=f"FT-MAU-{number:04d}",
            received_on=_today(),
        )  # fmt: skip
        banking.confirm_receipt(receipt, by=second)
    outcome.settle_round(round_)
    part = Tranche.objects.filter(round=round_).order_by("number").first()
    if part is None:
        return
    organisation = round_.project.owner
    assert organisation is not None
    owner = next(_members(round_.project))
    details = AccountDetails("CONG TY VI DU", "Ngân hàng ví dụ, chi nhánh Thủ Đức", "0071000123456")
    banking.confirm_account(banking.tell_account(organisation, details, by=owner), by=first)
    days_ago(closed * 0.4)
    slip = b"%PDF-1.4\n% sample evidence, invented\n"
    file = take_file(SimpleUploadedFile("bien-ban-mau.pdf", slip), field="uploads")
    milestones.send_evidence(part, by=owner, note="Bản mẫu: biên bản nghiệm thu nội bộ.",
                             files=[file])  # fmt: skip
    days_ago(closed * 0.3)
    milestones.judge_milestone(part, by=people.case_officers[0], outcome="accept")
    milestones.confirm_finding(part, by=people.case_officers[1])
    days_ago(closed * 0.25)
    payment = disbursements.propose_disbursement(part, by=first)
    disbursements.approve_disbursement(payment, by=second)
    disbursements.instruct_disbursement(payment, by=first)
    paid = sum(_in_dong(x.amount_minor - x.fee_minor, x.currency) for x in payment.lines.all())
    report = bank_reports.record_paid(
        payment, by=first, bank_reference="FT-MAU-CHI-0001", paid_vnd=paid, paid_on=_today(),
        proof=take_file(SimpleUploadedFile("uy-nhiem-chi-mau.pdf", slip), field="proof"),
    )  # fmt: skip
    bank_reports.confirm_report(report, by=second)
    _work_for_officers(round_, people, owner, days_ago)


def _work_for_officers(round_: Round, people: DemoPeople, owner: User, days_ago: DaysAgo) -> None:
    """What a newcomer finds to do: new evidence, a payback to verify beside a verified one."""
    slip = b"%PDF-1.4\n% sample proof, invented\n"
    for ago, minor, note in ((20, 36_000_000, "Kỳ 1"), (12, 36_000_000, "Kỳ 2")):
        days_ago(ago)
        proof = take_file(SimpleUploadedFile("sao-ke-mau.pdf", slip), field="proof")
        payback = banking.report_payback(
            round_, by=owner, money=Money(minor, "VND"), paid_on=_today(), note=f"Mẫu: {note}",
            proof=proof,
        )  # fmt: skip
        if ago == 20:
            banking.verify_payback(payback, by=people.case_officers[0])
    days_ago(3)
    part = Tranche.objects.get(round=round_, number=2)
    file = take_file(SimpleUploadedFile("so-lieu-mau.csv", b"may,so gio\n1,40\n"), field="uploads")
    milestones.send_evidence(
        part, by=owner, note="Bản mẫu: số liệu chạy thử của cột mốc 2.", files=[file]
    )


def _members(project: Project) -> Iterator[User]:
    assert project.owner is not None
    for member in project.owner.memberships.select_related("user"):
        yield member.user


def _in_dong(minor: int, currency: str) -> int:
    if currency == "VND":
        return minor
    rate = FxRate.objects.filter(base=currency, quote="VND").order_by("-as_of").first()
    major = Decimal(minor).scaleb(-MINOR_DIGITS[currency])
    return int(major * (rate.rate if rate else 1))


def _today() -> date:
    return app_now().date()
