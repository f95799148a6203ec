"""What every page needs and no view should have to pass."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from backend.core.language import language_of_page
from backend.home.texts import funds_holder


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "environment": settings.ENVIRONMENT,
        "is_development": settings.ENVIRONMENT in {"development", "test"},
        # Without the cookie nothing may look at the session: public pages stay cacheable.
        "has_session": settings.SESSION_COOKIE_NAME in request.COOKIES,
        "site_url": settings.SITE_URL,
        # A key of test mode, or the sandbox: no real money moves.
        "has_test_payments": "_test_" in settings.STRIPE_API_KEY,
        "funds_holder": funds_holder(language_of_page()),
    }
