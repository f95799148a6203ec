"""Joining, signing in and keeping the keys. The names are allauth's, the paths are ours; what is
not listed here (passkeys, phones, social accounts) does not exist."""

from allauth.account import views as account
from allauth.mfa.base import views as code
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path, re_path

from backend.accounts import views

urlpatterns = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/link/", views.mail_link, name="account_mail_link"),
    path("sign-in/link/sent/", views.mail_link_sent, name="account_mail_link_sent"),
    path("sign-in/link/<str:token>/", views.open_link, name="account_open_link"),
    path("sign-in/code/", code.authenticate, name="mfa_authenticate"),
    path("sign-out/", account.logout, name="account_logout"),
    path("closed/", account.account_inactive, name="account_inactive"),
    path("join/", account.signup, name="account_signup"),
    path("confirm/", account.email_verification_sent, name="account_email_verification_sent"),
    path("confirm/<str:key>/", account.confirm_email, name="account_confirm_email"),
    path("email/", account.email, name="account_email"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("again/", account.reauthenticate, name="account_reauthenticate"),
    path("code/", code.index, name="mfa_index"),
    path("code/again/", code.reauthenticate, name="mfa_reauthenticate"),
    path("code/set-up/", views.SetUpCode.as_view(), name="mfa_activate_totp"),
    path("code/off/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("code/recovery/", views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "code/recovery/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path(
        "code/recovery/file/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
]
