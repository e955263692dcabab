"""Settings: everything from the environment, and an embedded installation when it is silent."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from config.admin_frame import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
VAR_DIR = Path(os.environ.get("JUNRO_VAR", BASE_DIR / "var"))
TESTING = "pytest" in sys.modules

env = environ.Env()


def _secret_key() -> str:
    """SECRET_KEY, or in DEBUG one that is made once and kept under var/."""
    if key := os.environ.get("SECRET_KEY", ""):
        return key
    if not DEBUG and not TESTING:
        raise ImproperlyConfigured(
            "Set SECRET_KEY: a long random text that only this server knows."
        )
    kept = VAR_DIR / "secret_key"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(get_random_secret_key())
        kept.chmod(0o600)
    return kept.read_text()


def _hosts_of(url: str) -> list[str]:
    from urllib.parse import urlsplit  # noqa: PLC0415 -- leaf

    return [urlsplit(url).hostname or "localhost"]


# Embedded (no DATABASE_URL, or asked for) is a laptop: DEBUG on, mail captured under var/.
DEBUG = env.bool("DEBUG", default=not env.str("SECRET_KEY", default="") and not TESTING)
SECRET_KEY = _secret_key()
# Older keys that still open what they sealed: webhook secrets, links, hashes of suppressed addresses.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else _hosts_of(BASE_URL))
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SITE_ID = None
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "journeys.User"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "config.apps.ConfigConfig",
    "journeys",
    "learning",
    "content",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.forms",
    "allauth",
    "allauth.account",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.admin",
    "wagtail",
    "modelsearch",
    "modelcluster",
    "taggit",
    "django_q",
]

MIDDLEWARE = [
    "config.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.visitors.VisitorMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.visitors.page_frame",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data -------------------------------------------------------------------------------------
if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db("DATABASE_URL")}
    DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
    # A condition is many small index probes with a large estimate: PostgreSQL would compile for
    # seconds what it runs in a tenth of one.
    if DATABASES["default"]["ENGINE"].endswith("postgresql"):
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
else:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": env.str("SQLITE_FILE", default=str(VAR_DIR / "db.sqlite3")),
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
            "TEST": {"NAME": str(VAR_DIR / f"test{os.environ.get('TEST_DB_SUFFIX', '')}.sqlite3")},
        }
    }

# What other machines of this installation see too.
SHARED_CACHE = bool(env.str("REDIS_URL", default="")) and not TESTING
if redis_url := env.str("REDIS_URL", default=""):
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    }
    # Tests count statements; a session kept in Redis would save one of them on some machines only.
    if not TESTING:
        SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- the alarm clock (django-q2; state lives in our own tables) ---------------------------------
# sweep() works for most of a minute; retry must outlast timeout * (2 + queued / workers).
Q_CLUSTER = {
    "name": "junro",
    "orm": "default",
    "workers": 1,
    "queue_limit": 1,
    "bulk": 1,
    "timeout": 150,
    "retry": 600,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "save_limit": -1,
    "poll": 0.5,
    "recycle": 200,
    "max_rss": 400_000,
}

# --- languages and time -------------------------------------------------------------------------
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Tokyo")
USE_TZ = True
USE_I18N = True

# --- files --------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is not there yet
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- mail ---------------------------------------------------------------------------------------
MAIL_DIR = VAR_DIR / "mail"
if env.str("EMAIL_URL", default=""):
    vars().update(env.email("EMAIL_URL"))
elif DEBUG:
    EMAIL_BACKEND = "journeys.channels.captured.CapturedMail"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="junro@localhost")

# --- one door to sign in ------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_FORMS = {"request_login_code": "config.accounts.RequestCode"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_ADAPTER = "config.accounts.Accounts"

# --- wagtail ------------------------------------------------------------------------------------
WAGTAIL_SITE_NAME = "Junro"
WAGTAILADMIN_BASE_URL = BASE_URL
WAGTAILADMIN_LOGIN_URL = "account_login"
WAGTAIL_FRONTEND_LOGIN_URL = "/accounts/login/"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_I18N_ENABLED = False
WAGTAILDOCS_EXTENSIONS = ["pdf", "csv", "xlsx", "docx", "pptx", "txt"]
WAGTAILADMIN_PERMITTED_LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]

# --- security -----------------------------------------------------------------------------------
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BASE_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None

# The product Junro speaks about: buttons with a `product:` target lead there.
PRODUCT_URL = env.str("PRODUCT_URL", default=f"{BASE_URL}/dev/product" if DEBUG else "").rstrip("/")

# --- facts in -----------------------------------------------------------------------------------
INGEST_MAX_BYTES = env.int("INGEST_MAX_BYTES", default=500_000)
INGEST_MAX_ITEM_BYTES = env.int("INGEST_MAX_ITEM_BYTES", default=32_000)
INGEST_MAX_ITEMS = env.int("INGEST_MAX_ITEMS", default=10_000)
INGEST_RATE = env.int("INGEST_RATE", default=0)  # requests a second and source; 0 = no limit

# --- files brought in ---------------------------------------------------------------------------
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=50_000_000)

# --- sender -------------------------------------------------------------------------------------
SENDER_LEASE_SECONDS = env.int("SENDER_LEASE_SECONDS", default=60)
RECONCILE_AFTER_SECONDS = env.int("RECONCILE_AFTER_SECONDS", default=900)
# Hosts (with their port) a webhook may go to wherever they are: a receiver in one's own network.
WEBHOOK_HOSTS = env.list("WEBHOOK_HOSTS", default=[])
WEBHOOK_KEEP_DAYS = env.int("WEBHOOK_KEEP_DAYS", default=30)  # how long deliveries stay in the log
# Whose settings these are: a database that belongs to others does not send from here.
ENVIRONMENT_ID = env.str("ENVIRONMENT_ID", default="laptop" if DEBUG else BASE_URL)
# Remembers outside the database how far it had come, so that a restored one is noticed.
WITNESS_FILE = VAR_DIR / f"mark{os.environ.get('TEST_DB_SUFFIX', '')}.json"

# --- what is written down ------------------------------------------------------------------------
# json for machines, plain for a person at a terminal.
LOG_FORMAT = env.str("LOG_FORMAT", default="plain" if DEBUG or TESTING else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "config.logs.Json"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Django brings a handler of its own, whose lines would be told twice and unscrubbed.
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "django-q": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "junro": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "junro.access": {
            "handlers": ["console"],
            "level": "INFO" if LOG_FORMAT == "json" else "WARNING",
            "propagate": False,
        },
    },
}
