"""The way of an investor through the pages, without JavaScript: pledge, card, close, withdraw."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backend.accounts.models import InvestorProfile, User
from backend.core.formats import format_money
from backend.core.money import Money
from backend.funding.actions import charges, outcome, rounds
from backend.funding.models import Acknowledgement, InvestorFigures, Pledge, Round
from tests import factories
from tests.factories import a_user, an_investor, an_open_round, days_later
from tests.payments.walks import a_small_round, move_clocks
from tests.sandbox import VISA, Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """`reverse` takes the language in force; that of an earlier test's last page must not stay."""
    with translation.override(getattr(request, "param", "vi")):
        yield translation.get_language()


both_languages = pytest.mark.parametrize("language", ["vi", "en"], indirect=True)


def written(number: str, language: str) -> str:
    """A number given as Vietnamese writes it, as `language` writes it."""
    return number if language == "vi" else number.translate({ord("."): ",", ord(","): "."})


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def start_url(round_: Round) -> str:
    return reverse("home:pledge_start", args=[round_.project.public_id])


def page(client: Client, name: str, pledge: Pledge) -> str:
    return reverse(f"home:{name}", args=[pledge.public_id])


def begin(client: Client, round_: Round, amount: str = "150", currency: str = "USD") -> Any:
    form = {"amount": amount, "currency": currency, "token": "form-1"}
    return client.post(start_url(round_), form)


def text_of(response: Any) -> str:
    return response.content.decode()


