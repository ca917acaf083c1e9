"""The one settings file: what varies is read from the environment here, and told in docs/administration.md."""

import os
import secrets
from pathlib import Path

from egide.kernel.home import Home
from egide.kernel.prosante import ProSante

HOME = Home.from_environment()
PORT = int(os.environ.get("EGIDE_PORT", "8400"))
ROLE = os.environ.get("EGIDE_ROLE", "web")
ORIGIN = os.environ.get("EGIDE_ORIGIN", f"http://localhost:{PORT}")
# Where pages find the live channel: a port of its own, or, behind a proxy, /direct/ of the one origin.
LIVE_URL = os.environ.get("EGIDE_LIVE_URL", "").rstrip("/") or (
    ORIGIN
    if "EGIDE_ORIGIN" in os.environ and not ORIGIN.startswith("http://localhost:")
    else f"http://localhost:{PORT + 2}"
)
PSC = ProSante.from_environment()
DEMO_KEYS_URL = os.environ.get("EGIDE_DEMO_KEYS_URL", "")
_BASE = HOME.base()
DEMO = bool(_BASE and _BASE.demo)
KEEPER_SOCKET = HOME.keeper_socket("worker" if ROLE == "worker" else "web")
FINDER_SOCKET = HOME.keeper_socket("finder")

DEBUG = False
# Django wants one; nothing here is signed with it (sessions are the keeper's, the CSRF cookie is compared, not signed).
SECRET_KEY = secrets.token_hex(32)
ALLOWED_HOSTS = [ORIGIN.split("://", 1)[1].split(":", 1)[0].split("/", 1)[0]]
ROOT_URLCONF = "egide.config.urls"
WSGI_APPLICATION = "egide.config.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "egide.audit",
    "egide.accounts",
    "egide.gate",
    "egide.directory",
    "egide.reference",
    "egide.identity",
    "egide.stays",
    "egide.agenda",
    "egide.record",
    "egide.orders",
    "egide.ui",
    "django_htmx",
]
MIDDLEWARE = [
    "egide.config.middleware.last_resort",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "egide.config.middleware.nothing_stays",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "egide.config.middleware.same_origin",
    "egide.accounts.possession.goes_on",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES: list[dict[str, object]] = []

# The web asks by ids alone: one plan a statement is kept. Left to choose, PostgreSQL planned the two largest reads of a
# chart anew each time (a third of their cost). Search, which needs plans of its own, is the keeper's.
_SESSION = {"migrator": "-c role=owner", "web": "-c plan_cache_mode=force_generic_plan"}
_PLACE = HOME.connection(ROLE)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _PLACE.pop("dbname"),
        "USER": _PLACE.pop("user"),
        "HOST": _PLACE.pop("host"),
        "PORT": _PLACE.pop("port", ""),
        "CONN_MAX_AGE": None,
        # one statement a writing request: after PostgreSQL restarted, a thread's first act would fail (reads retry)
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "TIME_ZONE": "UTC",
        "OPTIONS": {
            **_PLACE,  # the passfile; of a server reached by URL, how it proves itself
            "server_side_binding": True,
            "prepare_threshold": 3,
            "application_name": f"egide-{ROLE}",
            **({"options": _SESSION[ROLE]} if ROLE in _SESSION else {}),
        },
    }
}

USE_TZ = True
TIME_ZONE = "Europe/Paris"
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
USE_I18N = True
LOCALE_PATHS = [Path(__file__).parent.parent / "ui" / "locale"]

CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = ORIGIN.startswith("https://")
CSRF_FAILURE_VIEW = "egide.ui.answers.csrf_failure"
EGIDE_FRAME = "egide.config.menu.frame"
SESSION_COOKIE = "egide_session"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1600  # a round over a list of 200 patients, seven fields each
FILE_UPLOAD_HANDLERS: list[str] = []

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", LIVE_URL, *([DEMO_KEYS_URL] if DEMO and DEMO_KEYS_URL else [])],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "egide.kernel.logs.formatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["out"], "level": "WARNING"},
    "loggers": {
        # a path can hold a patient's pseudonym, an exception's arguments can hold what was typed: neither is written
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
    },
}
