"""Settings that hold everywhere. Importing them starts nothing and touches no server."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from backend.config import env, logs

ROOT = Path(__file__).resolve().parents[3]
VAR = Path(env.read_str("CAUKIEU_VAR", str(ROOT / "var"))).resolve()

DEBUG = False
ALLOWED_HOSTS: list[str] = []
SITE_URL = env.read_str("SITE_URL", f"http://127.0.0.1:{env.read_int('PORT', 8000)}")
ENVIRONMENT = "base"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
    "backend.core",
    "backend.accounts",
    "backend.ledger",
    "backend.projects",
    "backend.reviews",
    "backend.funding",
    "backend.matching",
    "backend.remittances",
    "backend.insights",
    "backend.notifications",
    "backend.home",
    "backend.config",
]

MIDDLEWARE = [
    "backend.core.middleware.RequestIdMiddleware",
    "backend.core.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "backend.core.middleware.CardInAddressMiddleware",
    "backend.core.middleware.DomainErrorMiddleware",
    "backend.core.middleware.CacheHeadersMiddleware",
    "backend.core.middleware.FormOnlyMiddleware",
]

ROOT_URLCONF = "backend.config.urls"
WSGI_APPLICATION = "backend.config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "frontend-templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backend.home.context.site",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "backend.core.templatetags.ui",
            ],
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Shared between processes (sign-in rate limits); `memory` is per process and may be stale.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        # The default of 300 would throw away rate limits that still count.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "memory": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 5000},
    },
}

AUTH_USER_MODEL = "accounts.User"
# Both enter through allauth's login stages (backend/accounts/adapter.py, mail_link.py).
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "sesame.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Sign-in: e-mail only; a password or a link by mail; a code for people of an office.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:me"
SESSION_ENGINE = "backend.accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_ADAPTER = "backend.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "backend.accounts.forms.SignInForm",
    "signup": "backend.accounts.forms.JoinForm",
    "reset_password": "backend.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "backend.accounts.forms.NewPasswordForm",
    "change_password": "backend.accounts.forms.ChangePasswordForm",
    "set_password": "backend.accounts.forms.SetPasswordForm",
    "add_email": "backend.accounts.forms.ChangeEmailForm",
    "reauthenticate": "backend.accounts.forms.ConfirmPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_SESSION_REMEMBER = True
# Kept in the shared cache, so they hold across processes. `mail_link` is ours.
ACCOUNT_RATE_LIMITS = {
    "mail_link": "20/m/ip,3/5m/key",
    "close_code": "3/10m/key",
    "close_try": "5/10m/key",
}
# How many proxies of ours stand in front; 0 means that X-Forwarded-For is not believed.
ALLAUTH_TRUSTED_PROXY_COUNT = env.read_int("TRUSTED_PROXIES", 0)
MFA_ADAPTER = "backend.accounts.adapter.CodeAdapter"
MFA_FORMS = {
    "authenticate": "backend.accounts.forms.SignInCodeForm",
    "reauthenticate": "backend.accounts.forms.ConfirmCodeForm",
    "activate_totp": "backend.accounts.forms.SetUpCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Cầu Kiều"
# One step (30 s) early or late: phones' clocks differ.
MFA_TOTP_TOLERANCE = 1
SESAME_TOKENS = ["sesame.tokens_v2"]
SESAME_MAX_AGE = 15 * 60
SESAME_ONE_TIME = True
# The texts that people agree to; the same files are the footer pages.
LEGAL_TEXTS = ROOT / "backend" / "home" / "content"

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "backend" / "locale"]
FORMAT_MODULE_PATH = "backend.config.formats"
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "UTC"
CITY_TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [ROOT / "frontend-templates" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR / "media"
WHITENOISE_MAX_AGE = 31_536_000

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "backend.home.errors.form_too_old"
LANGUAGE_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# Ours first: it drops what is too large while it arrives (core.upload_limit).
FILE_UPLOAD_HANDLERS = [
    "backend.core.upload_limit.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "backend.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["backend.home.api.wire.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["backend.home.api.wire.StrictJsonParser"],
    "DEFAULT_THROTTLE_CLASSES": ["backend.home.api.throttles.SharedThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "backend.core.problem_json.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
# Calls a minute: without an account by network, with one by person.
API_CALLS_A_MINUTE = {
    "read": env.read_int("API_READ_LIMIT", 300),
    "preview": env.read_int("API_PREVIEW_LIMIT", 60),
    "read_person": 600,
    "preview_person": 120,
    "write_person": 120,
}
# Of one network. A large round's charges come as thousands of events within minutes.
WEBHOOK_CALLS_A_MINUTE = env.read_int("WEBHOOK_LIMIT", 3000)
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Cầu Kiều",
    "DESCRIPTION": (
        "Reviewed technology projects of Ho Chi Minh City: list, search, and an order by fit with "
        "what an investor told, with reasons. It ranks, it does not recommend. Ids are public "
        "ids, sums are decimal text, texts come in pairs (vi, en), errors are problem+json."
    ),
    "VERSION": "1",
    "LICENSE": {"name": "Apache-2.0"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "FieldKey": "backend.projects.search_codes.FIELD",
        "PillarKey": "backend.projects.search_codes.PILLAR",
        "TechnologyKey": "backend.projects.search_codes.TECHNOLOGY",
        "InstrumentKey": "backend.projects.search_codes.INSTRUMENT",
        "PublicStatus": "backend.projects.search_codes.STATUS",
        "Origin": "backend.projects.search_codes.ORIGIN",
        "Language": "backend.projects.search_codes.LANGUAGE",
        "CallStatus": "backend.home.api.shapes.CALL_STATUSES",
        "Country": "backend.home.api.serializers.COUNTRIES",
        "CorridorCountry": "backend.home.api.plans.CORRIDOR_COUNTRIES",
    },
}

# Payments. Without a key no card is taken; ./scripts/run then starts a sandbox and sets these.
STRIPE_API_KEY = env.read_str("STRIPE_API_KEY", "")
# Several while one is being replaced; the newest first.
STRIPE_WEBHOOK_SECRETS = env.read_list("STRIPE_WEBHOOK_SECRETS")
# Only for the sandbox on this machine; production refuses it.
STRIPE_API_BASE = env.read_str("STRIPE_API_BASE", "")
STRIPE_TIMEOUT_S = env.read_int("STRIPE_TIMEOUT_S", 12)
# Which site an object at Stripe belongs to (metadata.env).
STRIPE_ENV_NAME = env.read_str("STRIPE_ENV_NAME", "caukieu")

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logs.configure(env.read_str("LOG_LEVEL", "INFO"))

CELERY_BROKER_URL = env.read_str("CELERY_BROKER_URL", "")
EMAIL_BACKEND = "backend.notifications.outbox.EmailBackend"
DEFAULT_FROM_EMAIL = env.read_str("EMAIL_FROM", "Cầu Kiều <no-reply@caukieu.example>")

# What the texts name: settings, never literals (interface.md, language.md).
COOLING_OFF_DAYS = env.read_int("COOLING_OFF_DAYS", 14)
# Where exchange rates are read each morning: an adapter (dotted name of a class with `read`), or a
# file that another program renews. Neither set: a finance officer imports them.
FX_RATE_SOURCE = env.read_str("FX_RATE_SOURCE", "")
FX_RATE_FILE = env.read_str("FX_RATE_FILE", "")
FUNDS_HOLDER = env.read_str("FUNDS_HOLDER", "")
# The holder's bank, branch and account that transfers go to, as people are to write them.
FUNDS_ACCOUNT = env.read_str("FUNDS_ACCOUNT", "")
PLATFORM_FEE_BPS = env.read_int("PLATFORM_FEE_BPS", 300)
REVIEW_WORKING_DAYS = env.read_int("REVIEW_WORKING_DAYS", 30)
# Seconds that counted views may wait in a process before they are written together.
EXPOSURE_FLUSH_S = 5.0
