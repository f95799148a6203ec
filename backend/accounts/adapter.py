"""What allauth asks us: how people are made, how mails leave, what it may say."""

from io import BytesIO
from typing import Any

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage

from backend.accounts import actions
from backend.accounts.mails import render_mail
from backend.accounts.models import User
from backend.accounts.permissions import roles_of
from backend.accounts.sealed import seal, unseal
from backend.core import audit
from backend.core.language import language_of_page

WRONG_PAIR = _("The address or the password is not right. Check both, or ask for a sign-in link.")
TOO_MANY = _("Too many tries. Wait five minutes, or ask for a sign-in link.")
WRONG_CODE = _("This code is not right. Enter the six digits that the app shows now.")

MESSAGES = {
    "account/messages/email_confirmed.txt": _("Your address is confirmed."),
    "account/messages/email_confirmation_failed.txt": _(
        "This address is in use by another account."
    ),
    "account/messages/password_changed.txt": _("Your password is changed."),
    "account/messages/password_set.txt": _("Your password is set."),
    "mfa/messages/totp_activated.txt": _("Sign-in with a code is on."),
    "mfa/messages/totp_deactivated.txt": _("Sign-in with a code is off."),
    "mfa/messages/recovery_codes_generated.txt": _("New recovery codes are ready."),
}

# allauth tells a person by mail what it changed; the same moments are written down.
AUDITED = {
    "account/email/password_changed": "user.password_changed",
    "account/email/password_reset": "user.password_changed",
    "account/email/password_set": "user.password_changed",
    "account/email/email_changed": "user.email_changed",
    "mfa/email/totp_activated": "user.code_switched_on",
    "mfa/email/totp_deactivated": "user.code_switched_off",
    "mfa/email/recovery_codes_generated": "user.recovery_codes_made",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "email_password_mismatch": WRONG_PAIR,
        "invalid_login": WRONG_PAIR,
        "too_many_login_attempts": TOO_MANY,
        "email_taken": _("This address is in use. Sign in instead."),
        "duplicate_email": _("This is your address already. Enter another one."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not your present password."),
        "incorrect_code": WRONG_CODE,
        "invalid_password_reset": _("This link does not work any more. Ask for a new one."),
        "unknown_email": WRONG_PAIR,
        "rate_limited": TOO_MANY,
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Officers begin at their work, everybody else at their own pages."""
        if request.user.is_authenticated and request.user.works_in_office:
            return reverse("office:home")
        return str(super().get_login_redirect_url(request))

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> User:
        data = form.cleaned_data
        return actions.join(
            data["email"],
            password=data.get("password1") or None,
            full_name=data.get("full_name", ""),
            language=form.language,
            consents=form.texts,
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render in the recipient's language; a worker sends it."""
        person = context.get("user") or User.objects.filter(email__iexact=email).first()
        language = getattr(person, "language", None) or language_of_page()
        message = render_mail(template_prefix, email, context, language=language)
        html = str(message.alternatives[0][0])
        actions.post_mail(email, subject=str(message.subject), text=str(message.body), html=html)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Our own few sentences; what a page says itself is not said again."""
        text = message or MESSAGES.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text), extra_tags=extra_tags)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        if template_prefix in AUDITED:
            audit.record(AUDITED[template_prefix], by=user, subject=user)
        super().send_notification_mail(template_prefix, user, context, email)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            person = email_address.user
            audit.record("user.email_confirmed", by=person, subject=person)
        return confirmed

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        audit.record("user.signed_in", by=user, subject=user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return f"/{get_language()}/"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("home:me")


class CodeAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
        "cannot_delete_authenticator": _(
            "People of a city office sign in with a code, so it cannot be switched off."
        ),
        "unverified_email": _("Confirm your address first. The link is in your mail."),
        "add_email_blocked": _("Switch the code off before you change the address."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """With a white ground of its own, so that it can be read on a dark page."""
        image = qrcode.make(url, image_factory=SvgPathFillImage)
        buffer = BytesIO()
        image.save(buffer)
        return buffer.getvalue().decode("utf-8")

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not roles_of(authenticator.user)
