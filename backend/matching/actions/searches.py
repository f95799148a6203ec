"""Searches that a person kept, and the mail of the morning with what is new in them."""

from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from backend.accounts.actions import post_mail
from backend.accounts.mails import Mail, mail_texts
from backend.accounts.models import User
from backend.accounts.permissions import check_is_self
from backend.core import audit, jobs
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.money import Money
from backend.core.text import clean_text
from backend.funding.queries import closed_to_pledges, convert, latest_rates
from backend.matching.models import SavedSearch
from backend.projects import search
from backend.projects.models import Project
from backend.projects.search_filters import CHOICES, ListFilters

MOST_SEARCHES = 20
MOST_NAME = 80
MOST_PARTS = 400  # of an address: far more than there are filters
MOST_NEW = 100
IN_A_MAIL = 10
ALERT_HOUR = 7
SALT = "matching.search_alert"


def filters_of(query: str) -> ListFilters:
    """The stored address as filters, checked again as if it were typed. Raises ManyInvalid."""
    rates = latest_rates()

    def into(money: Money, code: str) -> Money:
        return convert(money, code, rates).money

    return search.parse_filters(QueryDict(query), convert=into)


def canonical(query: str) -> str:
    """The same filters in one order, without page and ordering: equal searches are equal texts."""
    if query.count("&") > MOST_PARTS:
        raise Invalid(gettext_lazy("Choose at least one filter first."), field="query")
    given = QueryDict(query)
    kept = [
        (name, value) for name in CHOICES for value in sorted(set(given.getlist(name))) if value
    ]
    singles = ("min_trl", "max_ticket", "currency", "q")
    kept += [(name, given[name].strip()) for name in singles if given.get(name, "").strip()]
    if not given.get("max_ticket"):
        kept = [(name, value) for name, value in kept if name != "currency"]
    return urlencode(kept)


@transaction.atomic
def keep_search(user: User, *, by: User, name: str, query: str, alert: bool) -> SavedSearch:
    """Keep filters under a name. What is listed now counts as known: the first mail is about what
    comes after. Keeping the same filters again changes name and mail."""
    user = User.objects.select_for_update().get(pk=user.pk)
    check_is_self(by, user)
    name = " ".join(clean_text(name).split())
    if not 1 <= len(name) <= MOST_NAME:
        raise Invalid(
            gettext_lazy("Enter a name of at most %(max)s characters."), field="name", max=MOST_NAME
        )
    query = canonical(query)
    if not query or len(query) > 2000 or filters_of(query).is_empty:
        raise Invalid(gettext_lazy("Choose at least one filter first."), field="query")
    found = SavedSearch.objects.filter(user=user, query=query).first()
    if found is None and SavedSearch.objects.filter(user=user).count() >= MOST_SEARCHES:
        raise Conflict(
            gettext_lazy("You keep %(max)s searches. Delete one first."),
            code="too_many_searches", max=MOST_SEARCHES,
        )  # fmt: skip
    if found is None:
        found = SavedSearch(user=user, query=query, told_until=app_now())
    elif alert and not found.alert:
        found.told_until = app_now()
    found.name, found.alert = name, alert
    found.save()
    audit.record("saved_search.kept", by=by, subject=user, data={"alert": alert})
    return found


@transaction.atomic
def set_alert(kept: SavedSearch, *, by: User, alert: bool) -> SavedSearch:
    """Mail about what is new, or none; quiet when it is so already."""
    kept = SavedSearch.objects.select_for_update().select_related("user").get(pk=kept.pk)
    check_is_self(by, kept.user)
    if kept.alert == alert:
        return kept
    kept.alert = alert
    if alert:
        kept.told_until = app_now()
    kept.save(update_fields=["alert", "told_until"])
    audit.record("saved_search.alert_set", by=by, subject=kept.user, data={"alert": alert})
    return kept


@transaction.atomic
def drop_search(kept: SavedSearch, *, by: User) -> None:
    check_is_self(by, kept.user)
    SavedSearch.objects.filter(pk=kept.pk).delete()
    audit.record("saved_search.dropped", by=by, subject=kept.user)


