"""Jobs of this slice (core.jobs resolves `accounts.<name>` to a function here)."""

from allauth.account.models import EmailAddress
from django.core.mail import EmailMultiAlternatives

from backend.accounts import actions
from backend.accounts.models import PendingMail, User


def send_mail(mail: int) -> None:
    """Send one rendered mail and forget it; nothing to do when it was sent or erased."""
    row = PendingMail.objects.filter(pk=mail).first()
    if row is None:
        return
    message = EmailMultiAlternatives(row.subject, row.text, to=[row.to])
    if row.html:
        message.attach_alternative(row.html, "text/html")
    message.send()
    row.delete()


def forget_unconfirmed(person: str) -> None:
    """Close an account whose address nobody ever confirmed."""
    user = User.objects.filter(public_id=person, closed_at__isnull=True).first()
    if user and not EmailAddress.objects.filter(user=user, verified=True).exists():
        actions.close_account(user, by=None)
