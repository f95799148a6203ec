"""Where mails land in development: rows that the local outbox page shows."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from backend.notifications.models import OutboxMail


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        OutboxMail.objects.bulk_create([_row(message) for message in email_messages])
        return len(email_messages)


def _row(message: EmailMessage) -> OutboxMail:
    html = next(
        (str(body) for body, kind in getattr(message, "alternatives", []) if kind == "text/html"),
        "",
    )
    return OutboxMail(
        to=", ".join(message.to), subject=str(message.subject), text=str(message.body), html=html
    )
