"""A public server does not start with what belongs on one person's machine."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.accounts.demo import create_demo_people
from backend.config import checks
from backend.core.clock import set_demo_offset

SAFE = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zx81-" + "q7Lw2Rt9Km4Np6Vb3Hd8Js5Fg1" * 2,
    "ALLOWED_HOSTS": ["caukieu.example"],
    "SITE_URL": "https://caukieu.example",
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
    "DEBUG": False,
}


@pytest.fixture
def production(settings: Any) -> Any:
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


@pytest.fixture(autouse=True)
def _keep_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start closes its connection before it forks; a test's transaction needs it."""
    monkeypatch.setattr(checks.connections, "close_all", lambda: None)


@pytest.mark.django_db
def test_a_safe_production_starts(production: Any) -> None:
    checks.refuse_unsafe_start()
    assert checks.check_settings(None) == []
    assert checks.check_database(None, databases=["default"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRET_KEY", "short", "ck.E001"),
        ("SECRET_KEY", "k" * 80, "ck.E001"),
        ("DEBUG", True, "ck.E002"),
        ("ALLOWED_HOSTS", ["*"], "ck.E003"),
        ("SITE_URL", "http://caukieu.example", "ck.E004"),
        ("EMAIL_BACKEND", "backend.notifications.outbox.EmailBackend", "ck.E005"),
        ("CELERY_BROKER_URL", "", "ck.E006"),
        ("STRIPE_API_KEY", "sk_test_x", "ck.E021"),
        ("STRIPE_API_KEY", "rk_test_x", "ck.E021"),
        ("STRIPE_API_BASE", "http://127.0.0.1:1", "ck.E022"),
        ("STRIPE_API_KEY", "sk_live_x", "ck.E023"),
    ],
)
def test_each_unsafe_setting_stops_the_start(
    production: Any, name: str, value: object, code: str
) -> None:
    setattr(production, name, value)
    with pytest.raises(ImproperlyConfigured, match=code):
        checks.refuse_unsafe_start()
    assert [finding.id for finding in checks.check_settings(None)] == [code]


@pytest.mark.django_db
def test_demo_people_stop_the_start(settings: Any) -> None:
    create_demo_people()
    for name, value in SAFE.items():
        setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=r"ck.E011: 11 demo people"):
        checks.refuse_unsafe_start()


@pytest.mark.django_db
def test_a_moved_clock_stops_the_start(settings: Any) -> None:
    set_demo_offset(timedelta(days=3))
    for name, value in SAFE.items():
        setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=r"ck\.E012"):
        checks.refuse_unsafe_start()


@pytest.mark.django_db
def test_development_is_left_alone() -> None:
    create_demo_people()
    checks.refuse_unsafe_start()
    assert checks.check_settings(None) == []
    assert checks.check_database(None, databases=["default"]) == []


def test_a_live_key_stops_the_start_of_a_site_for_trying_out(settings: Any) -> None:
    settings.STRIPE_API_KEY = "sk_live_" + "x"
    with pytest.raises(ImproperlyConfigured, match=r"ck\.E024"):
        checks.refuse_unsafe_start()


def test_a_sandbox_elsewhere_stops_the_start(settings: Any) -> None:
    settings.STRIPE_API_KEY = "sk_test_x"
    settings.STRIPE_API_BASE = "http://10.0.0.1:9"
    with pytest.raises(ImproperlyConfigured, match=r"ck\.E025"):
        checks.refuse_unsafe_start()
