"""Jobs of this slice (core.jobs resolves `accounts.<name>` to a function here) and its sweep."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from celery import shared_task
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from backend.accounts import actions
from backend.accounts.models import PendingMail, User

# A mail that could not be sent for so long is of no use, and it holds an address.
MAIL_KEPT = timedelta(days=2)


@shared_task
def sweep_mails() -> None:
    """Every night: forget mails that no server took."""
    PendingMail.objects.filter(created_at__lt=timezone.now() - MAIL_KEPT).delete()


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