def stop_link(kept: SavedSearch) -> str:
    """An address that ends the mails of one search in one press, without signing in."""
    token = signing.dumps(kept.public_id, salt=SALT)
    return f"{settings.SITE_URL}/{kept.user.language}/me/searches/stop/{token}/"


def read_stop_token(token: str) -> SavedSearch | None:
    """The search that the link names; None when it was tampered with or the search is gone."""
    try:
        key = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    rows = SavedSearch.objects.select_related("user")
    return rows.filter(public_id=key, user__closed_at__isnull=True).first()


def ask_for_news() -> int:
    """One look for each kept search of everybody for whom it is the hour of the mail; returns how
    many were asked for. Once a day each, whatever is fired twice."""
    at = app_now()
    zones = User.objects.filter(saved_searches__alert=True, is_active=True)
    due = {
        zone: at.astimezone(ZoneInfo(zone)).date()
        for zone in zones.values_list("time_zone", flat=True).distinct()
        if at.astimezone(ZoneInfo(zone)).hour == ALERT_HOUR
    }
    asked = 0
    for zone, on in due.items():
        rows = SavedSearch.objects.filter(alert=True, user__is_active=True, user__time_zone=zone)
        for key in rows.exclude(looked_on=on).order_by("pk").values_list("public_id", flat=True):
            asked += jobs.enqueue("matching.tell_new", f"{key}:{on}", search=key, on=str(on))
    return asked


@transaction.atomic
def tell_new(search_id: str, *, on: str) -> int:
    """Mail what was listed in a kept search since the last look; returns how many projects.

    Safe to run twice: the look is written down with the mail. Nothing new, no mail.
    """
    kept = (
        SavedSearch.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(public_id=search_id, alert=True, user__is_active=True)
        .first()
    )
    day = date.fromisoformat(on)
    if kept is None or kept.looked_on == day:
        return 0
    until = app_now()
    found = new_in(kept, until=until)
    kept.looked_on, kept.told_until = day, until
    kept.save(update_fields=["looked_on", "told_until"])
    user = kept.user
    if not found or not user.email or not _reads_mail(user):
        return 0
    mail = _mail(kept, found)
    subject, text, html = mail_texts(mail, user.language)
    post_mail(user.email, subject=subject, text=text, html=html)
    return len(found)


def new_in(kept: SavedSearch, *, until: datetime) -> list[Project]:
    """What was listed in the search after the last look and until `until`, newest first, and whose
    round is not closed already."""
    page = search.search_projects(filters_of(kept.query + "&ordering=newest"), MOST_NEW)
    rows = search.projects_on(page)
    new = [p for p in rows if p.listed_at and kept.told_until < p.listed_at <= until]
    of_these = closed_to_pledges().filter(pk__in=[p.pk for p in new])
    closed = frozenset(of_these.values_list("pk", flat=True)) if new else frozenset()
    return [p for p in new if p.pk not in closed]


def _reads_mail(user: User) -> bool:
    confirmed = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    return user.is_demo or bool(confirmed.exists())


def _mail(kept: SavedSearch, found: list[Project]) -> Mail:
    language = kept.user.language
    with override(language):
        count = ngettext(
            "%(n)s new project in “%(name)s”", "%(n)s new projects in “%(name)s”", len(found)
        ) % {"n": len(found), "name": kept.name}
        lines = [f"· {_title(project, language)}" for project in found[:IN_A_MAIL]]
        if len(found) > IN_A_MAIL:
            lines.append(_("and %(n)s more on the page") % {"n": len(found) - IN_A_MAIL})
        return Mail(
            count,
            (_("Listed since the last look, newest first:"), *lines),
            _("See the list"),
            f"{settings.SITE_URL}/{language}/projects/?{kept.query}",
            (
                _("An order by date, not advice."),
                _("No more mails about this search, in one press: %(link)s")
                % {"link": stop_link(kept)},
            ),
        )


def _title(project: Project, language: str) -> str:
    first, second = (
        (project.title_vi, project.title_en)
        if language == "vi"
        else (project.title_en, project.title_vi)
    )
    return first or second
