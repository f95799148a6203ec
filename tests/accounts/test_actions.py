"""Joining, answers, keys, offices and closing, by their actions."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from backend.accounts import actions, tasks, tokens
from backend.accounts.answers import Answers, Vocabulary, answers_of
from backend.accounts.consent_texts import ConsentText
from backend.accounts.models import ApiToken, Consent, InvestorProfile, User
from backend.core import jobs
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotAllowed
from backend.core.models import AuditEvent, Job
from tests import factories

pytestmark = pytest.mark.django_db

TEXTS = [
    ConsentText("terms", "en", "2026-11", "a" * 64),
    ConsentText("privacy", "en", "2026-11", "b" * 64),
]
WORDS = Vocabulary(
    fields=frozenset({"smart_manufacturing"}),
    technologies=frozenset({"ai", "iot_sensors"}),
    countries=frozenset({"US", "JP"}),
    places=frozenset({"25747"}),
    currencies=frozenset({"USD", "VND"}),
    instruments=frozenset({"contribution"}),
    skills=frozenset({"engineering"}),
)


def joined(email: str = "lan@example.com", **values: Any) -> User:
    values = {"language": "en", "consents": TEXTS, **values}
    return actions.join(email, **values)


def test_joining_keeps_exactly_which_texts_were_agreed_to() -> None:
    user = joined()
    kept = Consent.objects.filter(user=user).order_by("document")
    assert [(c.document, c.language, c.version, c.text_sha256) for c in kept] == [
        ("privacy", "en", "2026-11", "b" * 64),
        ("terms", "en", "2026-11", "a" * 64),
    ]
    assert kept[0].given_at - timezone.now() < timedelta(seconds=5)
    assert AuditEvent.objects.filter(code="consent.given", actor=user.public_id).count() == 2


@pytest.mark.parametrize("texts", [[], TEXTS[:1]])
def test_nobody_joins_without_agreeing_to_both_texts(texts: list[ConsentText]) -> None:
    with pytest.raises(Invalid) as refused:
        joined(consents=texts)
    assert refused.value.code == "consent_missing"
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["", "no-at", "a@", "x" * 300 + "@example.com", "a b@c.d"])
def test_an_address_must_be_one(email: str) -> None:
    with pytest.raises(Invalid):
        joined(email)


def test_an_address_is_used_once_whatever_its_case() -> None:
    joined("lan@example.com")
    with pytest.raises(Conflict):
        joined("LAN@Example.COM ")
    assert User.objects.count() == 1


def test_a_password_from_before_the_address_was_shown_is_dropped() -> None:
    user = joined(password="chosen by somebody")
    actions.confirm_email(user, email="lan@example.com")
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified


def test_an_unconfirmed_account_is_forgotten_after_a_week() -> None:
    user = joined()
    job = Job.objects.get(name="accounts.forget_unconfirmed")
    assert job.run_after - timezone.now() > timedelta(days=6)
    tasks.forget_unconfirmed(user.public_id)
    tasks.forget_unconfirmed(user.public_id)
    user.refresh_from_db()
    assert user.email is None
    assert user.closed_at is not None


def test_a_confirmed_account_is_not_forgotten() -> None:
    user = joined()
    actions.confirm_email(user, email="lan@example.com")
    tasks.forget_unconfirmed(user.public_id)
    user.refresh_from_db()
    assert user.email == "lan@example.com"


ANSWERS = Answers(
    fields=("smart_manufacturing",),
    technologies=("ai",),
    country="US",
    home_place="25747",
    budget_minor=20_000,
    budget_currency="USD",
    instruments=("contribution",),
    horizon_months=24,
    stages=(6, 7),
    languages=("vi",),
    skills=("engineering",),
)


def save(user: User, answers: Answers = ANSWERS, **values: Any) -> InvestorProfile:
    options = {"by": user, "expected_version": None, "vocabulary": WORDS, **values}
    weights = options.pop("weights", {})
    return actions.save_profile(user, answers, weights, **options)


def test_answers_come_back_as_they_were_saved() -> None:
    user = factories.a_user()
    profile = save(user, expected_version=0, weights={"field": "more", "place": "normal"})
    profile.refresh_from_db()
    assert answers_of(profile) == ANSWERS
    assert profile.weights == {"field": "more"}
    assert profile.version == 1


def test_the_audit_names_changed_answers_and_never_their_values() -> None:
    user = factories.a_user()
    save(user)
    save(user, replace(ANSWERS, country="JP"))
    event = AuditEvent.objects.filter(code="profile.saved").latest("id")
    assert event.data == {"version": 2, "changed": ["country"]}


def test_saving_the_same_again_changes_nothing() -> None:
    user = factories.a_user()
    save(user)
    save(user)
    assert InvestorProfile.objects.get().version == 1
    assert AuditEvent.objects.filter(code="profile.saved").count() == 1


@pytest.mark.parametrize("seen", [0, 2, 7])
def test_a_stale_window_is_refused_and_saves_nothing(seen: int) -> None:
    user = factories.a_user()
    save(user)
    with pytest.raises(Conflict) as refused:
        save(user, replace(ANSWERS, country="JP"), expected_version=seen)
    assert refused.value.code == "profile_changed"
    assert InvestorProfile.objects.get().country == "US"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fields": ("no_such",)}, "fields"),
        ({"technologies": ("ai", "ai")}, "technologies"),
        ({"country": "XX"}, "country"),
        ({"home_place": "00000"}, "home_place"),
        ({"budget_currency": "ZZZ"}, "budget_currency"),
        ({"budget_currency": ""}, "budget"),
        ({"budget_minor": 0}, "budget"),
        ({"budget_minor": -5}, "budget"),
        ({"budget_minor": 10**18}, "budget"),
        ({"horizon_months": 0}, "horizon_months"),
        ({"horizon_months": 601}, "horizon_months"),
        ({"stages": (0,)}, "stages"),
        ({"stages": (10,)}, "stages"),
        ({"languages": ("fr",)}, "languages"),
        ({"skills": ("<script>",)}, "skills"),
        ({"instruments": ("gift\x00",)}, "instruments"),
    ],
)
def test_unknown_keys_and_numbers_are_named(change: dict[str, Any], field: str) -> None:
    user = factories.a_user()
    with pytest.raises(ManyInvalid) as refused:
        save(user, replace(ANSWERS, **change))
    assert field in {error.field for error in refused.value.errors}
    assert not InvestorProfile.objects.exists()


@pytest.mark.parametrize("weights", [{"luck": "more"}, {"field": "most"}])
def test_unknown_steering_is_refused(weights: dict[str, str]) -> None:
    with pytest.raises(ManyInvalid):
        save(factories.a_user(), weights=weights)


def test_nobody_answers_for_somebody_else() -> None:
    user, other = factories.a_user(), factories.a_user()
    calls = [
        lambda: save(user, by=other),
        lambda: actions.issue_api_token(user, by=other, name="x"),
        lambda: actions.give_consent(user, TEXTS[0], by=other),
        lambda: actions.close_account(user, by=other),
        lambda: actions.record_data_download(user, by=other),
        lambda: actions.sign_out_everywhere(user, by=other),
        lambda: actions.change_details(
            user, by=other, full_name="X", language="en", time_zone="Asia/Tokyo"
        ),
    ]
    before = AuditEvent.objects.count()
    for call in calls:
        with pytest.raises(NotAllowed):
            call()
    assert AuditEvent.objects.count() == before
    assert User.objects.get(pk=user.pk).full_name == user.full_name


def test_a_key_is_kept_as_its_hash_only() -> None:
    user = factories.a_user()
    token, text = actions.issue_api_token(user, by=user, name="  my   sheet ")
    assert token.name == "my sheet"
    assert text.startswith(token.prefix)
    assert token.token_sha256 == tokens.hash_of(text)
    stored = ApiToken.objects.values().get()
    assert text not in str(stored)


def test_a_revoked_key_stays_revoked_and_is_audited_once() -> None:
    user = factories.a_user()
    token, _text = actions.issue_api_token(user, by=user, name="a")
    first = actions.revoke_api_token(token, by=user).revoked_at
    assert actions.revoke_api_token(token, by=user).revoked_at == first
    assert AuditEvent.objects.filter(code="token.revoked").count() == 1
    with pytest.raises(NotAllowed):
        actions.revoke_api_token(token, by=factories.a_user())


def test_ten_live_keys_are_enough() -> None:
    user = factories.a_user()
    made = [actions.issue_api_token(user, by=user, name="k")[0] for _ in range(10)]
    with pytest.raises(Conflict):
        actions.issue_api_token(user, by=user, name="k")
    actions.revoke_api_token(made[0], by=user)
    actions.issue_api_token(user, by=user, name="k")


def test_only_a_lead_of_the_office_adds_people_to_it() -> None:
    lead = factories.an_officer("lead")
    office = lead.office_memberships.get().office
    newcomer = factories.a_user()
    with pytest.raises(NotAllowed):
        actions.add_to_office(newcomer, office, "finance", by=factories.an_officer("auditor"))
    actions.add_to_office(newcomer, office, "finance", by=lead)
    actions.add_to_office(newcomer, office, "finance", by=lead)
    assert [m.role for m in newcomer.office_memberships.all()] == ["finance"]
    with pytest.raises(Invalid):
        actions.add_to_office(newcomer, office, "king", by=lead)


def test_a_mail_that_nobody_took_is_forgotten() -> None:
    fresh = actions.post_mail("lan@example.com", subject="a", text="a")
    old = actions.post_mail("mai@example.com", subject="b", text="b")
    old.created_at = timezone.now() - timedelta(days=3)
    old.save()
    tasks.sweep_mails()
    assert [mail.pk for mail in actions.PendingMail.objects.all()] == [fresh.pk]


def test_a_mail_is_sent_once_and_then_forgotten(mailoutbox: list[Any]) -> None:
    actions.post_mail("lan@example.com", subject="Chào", text="a", html="<p>a</p>")
    assert mailoutbox == []
    jobs.run_due_jobs()
    jobs.run_due_jobs()
    assert [m.subject for m in mailoutbox] == ["Chào"]
    assert not actions.PendingMail.objects.exists()
