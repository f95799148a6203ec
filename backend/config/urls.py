from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from backend.funding.webhooks import stripe_webhook

urlpatterns = [
    path("", include("backend.home.urls_root")),
    path("api/", include("backend.home.urls_api")),
    path("webhooks/stripe/", stripe_webhook),
    *i18n_patterns(
        path("account/", include("backend.accounts.urls")),
        path("outbox/", include("backend.notifications.urls")),
        path("me/notices/", include("backend.notifications.notice_urls")),
        path("", include("backend.remittances.urls")),
        path("proposals/", include("backend.home.owner.urls")),
        path("office/", include("backend.home.office.urls")),
        path("", include("backend.home.office.letter_urls")),
        path("", include("backend.insights.urls")),
        path("", include("backend.home.urls")),
        prefix_default_language=True,
    ),
]
handler400 = "backend.home.errors.bad_request"
handler403 = "backend.home.errors.forbidden"
handler404 = "backend.home.errors.not_found"
handler500 = "backend.home.errors.server_error"
