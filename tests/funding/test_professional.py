"""Professional-investor status: claimed with proof, judged by another, and what it changes."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from backend.accounts.models import User
from backend.core.clock import app_now
from backend.core.errors import DomainError
from backend.core.money import Money
from backend.funding import eligibility
from backend.funding.actions import professional
from backend.funding.files import take_file
from backend.funding.models import InvestorFigures, ProfessionalClaim, Round
from backend.funding.standing import NoRuleHolds, may_see_terms, requirements_on, standing_of
from backend.home.account_actions import close_account
from tests.factories import an_investor, an_officer, an_open_round, days_later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def a_claim(user: User, investor_class: str = "vn_professional") -> ProfessionalClaim:
    proof = take_file(SimpleUploadedFile("x.pdf", b"%PDF-1.7 x"), field="proof")
    return professional.claim_status(
        user, by=user, investor_class=investor_class, note="", proof=proof
    )


def refused(code: str, call: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(DomainError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code


def stands(user: User, round_: Round) -> Any:
    return standing_of(user, round_, Money(100_000, "USD"), round_.opens_at)


def test_a_status_counts_once_another_confirmed_it_and_its_proof_is_deleted(
    django_capture_on_commit_callbacks: Any,
) -> None:
    user, finance = an_investor("US"), an_officer("finance")
    round_ = an_open_round(instrument="equity")
    claim = a_claim(user)
    refused("waits", a_claim, user)
    refused("unknown_key", a_claim, user, "king")
    refused("not_allowed", professional.find_proved, claim, by=an_officer())
    refused("no_finding", professional.confirm_status, claim, by=finance)
    first = an_officer("finance")
    professional.find_proved(claim, by=first)
    refused("found_already", professional.find_proved, claim, by=finance)
    refused("four_eyes", professional.confirm_status, claim, by=first)
    with pytest.raises(IntegrityError, match="claim_confirmed_by_two"), transaction.atomic():
        ProfessionalClaim.objects.filter(pk=claim.pk).update(
            outcome="confirmed", decided_by=first, decided_at=app_now(), valid_until=date.today()
        )
    assert not stands(user, round_).is_professional
    assert default_storage.exists(claim.proof.name)
    with django_capture_on_commit_callbacks(execute=True):
        professional.confirm_status(claim, by=finance)
    assert not default_storage.exists(claim.proof.name)
    refused("wrong_state", professional.refuse_status, claim, by=finance, reason="x")
    found = stands(user, round_)
    assert found.is_professional
    assert not found.people_are_full
    claim.refresh_from_db()
    assert claim.valid_until is not None
    with days_later(370):
        assert not standing_of(user, round_, Money(100_000, "USD"), app_now()).is_professional


def test_who_is_accredited_has_no_limit_of_that_rule_and_keeps_the_floor() -> None:
    user = an_investor("US")
    round_ = an_open_round(instrument="equity")
    InvestorFigures.objects.create(
        user=user, currency="USD", income_minor=100, liquid_minor=0, commitments_minor=0
    )
    assert [limit.rule_id for limit in stands(user, round_).limits] == ["us-regcf-227-100"]
    claim = professional.find_proved(a_claim(user, "us_accredited"), by=an_officer("finance"))
    professional.confirm_status(claim, by=an_officer("finance"))
    found = stands(user, round_)
    assert not found.limits
    assert not found.is_professional
    assert "platform-floor-1" in found.needs.rule_ids


def test_nobody_judges_their_own_claim() -> None:
    officer = an_officer("finance")
    refused("four_eyes", professional.find_proved, a_claim(officer), by=officer)


def test_a_closed_account_leaves_no_proof(django_capture_on_commit_callbacks: Any) -> None:
    user = an_investor()
    name = a_claim(user).proof.name
    with django_capture_on_commit_callbacks(execute=True):
        close_account(user, by=user)
    assert not default_storage.exists(name)
    assert not ProfessionalClaim.objects.exists()


def test_the_pages_are_for_the_person_and_for_finance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.accounts.permissions.staff_code_problem", lambda request: None)
    user, client = an_investor(), Client()
    mine = reverse("home:professional")
    assert client.get(mine).status_code == 302
    client.force_login(user)
    assert client.post(mine, {}).status_code == 400
    card = {"note": "4242 4242 4242 4242", "investor_class": "us_accredited",
            "proof": SimpleUploadedFile("x.pdf", b"%PDF-1.7 x")}  # fmt: skip
    assert client.post(mine, card).status_code == 400
    assert not ProfessionalClaim.objects.exists()
    fine = card | {"note": "Tôi", "proof": SimpleUploadedFile("x.pdf", b"%PDF-1.7 x")}
    assert client.post(mine, fine).status_code == 302
    claim = ProfessionalClaim.objects.get()
    for name in ("home:claim", "home:claim_proof"):
        address = reverse(name, args=[claim.public_id])
        assert client.get(address).status_code == 403
        other = Client()
        assert other.get(address).status_code == 302
        other.force_login(an_officer("auditor"))
        assert other.get(address).status_code == 403
    address = reverse("home:claim", args=[claim.public_id])
    one, two = Client(), Client()
    for officer, client in ((an_officer("finance"), one), (an_officer("finance"), two)):
        client.force_login(officer)
        asked = client.post(address, {"outcome": "refuse"})["Location"]
        assert "again" in asked
        # Sent on by itself: refusing needs a reason.
        assert client.post(asked, {"password": "mật khẩu dài"}).status_code == 400
    assert one.post(address, {"outcome": "confirm"}).status_code == 302
    assert one.post(address, {"outcome": "confirm"}).status_code == 400, "the same person again"
    assert 'value="confirm"' not in one.get(address).content.decode()
    assert not ProfessionalClaim.objects.exclude(outcome="").exists()
    assert two.post(address, {"outcome": "confirm"}).status_code == 302
    assert ProfessionalClaim.objects.get().outcome == "confirmed"


def test_a_day_without_a_rule_is_a_sentence_and_no_crash() -> None:
    with pytest.raises(NoRuleHolds):
        requirements_on("US", "equity", date(2020, 1, 1))
    with pytest.raises(LookupError):
        eligibility.requirements("US", "equity", date(2020, 1, 1))
    round_ = an_open_round()
    investor = an_investor()
    assert may_see_terms(investor, round_.project)
    client = Client()
    client.force_login(investor)
    with days_later(-700):
        reply = client.get(reverse("home:pledge_start", args=[round_.project.public_id]))
    assert reply.status_code == 409
