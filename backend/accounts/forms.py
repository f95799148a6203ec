"""Forms of signing in and joining: allauth's, in our own words.

No placeholders (they vanish while one types), every field has a label, an autocomplete token and
room for a pasted password; mistakes stand in the summary and at the field in the same words.
"""

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from backend.accounts.consent_texts import ConsentText, texts_of_joining
from backend.core.language import language_of_page

NEW_PASSWORD_HELP = _("At least 10 characters. A few ordinary words are easy to remember.")
NEW_PASSWORD = _("New password")
EMAIL_MISSING = _("Enter an e-mail address, for example ten@example.com")
CODE_HELP = _("Six digits from the app, or one of your recovery codes.")


def _dress(field: forms.Field, label: Any, missing: Any, help_text: Any = "", **attrs: str) -> None:
    field.label, field.help_text = label, help_text
    field.error_messages["required"] = missing
    field.error_messages["invalid"] = missing
    for validator in field.validators:
        if getattr(validator, "code", "") == "invalid":
            validator.message = missing  # type: ignore[attr-defined]
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update({"class": "in", **attrs})


def _dress_email(field: forms.Field, autocomplete: str = "email") -> None:
    field.widget.input_type = "email"
    _dress(field, _("E-mail address"), EMAIL_MISSING, autocomplete=autocomplete, spellcheck="false")


def _dress_new_password(field: forms.Field, label: Any = NEW_PASSWORD) -> None:
    field.widget.attrs.pop("minlength", None)
    _dress(field, label, _("Enter a new password"), NEW_PASSWORD_HELP, autocomplete="new-password")


def _dress_present_password(field: forms.Field) -> None:
    _dress(field, _("Present password"), _("Enter your password"), autocomplete="current-password")


def _dress_code(field: forms.Field, help_text: Any = CODE_HELP) -> None:
    _dress(
        field, _("Code"), _("Enter the code"), help_text,
        autocomplete="one-time-code", inputmode="numeric", spellcheck="false",
    )  # fmt: skip


class SignInForm(account_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_email(self.fields["login"], "username")
        _dress(
            self.fields["password"], _("Password"), _("Enter your password"),
            autocomplete="current-password",
        )  # fmt: skip


class MailLinkForm(forms.Form):
    email = forms.EmailField(max_length=254)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_email(self.fields["email"])

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class JoinForm(account_forms.SignupForm):
    full_name = forms.CharField(
        label=_("Full name"),
        help_text=_("As you write it, family name first. You may leave it empty."),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "in"}),
    )
    consent = forms.BooleanField(
        label=_("I have read the terms and the privacy notice and agree to both"),
        error_messages={"required": _("To join, agree to the terms and the privacy notice.")},
    )
    field_order = ["email", "full_name", "password1", "consent"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_email(self.fields["email"])
        _dress_new_password(self.fields["password1"], _("Password"))
        self.fields["password1"].help_text = _(
            "At least 10 characters. Leave it empty to sign in by a link in your mail."
        )

    @cached_property
    def language(self) -> str:
        return language_of_page()

    @cached_property
    def texts(self) -> list[ConsentText]:
        """Exactly the texts that the page links to, in the language of the page."""
        return texts_of_joining(self.language)


class ResetPasswordForm(account_forms.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_email(self.fields["email"])


class _OnePassword:
    """One field is enough: it can be shown, pasted and reset; a second one only makes typing
    longer."""

    fields: dict[str, forms.Field]

    def drop_repeat(self) -> None:
        self.fields.pop("password2", None)
        _dress_new_password(self.fields["password1"])


class NewPasswordForm(_OnePassword, account_forms.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drop_repeat()


class SetPasswordForm(_OnePassword, account_forms.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drop_repeat()


class ChangePasswordForm(_OnePassword, account_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drop_repeat()
        _dress_present_password(self.fields["oldpassword"])


class ChangeEmailForm(account_forms.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_email(self.fields["email"])
        self.fields["email"].label = _("New e-mail address")


class ConfirmPasswordForm(account_forms.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_present_password(self.fields["password"])


class SignInCodeForm(code_forms.AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self.fields["code"])


class ConfirmCodeForm(code_forms.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self.fields["code"])


class SetUpCodeForm(totp_forms.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self.fields["code"], _("The six digits that the app shows now."))
