"""Taking in exchange rates: all rows of a file or none. Lock, permit, check, change, audit."""

from decimal import Decimal

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.models import AuditEvent
from backend.funding import permissions
from backend.funding.models import FxRate, PaymentControl
from backend.funding.queries import latest_rates
from backend.funding.rates import QUOTE, FileSource, RateFile, RateSource, read_rates

log = structlog.get_logger(__name__)


def known_rates() -> dict[str, Decimal]:
    """The newest rate of each base."""
    return {base: rate.rate for base, rate in latest_rates(QUOTE).items()}


def preview_rates(text: str) -> RateFile:
    """What a file says and what is wrong with it; nothing is stored."""
    return read_rates(text, known_rates(), app_now())


def import_rates(text: str, *, by: User | None, jumps_checked: bool = False) -> int:
    """Store every rate of the file, or refuse it whole; how many were new.

    `by` is a finance officer, or the system for a source that is read each day. Raises Invalid
    when a row is wrong, when a rate moved far and nobody said that they looked, or when a stored
    rate of the same day and source says something else. Rates that moved far need two people: the
    first one's look is written down (Conflict), and another officer imports the same file.
    """
    count = _import(text, by, jumps_checked=jumps_checked)
    if count is None:
        raise Conflict(
            _("You looked at them. Nothing is stored until another finance officer imports the "
              "same file."),
            code="second_person",
        )  # fmt: skip
    return count


@transaction.atomic
def _import(text: str, by: User | None, *, jumps_checked: bool) -> int | None:
    """None when the rates wait for a second person."""
    control, _new = PaymentControl.objects.select_for_update().get_or_create(id=1)
    if by is not None:
        permissions.check_is_finance(by)
    found = preview_rates(text)
    if not found.is_good:
        raise Invalid(_("The file has mistakes. Nothing was stored."), code="bad_file")
    if found.jumps and not jumps_checked:
        raise Invalid(
            _("Some rates moved by more than a fifth. Say that you looked at them."),
            code="jumps", field="jumps_checked",
        )  # fmt: skip
    if found.jumps and by is not None and not _another_looked(by, found.sha256):
        audit.record(
            "rates.far_seen", by=by, subject=control, data={"sha256": found.sha256}
        )  # fmt: skip
        return None
    rows = [row.rate for row in found.rows if row.rate is not None]
    if "_live_" in settings.STRIPE_API_KEY and any(row.is_sample for row in rows):
        raise Invalid(_("Sample rates are refused where real money moves."), code="sample")
    count = 0
    for row in rows:
        stored, is_new = FxRate.objects.get_or_create(
            base=row.base, quote=QUOTE, as_of=row.as_of, source=row.source,
            defaults={"rate": row.rate, "is_sample": row.is_sample},
        )  # fmt: skip
        if (stored.rate, stored.is_sample) != (row.rate, row.is_sample):
            raise Conflict(
                _("%(base)s of that day and source is stored with another rate. Stored rates do "
                  "not change; give the correction its own moment or source."),
                code="rate_stored", base=row.base,
            )  # fmt: skip
        count += is_new
    audit.record(
        "rates.imported", by=by, subject=control,
        data={"rows": len(rows), "new": count, "sha256": found.sha256},
    )  # fmt: skip
    return count


def _another_looked(by: User, sha256: str) -> bool:
    seen = AuditEvent.objects.filter(code="rates.far_seen", data__sha256=sha256)
    return seen.exclude(actor=by.public_id).exists()


def source() -> RateSource | None:
    """The adapter that this site reads each day (FX_RATE_SOURCE), or the file FX_RATE_FILE."""
    if settings.FX_RATE_SOURCE:
        made: RateSource = import_string(settings.FX_RATE_SOURCE)()
        return made
    return FileSource(settings.FX_RATE_FILE) if settings.FX_RATE_FILE else None


def fetch_rates() -> int:
    """Read the site's own source; a source that is wrong or silent stores nothing and is logged.

    A rate that moved far is not taken without a person: it stays out until one imports it.
    """
    adapter = source()
    if adapter is None:
        return 0
    try:
        return import_rates(adapter.read(), by=None)
    except (OSError, UnicodeDecodeError, Invalid, Conflict) as error:
        log.error("rates.not_taken", error=repr(error))
        return 0
