"""Taking in exchange rates: all rows of a file or none. Lock, permit, check, change, audit.

A rate decides what a new pledge counts for, so a person's file takes two: one proposes it, another
stores it. A source that the site reads by itself is bounded instead: nothing that moved far.
"""

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.funding import permissions
from backend.funding.models import FxRate, PaymentControl, RateProposal
from backend.funding.queries import latest_rates
from backend.funding.rates import QUOTE, FileSource, RateFile, RateSource, read_rates

log = structlog.get_logger(__name__)
Outcome = RateProposal.Outcome


def preview_rates(text: str) -> RateFile:
    """What a file says and what is wrong with it; nothing is stored."""
    known = {base: rate.rate for base, rate in latest_rates(QUOTE).items()}
    return read_rates(text, known, app_now())


def _locked() -> PaymentControl:
    """The row that orders everything about rates."""
    row, _new = PaymentControl.objects.select_for_update().get_or_create(id=1)
    return row


@transaction.atomic
def propose_rates(text: str, *, by: User, jumps_checked: bool = False) -> RateProposal:
    """Put a file before another finance officer; nothing of it counts yet.

    Raises Invalid when a row is wrong or a rate moved far and nobody said that they looked, and
    Conflict when the same file waits already.
    """
    _locked()
    permissions.check_is_finance(by)
    found = _checked(text, jumps_checked=jumps_checked)
    if RateProposal.objects.filter(sha256=found.sha256, outcome="").exists():
        raise Conflict(_("This file waits for another finance officer already."), code="waits")
    row = RateProposal.objects.create(
        text=text, sha256=found.sha256, proposed_by=by, proposed_at=app_now()
    )
    audit.record(
        "rates.proposed", by=by, subject=row,
        data={"rows": len(found.rows), "sha256": found.sha256, "far": len(found.jumps)},
    )  # fmt: skip
    return row


@transaction.atomic
def store_rates(proposal: RateProposal, *, by: User, jumps_checked: bool = False) -> int:
    """Store every rate of a file that another officer proposed; how many were new.

    It is read again against the rates of now. Raises Invalid or Conflict as `propose_rates`, and
    Invalid (`same_person`) for whoever proposed it.
    """
    _locked()
    row = RateProposal.objects.select_for_update().get(pk=proposal.pk)
    permissions.check_is_finance(by)
    if row.outcome:
        raise Conflict(_("Somebody decided about this file already."), code="wrong_state")
    if row.proposed_by_id == by.pk:
        raise Invalid(_("Another finance officer must store this file."), code="same_person")
    found = _checked(row.text, jumps_checked=jumps_checked)
    count = _store(found)
    _decide(row, Outcome.STORED, by)
    audit.record(
        "rates.imported", by=by, subject=row,
        data={"rows": len(found.rows), "new": count, "sha256": found.sha256},
    )  # fmt: skip
    return count


@transaction.atomic
def refuse_rates(proposal: RateProposal, *, by: User) -> None:
    """Set a file aside; whoever proposed it may do so too."""
    row = RateProposal.objects.select_for_update().get(pk=proposal.pk)
    permissions.check_is_finance(by)
    if row.outcome:
        raise Conflict(_("Somebody decided about this file already."), code="wrong_state")
    _decide(row, Outcome.REFUSED, by)
    audit.record("rates.refused", by=by, subject=row, data={"sha256": row.sha256})


def _decide(row: RateProposal, outcome: RateProposal.Outcome, by: User) -> None:
    row.outcome, row.decided_by, row.decided_at = outcome, by, app_now()
    row.save(update_fields=["outcome", "decided_by", "decided_at"])


def _checked(text: str, *, jumps_checked: bool) -> RateFile:
    found = preview_rates(text)
    if not found.is_good:
        raise Invalid(_("The file has mistakes. Nothing was stored."), code="bad_file")
    if found.jumps and not jumps_checked:
        raise Invalid(
            _("Some rates moved by more than a fifth. Say that you looked at them."),
            code="jumps", field="jumps_checked",
        )  # fmt: skip
    if "_live_" in settings.STRIPE_API_KEY and any(
        row.rate is not None and row.rate.is_sample for row in found.rows
    ):
        raise Invalid(_("Sample rates are refused where real money moves."), code="sample")
    return found


def _store(found: RateFile) -> int:
    count = 0
    for row in (row.rate for row in found.rows if row.rate is not None):
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
    return count


# --- the site's own source ------------------------------------------------------------------------


def source() -> RateSource | None:
    """The adapter that this site reads each day (FX_RATE_SOURCE), or the file FX_RATE_FILE."""
    if settings.FX_RATE_SOURCE:
        made: RateSource = import_string(settings.FX_RATE_SOURCE)()
        return made
    return FileSource(settings.FX_RATE_FILE) if settings.FX_RATE_FILE else None


@transaction.atomic
def _take_in(text: str) -> int:
    control = _locked()
    found = _checked(text, jumps_checked=False)
    count = _store(found)
    audit.record(
        "rates.imported", by=None, subject=control,
        data={"rows": len(found.rows), "new": count, "sha256": found.sha256},
    )  # fmt: skip
    return count


def fetch_rates() -> int:
    """Read the site's own source; a source that is wrong or silent stores nothing and is logged.

    A rate that moved far is not taken without people: it stays out until two bring it in.
    """
    adapter = source()
    if adapter is None:
        return 0
    try:
        return _take_in(adapter.read())
    except (OSError, UnicodeDecodeError, Invalid, Conflict) as error:
        log.error("rates.not_taken", error=repr(error))
        return 0
