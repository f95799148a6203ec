"""The mails about a person's account: one definition each, rendered as text and as HTML.

One fact per line, then what happens next, one button, how to reach a person. Never a password,
never an image from elsewhere (interface.md 5.16).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Mail:
    """What one mail says. `lines` stand above the button, `after` below it."""

    subject: str
    lines: tuple[str, ...]
    button: str = ""
    url: str = ""
    after: tuple[str, ...] = ()


Values = Mapping[str, Any]


def _mail_link(values: Values) -> Mail:
    minutes = values["minutes"]
    return Mail(
        _("Your link to sign in to Cầu Kiều"),
        (
            _("You asked for a link to sign in."),
            _("It works once, for %(minutes)s minutes.") % {"minutes": minutes},
        ),
        _("Sign in"),
        values["link"],
        (_("You did not ask? Then leave it: without the link nobody gets in."),),
    )


def _confirm(values: Values) -> Mail:
    return Mail(
        _("Confirm your address for Cầu Kiều"),
        (
            _("This address was entered at Cầu Kiều."),
            _("Confirm that it is yours. The link works for three days."),
        ),
        _("Confirm the address"),
        values["activate_url"],
        (
            _("You did not enter it? Then leave this mail: an address that is not confirmed is "
              "deleted after seven days."),
        ),
    )  # fmt: skip


def _account_exists(values: Values) -> Mail:
    return Mail(
        _("You already have an account at Cầu Kiều"),
        (
            _("Somebody, probably you, wanted to join with this address."),
            _("It has an account already, so nothing was changed."),
        ),
        _("Set a new password"),
        values["password_reset_url"],
        (_("To sign in without a password, ask for a link on the sign-in page."),),
    )


def _unknown(values: Values) -> Mail:
    return Mail(
        _("This address has no account at Cầu Kiều"),
        (
            _("Somebody, probably you, wanted to sign in with this address."),
            _("No account belongs to it. You may have joined with another address."),
        ),
        _("Join with this address"),
        values["signup_url"],
        (_("You did not ask? Then leave this mail: nothing is stored about you."),),
    )


def _reset(values: Values) -> Mail:
    return Mail(
        _("Set a new password for Cầu Kiều"),
        (
            _("You asked for a new password."),
            _("The link works for one hour. Your present password works until you set a new one."),
        ),
        _("Set a new password"),
        values["password_reset_url"],
        (_("You did not ask? Then leave this mail: nothing changes."),),
    )


def _changed(subject: str, line: str) -> Mail:
    return Mail(
        subject,
        (line,),
        _("See your account"),
        f"{settings.SITE_URL}/{get_language()}/me/",
        (_("It was not you? Set a new password at once and write to us."),),
    )


def _close_code(values: Values) -> Mail:
    return Mail(
        _("Code to close your account: %(code)s") % values,
        (
            _("Your code is %(code)s.") % values,
            _("Enter it on the page where you close your account. It works for 15 minutes."),
        ),
        after=(_("You did not ask? Then somebody else is signed in as you: sign out everywhere."),),
    )


def _closed(values: Values) -> Mail:
    return Mail(
        _("Your account at Cầu Kiều is closed"),
        (
            _("Your name, address, answers and saved projects are erased."),
            _("Kept are records of what happened, with a number in place of your name."),
            _("This is the last mail to this address. You may join again with it."),
        ),
    )


def _invited(values: Values) -> Mail:
    return Mail(
        _("%(who)s asks you to work on proposals of %(organisation)s") % values,
        (
            _("%(who)s belongs to %(organisation)s at Cầu Kiều.") % values,
            _("With this link you join it and can write its proposals together."),
            _("It works for seven days, for this address only."),
        ),
        _("See the invitation"),
        values["link"],
        (_("You do not know them? Then leave this mail: nothing happens."),),
    )


MAILS: dict[str, Callable[[Values], Mail]] = {
    "account/email/mail_link": _mail_link,
    "account/email/email_confirmation": _confirm,
    "account/email/email_confirmation_signup": _confirm,
    "account/email/account_already_exists": _account_exists,
    "account/email/unknown_account": _unknown,
    "account/email/password_reset_key": _reset,
    "account/email/close_code": _close_code,
    "account/email/closed": _closed,
    "account/email/invited": _invited,
    "account/email/password_changed": lambda v: _changed(
        _("Your password was changed"), _("The password of your account was changed.")
    ),
    "account/email/password_set": lambda v: _changed(
        _("A password was set"), _("Your account now has a password.")
    ),
    "account/email/password_reset": lambda v: _changed(
        _("Your password was changed"), _("The password of your account was changed.")
    ),
    "account/email/email_changed": lambda v: _changed(
        _("Your address was changed"),
        _("Mail about your account now goes to %(to_email)s.") % v,
    ),
    "account/email/data_downloaded": lambda v: _changed(
        _("Your data was downloaded"),
        _("A file with everything held about you was downloaded from your account."),
    ),
    "account/email/token_issued": lambda v: _changed(
        _("A new key for programs"),
        _("The key %(prefix)s… can now read and change your account through the API.") % v,
    ),
    "mfa/email/totp_activated": lambda v: _changed(
        _("Sign-in with a code is on"), _("From now on a code is asked for when you sign in.")
    ),
    "mfa/email/totp_deactivated": lambda v: _changed(
        _("Sign-in with a code is off"), _("A code is no longer asked for when you sign in.")
    ),
    "mfa/email/recovery_codes_generated": lambda v: _changed(
        _("New recovery codes"), _("New recovery codes were made. The old ones no longer work.")
    ),
}


def mail_texts(mail: Mail, language: str) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail whose words are made already."""
    with override(language):
        context = {"mail": mail, "language": language, "site_url": settings.SITE_URL}
        text = render_to_string("email/mail.txt", context)
        return mail.subject, text, render_to_string("email/mail.html", context)


def render_mail(name: str, to: str, values: Values, *, language: str) -> EmailMultiAlternatives:
    """The mail `name` in the recipient's language, as text with an HTML alternative."""
    with override(language):
        subject, text, html = mail_texts(MAILS[name](values), language)
        message = EmailMultiAlternatives(subject, text, to=[to])
        message.attach_alternative(html, "text/html")
    return message
