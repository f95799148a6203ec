"""What search engines ask for: which addresses are theirs to read, and the icon by its old name."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.templatetags.static import static
from django.urls import reverse

from backend.core.web import public_page
from backend.home.texts import NAMES
from backend.projects.models import Project
from backend.projects.queries import browsable_projects

# What belongs to somebody who signed in, or is no page; none of it may be found by searching.
CLOSED = (
    "me", "account", "office", "proposals", "money", "milestones", "letters", "evidence", "outbox",
)  # fmt: skip


@public_page
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *"]
    lines += [f"Disallow: /{code}/{part}/" for code, _name in settings.LANGUAGES for part in CLOSED]
    lines += ["Disallow: /api/v1/", f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def favicon(request: HttpRequest) -> HttpResponse:
    return HttpResponsePermanentRedirect(static("icons/mark.svg"))


class Pages(Sitemap):  # type: ignore[type-arg]  # subscriptable for mypy alone
    """The pages that stand in the menu and the footer, in both languages."""

    i18n = True
    alternates = True

    def items(self) -> Sequence[str]:
        named = ("home:landing", "home:projects", "remittances:calculator", "insights:flows",
                 "home:ranking")  # fmt: skip
        return [*named, *NAMES]

    def location(self, item: str) -> str:
        return reverse(item) if ":" in item else reverse("home:footer_page", args=[item])


class Listed(Sitemap):  # type: ignore[type-arg]
    """Every project that the public list offers."""

    i18n = True
    alternates = True

    def items(self) -> QuerySet[Project]:
        return browsable_projects().only("slug", "listed_at").order_by("-listed_at", "-id")

    def lastmod(self, item: Project) -> object:
        return item.listed_at

    def location(self, item: Project) -> str:
        return reverse("home:project", args=[item.slug])


SITEMAPS = {"pages": Pages, "projects": Listed}
