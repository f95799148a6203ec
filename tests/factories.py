"""Rows for tests, made by walking the product's own actions, so that no test holds an impossible
row."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backend.accounts.models import (
    CityOffice,
    InvestorProfile,
    OfficeMembership,
    Organisation,
    OrganisationMembership,
    User,
)
from backend.core.clock import set_demo_offset
from backend.core.models import ClockOffset
from backend.core.money import Money
from backend.funding.actions import pledges, rounds
from backend.funding.models import FxRate, Pledge, Round
from backend.funding.workflow import PledgeStatus
from backend.projects import actions as projects
from backend.projects.content import DECLARATIONS
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews import actions as reviews
from backend.reviews import decision_actions as decisions
from backend.reviews import rubric
from backend.reviews.built_in import built_in
from backend.reviews.models import Case, Decision, Letter, Review
from backend.reviews.request_actions import Ask
from tests.clones import copy_or_walk

_numbers = itertools.count(1)
TERMS: dict[str, dict[str, Any]] = {
    "contribution": {},
    "fund_unit": {},
    "reward": {"what_vi": "Một trạm mẫu", "what_en": "A sample post", "delivered_months": 6},
    "loan": {"rate_bps_per_year": 600, "months": 24},
    "convertible": {"discount_bps": 1500, "maturity_months": 24},
    "equity": {"share_bps": 500},
}


def a_user(**fields: Any) -> User:
    number = next(_numbers)
    fields.setdefault("email", f"person{number}@example.com")
    fields.setdefault("full_name", f"Nguyễn Thị {number}")
    return User.objects.create_user(password="mật khẩu dài", **fields)


def an_organisation(*members: User, **fields: Any) -> Organisation:
    fields.setdefault("name_vi", f"Công ty Ví dụ {next(_numbers)}")
    fields.setdefault("kind", "firm")
    organisation = Organisation.objects.create(**fields)
    for member in members:
        OrganisationMembership.objects.create(organisation=organisation, user=member)
    return organisation


def an_office(name: str = "Test office") -> CityOffice:
    office, _ = CityOffice.objects.get_or_create(
        name_en=name, defaults={"name_vi": f"Đơn vị thử {name}"}
    )
    return office


def an_officer(
    role: str = "case_officer", *, office: CityOffice | None = None, **fields: Any
) -> User:
    officer = a_user(**fields)
    OfficeMembership.objects.create(office=office or an_office(), user=officer, role=role)
    return officer


MILESTONES: list[dict[str, Any]] = [
    {
        "title_vi": "Mười hai trạm đầu",
        "title_en": "First twelve posts",
        "evidence_vi": "Biên bản hiệu chuẩn",
        "evidence_en": "Calibration report",
        "months_after_close": 4,
        "amount_minor": 400_000_000,
    },
    {
        "title_vi": "Đủ bốn mươi trạm",
        "title_en": "All forty posts",
        "evidence_vi": "Số liệu 60 ngày",
        "evidence_en": "Sixty days of readings",
        "months_after_close": 12,
        "amount_minor": 600_000_000,
    },
]


def a_content(**changes: Any) -> dict[str, Any]:
    """A complete document, ready to be submitted; goal 1,000,000,000 ₫ in two milestones."""
    number = next(_numbers)
    content: dict[str, Any] = {
        "original_language": "vi",
        "title_vi": f"Cảm biến độ mặn cho hộ nuôi tôm số {number}",
        "title_en": f"Salinity sensors for shrimp farms no. {number}",
        "summary_vi": "Cảnh báo trước 36 giờ khi nước mặn vào kênh.",
        "summary_en": "A 36-hour warning before salt water enters the canal.",
        "problem_vi": "Nước mặn vào kênh mà không ai biết trước.",
        "problem_en": "Salt water enters the canals without a warning.",
        "solution_vi": "Bốn mươi trạm đo dùng pin mặt trời.",
        "solution_en": "Forty solar measuring posts.",
        "market_vi": "1.240 hộ nuôi tôm.",
        "market_en": "1,240 shrimp farms.",
        "team": [
            {
                "role_vi": "Kỹ sư trưởng",
                "role_en": "Chief engineer",
                "background_vi": "Mười năm làm cảm biến nước",
                "background_en": "Ten years of water sensors",
            }
        ],
        "field": "digital_urban_services",
        "pillars": ["net_zero"],
        "values": ["green"],
        "technologies": ["iot_sensors"],
        "place_code": "25747",
        "trl": 7,
        "instrument": "contribution",
        "goal_minor": 1_000_000_000,
        "min_ticket_minor": 1_000_000,
        "currency": "VND",
        "horizon_months": 18,
        "own_funds_minor": 100_000_000,
        "budget": [
            {"item_vi": "Trạm đo", "item_en": "Posts", "amount_minor": 700_000_000},
            {"item_vi": "Vận hành", "item_en": "Running", "amount_minor": 300_000_000},
        ],
        "milestones": [dict(one) for one in MILESTONES],
        "risks": [
            {
                "risk_vi": "Trạm hỏng vì muối",
                "risk_en": "Posts fail in salt air",
                "answer_vi": "Có trạm dự phòng",
                "answer_en": "There are spares",
            }
        ],
        "skills": ["engineering"],
        "languages": ["vi", "en"],
        "declarations": list(DECLARATIONS),
    }
    content.update(changes)
    terms = TERMS[content["instrument"]] if content["instrument"] else {}
    return content | {"terms": terms | changes.get("terms", {})}


def a_draft(*, owner: User | None = None, **changes: Any) -> Project:
    owner = owner or a_user()
    return projects.create_proposal(an_organisation(owner), a_content(**changes), by=owner)


def scores(value: int = 4) -> dict[str, int]:
    return dict.fromkeys(rubric.KEYS, value)


def a_project_at(status: str, *, owner: User | None = None, **changes: Any) -> Project:
    """A proposal that walked the real road to `status`, or a copy of the rows of such a walk."""
    return copy_or_walk(
        f"{status} {changes!r}",
        owner,
        lambda: next(_numbers),
        lambda: _walk_to(status, owner or a_user(), changes),
    )


def _walk_to(status: str, owner: User, changes: dict[str, Any]) -> Project:
    project = a_draft(owner=owner, **changes)
    an_office()
    if status == Status.DRAFT:
        return project
    projects.submit_project(project, by=owner)
    if status not in {Status.SUBMITTED, Status.WITHDRAWN}:
        _walk_office(project, status)
    if status == Status.WITHDRAWN:
        projects.withdraw_project(project, by=owner)
    project.refresh_from_db()
    assert project.status == status, f"no road to {status}"
    return project


def submitted_and_on(project: Project, owner: User, status: str) -> Project:
    """A draft that was made elsewhere, handed in and walked on to `status`."""
    an_office()
    projects.submit_project(project, by=owner)
    if status != Status.SUBMITTED:
        _walk_office(project, status)
    project.refresh_from_db()
    return project


def declared(project: Project, *people: User) -> None:
    """They said that they have no conflict of interest."""
    for person in people:
        reviews.declare_conflict(project, by=person, has_conflict=False)


def every_check_met() -> dict[str, str]:
    return {row["key"]: "yes" for row in built_in("checklist")["rows"]}


def a_letter_for(decision: Decision, **fields: Any) -> Letter:
    """Signed by a signing officer, and out when `sent` (the default)."""
    letter = decision.letter
    signer = an_officer("signer")
    declared(decision.version.project, signer)
    letter = decisions.sign_letter(letter, by=signer)
    if fields.get("sent", True):
        row = ClockOffset.objects.first()
        offset = row.offset if row else timedelta(0)
        set_demo_offset(offset + timedelta(minutes=11))
        letter = decisions.send_letter(letter)
        set_demo_offset(offset)
    return letter


def two_reviewers(project: Project) -> tuple[User, User]:
    """Who sits on the case, and new case officers for empty seats; all have declared."""
    case = Case.objects.get(project=project)
    people = (case.first or an_officer(), case.second or an_officer())
    declared(project, *people)
    return people


def reviewed(project: Project, *officers: User, **fields: Any) -> list[Review]:
    """Two case officers, declared, with their reviews in."""
    people = officers or two_reviewers(project)
    declared(project, *people)
    values = fields.get("scores") or scores()
    return [
        reviews.submit_review(project, by=o, scores=values, reasons=fields.get("reasons", {}))
        for o in people
    ]


def a_decision_on(project: Project, outcome: str = "list", **fields: Any) -> Decision:
    lead = fields.pop("by", None) or an_officer("lead")
    declared(project, lead)
    fields.setdefault("words_vi", "Đủ điều kiện đăng.")
    if outcome == "decline":
        fields.setdefault("reason_codes", ["KT-11"])
    if outcome == "return":
        fields.setdefault("asks", [Ask("budget", "Nêu căn cứ của hai dòng lớn nhất.")])
    return decisions.decide_project(project, by=lead, outcome=outcome, **fields)


def _walk_office(project: Project, status: str) -> None:
    officer = an_officer()
    declared(project, officer)
    reviews.start_screening(project, by=officer)
    if status == Status.SCREENING:
        return
    if status == Status.RETURNED:
        reviews.return_from_screening(project, by=officer, asks=[Ask("budget", "Thiếu dự toán")])
        return
    reviews.mark_checks(project, by=officer, marks=every_check_met())
    reviews.open_review(project, by=officer)
    if status == Status.IN_REVIEW:
        return
    reviewed(project, officer, an_officer())
    conditions = {"conditions_vi": "Công bố số hộ mỗi quý."} if status == Status.DECIDED else {}
    outcome = "decline" if status == Status.DECLINED else "list"
    a_letter_for(a_decision_on(project, outcome, **conditions))
    lead = an_officer("lead")
    if status == Status.SUSPENDED:
        projects.suspend_project(project, by=lead, reason="Đang kiểm tra")
    if status == Status.STOPPED:
        projects.stop_project(project, by=lead, reason="Chủ dự án dừng thực hiện")


def a_listed_project(**changes: Any) -> Project:
    return a_project_at(Status.LISTED, **changes)


# --- rounds and pledges -----------------------------------------------------------------------


def an_investor(country: str = "US", **fields: Any) -> User:
    user = a_user(**fields)
    InvestorProfile.objects.create(user=user, country=country)
    return user


def some_rates() -> None:
    """Rates of now, so that every currency can be pledged."""
    for base, rate in (("USD", 26_000), ("EUR", 28_000), ("AUD", 17_000), ("JPY", 170),
                       ("TWD", 800), ("GBP", 33_000)):  # fmt: skip
        FxRate.objects.get_or_create(
            base=base,
            quote="VND",
            source="test",
            defaults={"rate": Decimal(rate), "as_of": timezone.now() - timedelta(minutes=1)},
        )


def an_open_round(*, days: float = 30, **changes: Any) -> Round:
    """A round of a listed project: goal 1,000,000,000 ₫, cap ten per cent above."""
    some_rates()
    cap = changes.pop("hard_cap_minor", None)
    project = a_listed_project(**changes)
    return rounds.open_round(
        project,
        by=an_officer("lead"),
        closes_at=timezone.now() + timedelta(days=days),
        hard_cap_minor=cap,
    )


def a_draft_pledge(round_: Round, money: Money, *, by: User | None = None) -> Pledge:
    return pledges.start_pledge(
        round_, by=by or an_investor(), money=money, client_token=f"form-{next(_numbers)}"
    )


def a_pledge(round_: Round, money: Money, *, by: User | None = None) -> Pledge:
    """A pledge that stands: confirmed, its card saved."""
    draft = a_draft_pledge(round_, money, by=by)
    pledge = pledges.confirm_pledge(
        draft, by=draft.investor, agreed_text="I have read the risks.", language="en"
    )
    if pledge.status == PledgeStatus.CARD_PENDING:
        pledges.card_saved(pledge)
    pledge.refresh_from_db()
    return pledge


@contextmanager
def days_later(days: float) -> Iterator[None]:
    """Move the clock that decides deadlines."""
    offset = ClockOffset.objects.filter(id=1).first()
    before = offset.offset if offset else timedelta(0)
    set_demo_offset(before + timedelta(days=days))
    try:
        yield
    finally:
        set_demo_offset(before)
