"""The link in a mail that leads to a payment which waits for its person.

Signed, for one person, for seven days, and used up by the try that follows it: the token names the
number of tries so far. It opens nothing by itself, because the page asks for the person's sign-in.
"""

from datetime import timedelta

from django.core import signing
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core.errors import Conflict, NotFound
from backend.funding.models import ChargeObligation, Pledge

LASTS = timedelta(days=7)
SALT = "funding.payment_link"


class LinkUsedUp(Conflict):
    code = "link_used_up"
    status = 410
    message = _("This link was used or has expired. Your pledge's page shows what to do.")


def token_of(row: ChargeObligation) -> str:
    """A token for the next try of this charge and its investor."""
    facts = [row.public_id, row.pledge.investor_id, row.attempts.count()]
    return signing.dumps(facts, salt=SALT, compress=True)


def pledge_of_token(token: str, *, by: User) -> Pledge:
    """The pledge of a link. NotFound for another person's, LinkUsedUp after its use."""
    try:
        public_id, investor_id, n = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.SignatureExpired as error:
        raise LinkUsedUp() from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound() from error
    row = ChargeObligation.objects.filter(public_id=public_id).select_related("pledge").first()
    if row is None or row.pledge.investor_id != investor_id or by.pk != investor_id:
        raise NotFound()
    if row.attempts.count() != n:
        raise LinkUsedUp()
    return row.pledge
