"""Settings: everything that differs between machines comes from the environment or from files under `var/`."""

from __future__ import annotations

import os
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lode.api.settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - Django reads them here
from lode.engine.places import DEFAULT_ORIGIN, PROJECT, database_is_given, secret, var_folder
from lode.engine.postgres import Cluster

BASE_DIR = PROJECT
VAR_DIR = var_folder()

DEBUG = os.environ.get("LODE_DEBUG") == "1"
SECRET_KEY = secret("LODE_SECRET_KEY")
# The first seals hosted keys; those that sealed before, separated by spaces, still open what they sealed.
LODE_KEY_ENCRYPTION_KEY = secret("LODE_KEY_ENCRYPTION_KEY")
LODE_KEY_ENCRYPTION_KEYS_OLD = os.environ.get("LODE_KEY_ENCRYPTION_KEYS_OLD", "").split()
ALLOWED_HOSTS = os.environ.get("LODE_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "ledger",
    "contracts",
    "lode.parties",
    "lode.market",
    "lode.settlement",
    "lode.reconciliation",
    "lode.exports",
    "lode.jobs",
    "lode.web",
    "lode.api",
    "lode.cli",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lode.web.middleware.SecurityHeaders",
]

ROOT_URLCONF = "lode.config.urls"
WSGI_APPLICATION = "lode.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lode.web.context.ui",
            ],
        },
    },
]

# One database, three roles: the app cannot write the ledger, the sequencer writes nothing else, the owner migrates.
CLUSTER = Cluster(VAR_DIR / "postgres")


def database(role: str, variable: str) -> dict[str, Any]:
    """Return Django's settings of the database seen as a role: from the environment, else the embedded engine."""
    parts = conninfo_to_dict(os.environ.get(variable) or os.environ.get("DATABASE_URL") or CLUSTER.url(role))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", "lode"),
        "USER": parts.pop("user", role),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", "5432"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parts),
    }


DATABASES = {
    "default": database("lode_app", "LODE_APP_DATABASE_URL"),
    "owner": database("lode_owner", "LODE_OWNER_DATABASE_URL"),
    "sequencer": database("lode_sequencer", "LODE_SEQUENCER_DATABASE_URL"),
}
# For `lode migrate` alone, which puts the ledger's guard out of the owner's reach: see ledger/sql/event_triggers.sql.
SUPERUSER_DATABASE_URL = os.environ.get("LODE_SUPERUSER_DATABASE_URL") or (
    None if database_is_given() else CLUSTER.url("postgres")
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "parties.Person"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "lode.web.error_pages.csrf_failure"
SECURE_COOKIES = os.environ.get("LODE_HTTPS") == "1"
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "platform" / "lode" / "web" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG or os.environ.get("LODE_STATIC_FROM_SOURCE") == "1":
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = True
MEDIA_ROOT = VAR_DIR / "files"
EXPORTS_DIR = VAR_DIR / "exports"

# The ledger: its name (the origin line of its checkpoints), and where its files are published.
LEDGER_ORIGIN = os.environ.get("LODE_LEDGER_ORIGIN", DEFAULT_ORIGIN)
LEDGER_DIR = VAR_DIR / "ledger"
# The socket of the process that holds the log's key (`lode signer`); without it the key is read from `secrets/`.
LEDGER_SIGNER_SOCKET = os.environ.get("LODE_SIGNER_SOCKET")
# Witnesses with their addresses, and the quorum, as a C2SP tlog-policy.
LEDGER_WITNESSES = os.environ.get("LODE_WITNESSES")

# The demo world ends on a day: its jobs plan nothing after it, for no price of a later month is known there.
SETTLE_UNTIL = os.environ.get("LODE_SETTLE_UNTIL") or ("2025-11-02" if LEDGER_ORIGIN.endswith("/demo") else None)

# Jobs: a message is a nudge and a row is the truth, so no result is kept and a message may come twice.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "pgmq://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_POOL_LIMIT = 4
CELERY_TASK_DEFAULT_QUEUE = "lode"
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # would keep a pair of queue tables for every worker there ever was
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat" / "schedule")
# How long a message that was read stays hidden: a killed worker's work is taken up after that.
QUEUE_VISIBILITY_SECONDS = int(os.environ.get("LODE_QUEUE_VISIBILITY_SECONDS", "120"))


def pgmq_options(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the options of kombu's PGMQ transport for a database given as Django has it.

    The client is given a libpq string: it does not understand an address with a socket folder. It drops every
    option but host, port, database, user and password, so what secures the connection goes through libpq's
    environment. Polling is done by the worker, not by a transaction that the server keeps open.
    """
    for option in ("sslmode", "sslrootcert", "sslcert", "sslkey"):
        if option in parts["OPTIONS"]:
            os.environ.setdefault(f"PG{option.upper()}", str(parts["OPTIONS"][option]))
    password = {"password": parts["PASSWORD"]} if parts["PASSWORD"] else {}
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER"}
    return {
        "conn_string": make_conninfo(**{key: str(parts[name]) for key, name in names.items()}, **password),
        "init_extension": False,
        "visibility_timeout": QUEUE_VISIBILITY_SECONDS,
        "wait_time_seconds": 0,
        "polling_interval": 0.5,
        "pool_size": 2,
        "pool_timeout": 10,
    }


CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    pgmq_options(DATABASES["default"])
    if CELERY_BROKER_URL.startswith("pgmq")
    else {"visibility_timeout": QUEUE_VISIBILITY_SECONDS}
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Two lines for every nudge of every few seconds say nothing: what became of the work stands in its row.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace")},
    "root": {"handlers": ["console"], "level": os.environ.get("LODE_LOG_LEVEL", "WARNING")},
}
