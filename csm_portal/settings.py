"""Settings of the CSM Portal. Every variable of the environment is described in ``.env.example``."""

import os
from pathlib import Path
from typing import Any

from csm_portal.env import BASE_DIR, env, load
from csm_portal.logs import logging_config

load()

# litellm fetches a price list and reads stray .env files unless it is told not to before its import.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
os.environ.setdefault("LITELLM_LOG", "ERROR")

DEBUG: bool = env.bool("DJANGO_DEBUG", default=False)
DEMO: bool = env.bool("CSM_DEMO", default=False)
"""A demo installation on 127.0.0.1 over plain HTTP: cookies cannot be marked Secure there."""

# An empty key is refused by Django itself, with a sentence, as soon as it is needed.
SECRET_KEY: str = env.str("DJANGO_SECRET_KEY", default="")
# SPEC 10.3: keys of their own, comma-separated; the first encrypts, all decrypt.
CSM_SECRET_KEYS: list[str] = env.list("CSM_SECRET_KEYS", default=[])

ALLOWED_HOSTS: list[str] = env.list("DJANGO_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "django_q",
    "django_structlog",
    "template_partials",
    "csm_portal",
    "csm_portal.core",
    "accounts",
    "qbr",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "csm_portal.http.no_store",
    "csm_portal.wrong_method.told",
    "csm_portal.http.tenancy",
]

ROOT_URLCONF = "csm_portal.urls"
WSGI_APPLICATION = "csm_portal.wsgi.application"

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
                "csm_portal.http.page_frame",
            ],
        },
    },
]

FORM_RENDERER = "csm_portal.form_renderer.Renderer"

_SQLITE: dict[str, Any] = {
    # WAL alone does not end "database is locked": only IMMEDIATE does (LIBRARIES 1.7).
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    # 8 MB of pages a connection instead of 2: a scan writes all over its tables and their indexes.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;",
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'portal.sqlite3'}"),
}
# The ORM broker calls close_old_connections around each call; reconnecting each time costs 8x (LIBRARIES 1.6).
DATABASES["default"]["CONN_MAX_AGE"] = 60
IS_SQLITE: bool = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    # SQLite makes its file, and not the folder that the file is in.
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {**_SQLITE, **DATABASES["default"].get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    # Shared between processes: sign-in limits and the queue's figures would be per process in local memory.
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "shared_cache"},
}

Q_CLUSTER = {
    "name": "csm-portal",
    "orm": "default",
    "workers": env.int("CSM_QUEUE_WORKERS", default=2),
    # A scan of 100,000 accounts takes six minutes of the smallest budget (docs/decisions/0002). A lease must outlive
    # everything that waits in front of a task (LIBRARIES 1.4); a worker that dies is noticed by its heartbeat, not by it.
    "timeout": 900,
    "retry": 3000,
    "queue_limit": 2,
    "bulk": 1,
    "max_attempts": 3,
    "ack_failures": False,
    "catch_up": False,
    "save_limit": 0,
    "recycle": 100,
    "poll": 0.3,
    "guard_cycle": 0.5,
    "cache": "default",
    "label": "Tasks",
}

# Where the workers of a cluster tell that they work; ``manage.py queue`` sets it for the cluster that it looks after.
CSM_QUEUE_PULSE = env.str("CSM_QUEUE_PULSE", default="")

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "csm_portal.sign_in.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
# SPEC P2: no mail leaves the portal, so nothing that Django or allauth may want to send has a way out.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
if not DEMO:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("CSM_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.int("CSM_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
if env.bool("CSM_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
# A demo serves the files from where they lie; elsewhere `manage.py collectstatic` gathers them here.
STATIC_ROOT = (
    None if DEBUG or DEMO else Path(env.str("CSM_STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = DEBUG or DEMO

LOGGING_CONFIG = None
LOGGING = logging_config(env.str("CSM_LOG_LEVEL", default="INFO"), as_json=not (DEBUG or DEMO))
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# The adapters behind the ports: dotted names, so that nobody imports them (ARCHITECTURE, layers).
PORTS = {
    "workspace": "csm_portal.integrations.notion.connect",
    "workspace_hooks": "csm_portal.integrations.notion.events.NotionHooks",
    "writer_templates": "csm_portal.integrations.llm.templates.TemplateWriter",
    "writer_model": "csm_portal.integrations.llm.litellm_writer.LiteLLMWriter",
    "mail_kept": "csm_portal.integrations.kept.KeptDrafts",
    "mail_gmail": "csm_portal.integrations.google.gmail.GmailDrafts",
    "mail_consent": "csm_portal.integrations.google.consent.GoogleConsent",
    "chat_kept": "csm_portal.integrations.kept.KeptMessages",
    "chat_google": "csm_portal.integrations.google.chat.GoogleChat",
    "events_kept": "csm_portal.integrations.kept.KeptEvents",
    "events_webhooks": "csm_portal.integrations.events.webhooks.SignedWebhooks",
}
# Under which address people reach the portal: links in drafts and messages begin with it, and need it.
CSM_PUBLIC_URL: str = env.str("CSM_PUBLIC_URL", default="")
# Google's own addresses, changed where a local server stands in for them.
GMAIL_BASE_URL: str = env.str("GMAIL_BASE_URL", default="https://gmail.googleapis.com")
CHAT_BASE_URL: str = env.str("CHAT_BASE_URL", default="https://chat.googleapis.com")
GOOGLE_TOKEN_URL: str = env.str("GOOGLE_TOKEN_URL", default="https://oauth2.googleapis.com/token")
GOOGLE_CONSENT_URL: str = env.str(
    "GOOGLE_CONSENT_URL", default="https://accounts.google.com/o/oauth2/v2/auth"
)
# CHECK 37: whether webhooks may go to this machine, over plain HTTP too. Only for the demo and tests.
CSM_LOCAL_WEBHOOKS: bool = env.bool("CSM_LOCAL_WEBHOOKS", default=False)
NOTION_BASE_URL: str = env.str("NOTION_BASE_URL", default="https://api.notion.com")
NOTION_REQUESTS_PER_MINUTE: int = env.int("NOTION_REQUESTS_PER_MINUTE", default=180)
# SPEC 2.2: a single-tenant installation may give these here instead of in the set-up page.
NOTION_TOKEN: str = env.str("NOTION_TOKEN", default="")
NOTION_CSM_ACCOUNTS_DATABASE_ID: str = env.str(
    "NOTION_CSM_ACCOUNTS_DATABASE_ID", default=env.str("NOTION_DATABASE_ID", default="")
)
NOTION_CSM_QBR_DATABASE_ID: str = env.str("NOTION_CSM_QBR_DATABASE_ID", default="")

LLM_MODEL: str = env.str("LLM_MODEL", default="")
LLM_API_BASE: str = env.str("LLM_API_BASE", default="")
LLM_API_KEY: str = env.str("LLM_API_KEY", default="")
# Whether the model can be held to a JSON schema. litellm knows that of the models it lists; of one behind an
# LLM_API_BASE nobody knows but whoever runs it. Answers are validated either way.
LLM_HOLDS_SCHEMA: bool | None = env.bool("LLM_HOLDS_SCHEMA", default=None)

# Fixed where a test has to be; elsewhere jobs go through the queue (LIBRARIES 1.8).
CSM_RUN_JOBS_INLINE: bool = False