def test_from_the_sum_to_the_saved_card(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    investor = an_investor()
    client = signed_in(investor)
    first = client.get(start_url(round_), {"amount": "150", "currency": "USD"})
    assert 'value="150"' in text_of(first)
    moved = begin(client, round_)
    pledge = Pledge.objects.get()
    assert moved.headers["Location"] == page(client, "pledge_check", pledge)
    check = client.get(moved.headers["Location"])
    text = text_of(check)
    assert "150" in text
    policy = check.headers["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["form-action"] == f"'self' {sandbox.base}"
    assert (rules["script-src"], rules["connect-src"]) == ("'self'", "'self'")
    assert rules.get("frame-src", rules["default-src"]) == "'none'"
    # No card field, no script of anybody else, nothing inline.
    assert re.findall(r"<script[^>]*src=\"(?!/static/)", text) == []
    assert re.search(r"<script(?![^>]*src=)[^>]*>|cc-number|<iframe| onclick=", text) is None
    refused = client.post(page(client, "pledge_check", pledge), {})
    assert refused.status_code == 400
    to_stripe = client.post(page(client, "pledge_check", pledge), {"agreed": "on"})
    assert to_stripe.status_code == 303
    address = to_stripe.headers["Location"]
    assert address.startswith(sandbox.base)
    back = sandbox.save_card(address, VISA)
    path = re.sub(r"^https?://[^/]+", "", str(back["return_to"]))
    done = client.get(path, follow=True)
    pledge.refresh_from_db()
    assert (pledge.status, done.status_code) == ("active", 200)
    assert pledge.reference in text_of(done)
    assert "4242" in text_of(done)


@both_languages
def test_close_charge_settle_and_the_portfolio_shows_it_held(
    sandbox: Sandbox, language: str
) -> None:
    round_ = a_small_round()
    investor = an_investor()
    client = signed_in(investor)
    begin(client, round_, "4000")
    pledge = Pledge.objects.get()
    address = client.post(page(client, "pledge_check", pledge), {"agreed": "on"})
    sandbox.save_card(address.headers["Location"], VISA)
    client.get(page(client, "pledge", pledge), {"setup": pledge.card_setups.get().public_id})
    move_clocks(sandbox, days=31)
    rounds.close_round(round_)
    rounds.count_round(round_)
    charges.charge_due()
    outcome.settle_round(round_)
    round_.refresh_from_db()
    pledge.refresh_from_db()
    assert (round_.status, pledge.status) == ("funded", "collected")
    effects = sandbox.effects()
    assert [(e["amount"], e["currency"]) for e in effects] == [(400_000, "usd")]
    folio = text_of(client.get(reverse("home:pledges")))
    assert f'<html lang="{language}"' in folio
    assert written("4.000,00", language) in folio
    assert text_of(client.get(reverse("home:statement"))).count(pledge.reference) == 2
    csv = client.get(reverse("home:statement"), {"format": "csv"}).content.decode()
    assert csv.startswith("\ufefftime_utc,")
    assert "pledge.collected,4000" in csv


def test_withdrawing_is_one_press_and_pressing_again_is_quiet(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    client = signed_in(an_investor())
    begin(client, round_)
    pledge = Pledge.objects.get()
    client.post(page(client, "pledge_check", pledge), {"agreed": "on"})
    for _ in range(2):
        done = client.post(page(client, "pledge_withdraw", pledge), follow=True)
        assert done.status_code == 200
    pledge.refresh_from_db()
    round_.refresh_from_db()
    assert (pledge.status, round_.reserved_minor) == ("withdrawn", 0)


def test_when_the_provider_is_silent_the_place_is_kept_and_the_step_offered_again(
    settings: Any,
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "", ""
    round_ = an_open_round()
    client = signed_in(an_investor())
    begin(client, round_)
    pledge = Pledge.objects.get()
    done = client.post(page(client, "pledge_check", pledge), {"agreed": "on"}, follow=True)
    assert done.status_code == 200
    pledge.refresh_from_db()
    assert pledge.status == "card_pending"
    assert page(client, "pledge_card", pledge) in text_of(done)
    folio = text_of(client.get("/en/me/pledges/"))
    assert "1 pledge waits for you." in folio
    assert "You need not do anything." not in folio
    pledged, waiting = (folio.index(f"<dt>{w}</dt>") for w in ("Pledged", "Waiting for a card"))
    amount = format_money(pledge.amount, "en")
    assert amount not in folio[pledged:waiting], "no pledge before the card is saved"
    assert amount in folio[waiting:]


def test_a_person_without_a_country_is_asked_for_it_and_nothing_is_lost() -> None:
    round_ = an_open_round()
    user = a_user()
    client = signed_in(user)
    moved = begin(client, round_)
    pledge = Pledge.objects.get()
    assert moved.headers["Location"] == page(client, "pledge_country", pledge)
    assert "Bước 2 trên 3" in text_of(client.get(page(client, "pledge_country", pledge)))
    refused = client.post(page(client, "pledge_country", pledge), {"country": "XX"})
    assert refused.status_code == 400
    moved = client.post(page(client, "pledge_country", pledge), {"country": "JP"})
    assert moved.headers["Location"] == page(client, "pledge_check", pledge)
    assert InvestorProfile.objects.get(user=user).country == "JP"
    assert "Bước 3 trên 3" in text_of(client.get(moved.headers["Location"]))
    assert "Bước 1 trên 2" in text_of(client.get(start_url(round_))), "it is known now"


def equity_round() -> Round:
    return an_open_round(instrument="equity", horizon_months=36)


@both_languages
def test_equity_asks_what_the_rules_ask_and_makes_an_expression_of_interest(
    language: str,
) -> None:
    round_ = equity_round()
    client = signed_in(an_investor("DE"))
    moved = begin(client, round_, "2.000,00", "EUR")
    pledge = Pledge.objects.get()
    assert moved.headers["Location"] == page(client, "pledge_knowledge", pledge)
    wrong = {"loss": "city", "exit": "stuck", "review": "checked", "spread": "several"}
    explained = client.post(page(client, "pledge_knowledge", pledge), wrong)
    assert explained.status_code == 200
    assert "go_on" in text_of(explained)
    moved = client.post(page(client, "pledge_knowledge", pledge), {"go_on": "1"})
    assert moved.headers["Location"] == page(client, "pledge_figures", pledge)
    means = {"currency": "EUR", "income": "30000", "liquid": "10000", "commitments": "10000"}
    moved = client.post(page(client, "pledge_figures", pledge), means)
    assert moved.headers["Location"] == page(client, "pledge_loss", pledge)
    loss = text_of(client.get(page(client, "pledge_loss", pledge)))
    assert written("30.000,00", language) in loss
    moved = client.post(page(client, "pledge_loss", pledge))
    assert moved.headers["Location"] == page(client, "pledge_warning", pledge)
    moved = client.post(page(client, "pledge_warning", pledge))
    assert moved.headers["Location"] == page(client, "pledge_check", pledge)
    client.post(page(client, "pledge_check", pledge), {"agreed": "on"})
    pledge.refresh_from_db()
    assert (pledge.status, pledge.route) == ("active", "bank")
    assert "eu-ecspr-art21-7" in pledge.rule_ids
    kinds = Acknowledgement.objects.filter(pledge=pledge).values_list("kind", flat=True)
    assert sorted(kinds) == ["extra_warning", "loss_simulation"]
    said, never = {
        "vi": ("Đã bày tỏ quan tâm", "Đã cam kết góp"), "en": ("Interest expressed", ">Pledged<"),
    }[language]  # fmt: skip
    folio = text_of(client.get(f"/{language}/me/pledges/"))
    assert said in folio
    assert never not in folio


@both_languages
def test_a_limit_of_the_country_stops_at_what_is_left(language: str) -> None:
    round_ = equity_round()
    investor = an_investor("AU")
    client = signed_in(investor)
    begin(client, round_, "10001", "AUD")
    pledge = Pledge.objects.get()
    right = {"loss": "gone", "exit": "stuck", "review": "checked", "spread": "several"}
    client.post(page(client, "pledge_knowledge", pledge), right)
    InvestorFigures.objects.create(
        user=investor, currency="AUD", income_minor=20_000_000, liquid_minor=0, commitments_minor=0
    )
    client.post(page(client, "pledge_loss", pledge))
    refused = client.post(page(client, "pledge_check", pledge), {"agreed": "on"})
    assert refused.status_code == 400
    assert written("10.000,00", language) in text_of(refused)
    pledge.refresh_from_db()
    assert pledge.status == "draft"


BAD = [
    ("1.500", "USD"), ("1,500", "EUR"), ("０", "USD"), ("-5", "USD"), ("1e6", "USD"),
    ("NaN", "USD"), ("1e309", "USD"), ("0", "USD"), ("", "USD"), ("100.5", "JPY"),
    ("0.10", "USD"), ("99999999999", "USD"), ("200", "KWD"), ("1.001", "KWD"), ("5", "USD"),
    ("4242 4242 4242 4242", "USD"), ("x" * 10_000, "USD"), ("1\0", "USD"), ("\ud800", "USD"),
    ("12345678901234567890", "VND"),
]  # fmt: skip


@pytest.mark.parametrize(("amount", "currency"), BAD, ids=lambda v: ascii(v)[:20])
def test_a_bad_sum_is_answered_beside_the_field_and_nothing_is_stored(
    amount: str, currency: str
) -> None:
    round_ = an_open_round()
    client = signed_in(an_investor())
    if amount == "\ud800":
        body = "amount=%ED%A0%80&currency=USD&token=a"
        response = client.post(
            start_url(round_), body, content_type="application/x-www-form-urlencoded"
        )
    else:
        response = begin(client, round_, amount, currency)
    assert response.status_code == 400
    assert 'id="error-summary"' in text_of(response)
    assert not Pledge.objects.exists()


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1,5 triệu", "VND", 1_500_000),
        ("１５０", "USD", 15_000),
        ("١٥٠", "USD", 15_000),
        ("1,500.50", "USD", 150_050),
        ("20 000", "JPY", 20_000),
    ],
)
def test_a_sum_is_read_as_people_write_it(amount: str, currency: str, minor: int) -> None:
    round_ = an_open_round()
    client = signed_in(an_investor())
    response = begin(client, round_, amount, currency)
    if Pledge.objects.exists():
        assert Pledge.objects.get().amount_minor == minor
    else:
        assert response.status_code == 400, "asked back, never guessed"


def test_a_sum_that_can_be_read_two_ways_is_asked_back_and_the_press_decides() -> None:
    round_ = an_open_round()
    client = signed_in(an_investor())
    asked = text_of(begin(client, round_, "1.500"))
    assert 'name="amount_minor" value="150000"' in asked.replace('type="submit" ', "")
    client.post(
        start_url(round_),
        {"amount": "1.500", "currency": "USD", "token": "t", "amount_minor": "150000"},
    )
    assert Pledge.objects.get().amount == Money(150_000, "USD")


def test_amount_currency_and_state_cannot_be_set_by_a_later_form() -> None:
    round_ = an_open_round()
    client = signed_in(an_investor())
    begin(client, round_)
    pledge = Pledge.objects.get()
    tampered = {"agreed": "on", "amount": "1", "currency": "VND", "status": "collected",
                "amount_minor": "1", "target_minor": "1"}  # fmt: skip
    client.post(page(client, "pledge_check", pledge), tampered)
    pledge.refresh_from_db()
    assert (pledge.amount_minor, pledge.currency) == (15_000, "USD")


def test_a_closed_round_and_a_frozen_project_say_so_and_store_nothing() -> None:
    round_ = an_open_round()
    investor = an_investor()
    client = signed_in(investor)
    begin(client, round_)
    pledge = Pledge.objects.get()
    with days_later(31):
        refused = client.post(page(client, "pledge_check", pledge), {"agreed": "on"})
        assert refused.status_code == 409
        other = client.post(
            start_url(round_), {"amount": "100", "currency": "USD", "token": "later"}
        )
        assert other.status_code == 400
    assert Pledge.objects.count() == 1
    pledge.refresh_from_db()
    assert pledge.status == "draft"


def test_another_persons_pledge_is_absent_on_every_page() -> None:
    round_ = an_open_round()
    pledge = factories.a_pledge(round_, Money(10_000, "USD"))
    draft = factories.a_draft_pledge(round_, Money(10_000, "USD"))
    stranger = signed_in(an_investor())
    names = ("pledge", "pledge_amount", "pledge_country", "pledge_knowledge", "pledge_figures",
             "pledge_loss", "pledge_warning", "pledge_check", "pledge_withdraw")  # fmt: skip
    for name in names:
        for row in (pledge, draft):
            assert stranger.get(page(stranger, name, row)).status_code == 404, name
            assert stranger.post(page(stranger, name, row)).status_code in {404, 405}, name
    assert stranger.post(page(stranger, "pledge_card", pledge)).status_code == 404
    pledge.refresh_from_db()
    assert pledge.status == "active"
