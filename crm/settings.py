"""One settings file; everything that differs between machines comes from the environment (see .env.example)."""

from datetime import timedelta
from pathlib import Path

import rest_framework
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from crm import logs
from crm.embedded import places
from crm.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = places.data_dir()
TESTING = env.testing()
if not TESTING:
    env.read_file(DATA_DIR / "environment")  # written by script/run: manage.py then works on the running program
PROCESS = env.process()

DEBUG = env.boolean("DEBUG", default=False)
HTTPS = env.boolean("HTTPS", default=not (DEBUG or TESTING))
BEHIND_PROXY = env.boolean("BEHIND_PROXY", default=False)
if DEBUG or TESTING:
    SECRET_KEY = env.text("SECRET_KEY", default="insecure-key-for-development-and-tests-0123456789-0123456789")
else:
    SECRET_KEY = env.text("SECRET_KEY", shortest=50)
FIELD_KEYS = env.items("FIELD_KEYS", default=[])
FIELD_KEY_FILE = env.text("FIELD_KEY_FILE", default="")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "template_partials",
    "crm.embedded",
    "crm.users",
    "crm.fields",
    "crm.access",
    "crm.records",
    "crm.reference",
    "crm.files",
    "crm.jobs",
    "crm.packs",
    "crm.customfields",
    "crm.entities",
    "crm.ownership",
    "crm.customentities",
    "crm.matching",
    "crm.privacy",
    "crm.exchange",
    "crm.search",
    "crm.api",
    "crm.activities",
    "crm.notifications",
    "crm.workflows",
    "crm.approvals",
    "crm.messaging",
    "crm.documents",
    "crm.inbound",
    "crm.home",
    "crm.demo",
    "customers",
    "customers.levels",
    "customers.loyalty",
    "sales",
    "sales.catalogue",
    "sales.quotes",
    "sales.contracts",
    "sales.orders",
    "sales.receivables",
    "sales.deals",
    "sales.purchasing",
    "sales.invoicing",
    "sales.sequences",
    "sales.qualifying",
    "sales.planning",
    "sales.partners",
    "service",
    "marketing",
    "marketing.segments",
    "marketing.scoring",
    "marketing.booking",
    "analytics",
]

MIDDLEWARE = [
    "crm.logs.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.users.middleware.PreferencesMiddleware",
    "crm.home.seen_as.SeenAsMiddleware",
    "crm.access.middleware.PresentMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "crm.home.context.shell",
            ]
        },
    }
]

# Every wait has a limit (seconds; 0 is none): a page, a task, a command run by hand.
LIMITS = {
    "web": {"statement_timeout": 15, "lock_timeout": 5, "idle_in_transaction_session_timeout": 30},
    "worker": {"statement_timeout": 300, "lock_timeout": 30, "idle_in_transaction_session_timeout": 300},
    "command": {"statement_timeout": 0, "lock_timeout": 0, "idle_in_transaction_session_timeout": 0},
    "tests": {"statement_timeout": 60, "lock_timeout": 20, "idle_in_transaction_session_timeout": 300},
}[PROCESS]
LIMITS["statement_timeout"] = env.integer(
    "STATEMENT_TIMEOUT", default=LIMITS["statement_timeout"], lowest=0, highest=3600
)
DATABASES = {"default": env.database("DATABASE_URL", default="postgres:///crm")}
SESSION = {name: f"{seconds}s" for name, seconds in LIMITS.items()}
if PROCESS != "worker":
    # A record page reads one row with 15 small tables beside it: weighing the orders of 8 joins at a time took 10 ms, reading
    # took 1. Beyond 4 the order that Django writes is as good; the long questions of workers keep PostgreSQL's default.
    SESSION["join_collapse_limit"] = "4"
DATABASES["default"]["OPTIONS"]["options"] = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "crm.access.backend.AccessBackend"]
LOGIN_URL = "users:sign_in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "users:sign_in"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
# REST framework is no app of ours (it brings models and pages of its own), but it speaks to people.
LOCALE_PATHS = [BASE_DIR / "locale", Path(rest_framework.__file__).parent / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "crm.formats"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
PLAIN_STATIC = DEBUG or TESTING
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = PLAIN_STATIC
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Uploads are private: no route serves this directory, only views that ask the policy.
PRIVATE_ROOT = Path(env.text("PRIVATE_ROOT", default=str(DATA_DIR / "private")))
MEDIA_ROOT = PRIVATE_ROOT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PLAIN_STATIC
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_HANDLERS = [
    "crm.files.limits.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
UPLOAD_LIMIT = env.integer("UPLOAD_LIMIT_MB", default=200, lowest=1, highest=2000) * 1024 * 1024  # bytes of one file

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W021"
]  # entering the browsers' HSTS preload list is the owner of the domain's decision
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        **({"upgrade-insecure-requests": True} if HTTPS else {}),
    }
}
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "crm.lib.http.client_address"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # people are unlocked on their own page of the administration
AXES_LOCKOUT_TEMPLATE = "users/locked_out.html"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "crm.users.passwords.LongEnough",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
    )
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

REDIS_URL = env.redis("REDIS_URL")
REDIS_CACHE_OPTIONS = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL and not TESTING:
    CACHES["default"] = {
        "BACKEND": "crm.lib.cache.BreakerRedisCache",
        "LOCATION": env.redis_database(REDIS_URL, 1),
        "OPTIONS": REDIS_CACHE_OPTIONS,
    }

CELERY_BROKER_URL = env.broker(REDIS_URL) if REDIS_URL else "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5 if PROCESS == "worker" else 0.5,
    "socket_connect_timeout": 5 if PROCESS == "worker" else 0.5,
    "visibility_timeout": 7200,  # longer than any task
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_ALWAYS_EAGER = CELERY_TASK_EAGER_PROPAGATES = TESTING
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # KiB; a child above it ends after its task
CELERY_TIMEZONE = TIME_ZONE
# Under which address people reach the program: links in mails begin with it.
PUBLIC_URL = env.text("PUBLIC_URL", default=f"{'https' if HTTPS else 'http'}://{ALLOWED_HOSTS[0]}").rstrip("/")
OUTGOING_PRIVATE = env.items("OUTGOING_PRIVATE", default=[])  # hosts and networks of our own that may be called
ENRICH_WEBSITES = env.boolean("ENRICH_WEBSITES", default=False)  # whether the websites of accounts are read on request
COMPANY_NAME = env.text("COMPANY_NAME", default="CRM")
AUDIT_MONTHS = env.integer("AUDIT_MONTHS", default=24, lowest=6, highest=240)
PRIVACY_DAYS = env.integer("PRIVACY_DAYS", default=30, lowest=1, highest=90)
PRIVACY_DAYS_CCPA = env.integer("PRIVACY_DAYS_CCPA", default=45, lowest=1, highest=90)
ERASED_COME_BACK = env.choice("ERASED_COME_BACK", ["refuse", "flag"], default="refuse")
UNMASK_PER_HOUR = env.integer("UNMASK_PER_HOUR", default=30, lowest=1, highest=10_000)
ESCALATE_DAYS = env.integer("ESCALATE_DAYS", default=3, lowest=0, highest=60)
RULE_TRACE_DAYS = env.integer("RULE_TRACE_DAYS", default=180, lowest=7, highest=3650)

CELERY_BEAT_SCHEDULER = "crm.clock:Clock"
CELERY_BEAT_SCHEDULE = {
    "records.dispatch": {"task": "crm.records.tasks.dispatch", "schedule": 5, "options": {"expires": 5}},
    "records.send_outgoing": {"task": "crm.records.tasks.send_outgoing", "schedule": 5, "options": {"expires": 5}},
    "messaging.poll": {"task": "crm.messaging.tasks.poll_all", "schedule": 20, "options": {"expires": 20}},
    "jobs.rescue": {"task": "crm.jobs.tasks.rescue", "schedule": 60, "options": {"expires": 60}},
    # After midnight, and each hour again for what was away then: what is done is not done twice.
    "contracts.turn": {"task": "sales.contracts.tasks.turn", "schedule": crontab(minute=5)},
    "orders.turn": {"task": "sales.orders.tasks.turn", "schedule": crontab(minute=10)},
    "purchasing.turn": {"task": "sales.purchasing.tasks.turn", "schedule": crontab(minute=20)},
    "sequences.turn": {"task": "sales.sequences.tasks.turn", "schedule": crontab(), "options": {"expires": 60}},
    "receivables.turn": {"task": "sales.receivables.tasks.turn", "schedule": crontab(minute=15)},
    "planning.snapshot": {"task": "sales.planning.tasks.snapshot", "schedule": crontab(minute=20, hour=1)},
    "sales.fold_tallies": {"task": "sales.tasks.fold_tallies", "schedule": 300, "options": {"expires": 300}},
    "customers.refresh_health": {
        "task": "customers.tasks.refresh_health",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "customers.birthdays": {"task": "customers.tasks.birthdays", "schedule": crontab(hour=7, minute=30)},
    "customers.recount": {"task": "customers.tasks.recount", "schedule": crontab(hour=1, minute=40)},
    "jobs.sweep": {"task": "crm.jobs.tasks.sweep", "schedule": timedelta(days=1)},
    "exchange.sweep": {"task": "crm.exchange.tasks.sweep", "schedule": timedelta(days=1)},
    "activities.end_shares": {"task": "crm.activities.tasks.end_shares", "schedule": 900},
    "notifications.digests": {"task": "crm.notifications.tasks.digests", "schedule": 300, "options": {"expires": 300}},
    # At the full minute, not some seconds after it: reminders are told in the minute that they name.
    "notifications.reminders": {
        "task": "crm.notifications.tasks.reminders",
        "schedule": crontab(),
        "options": {"expires": 60},
    },
    "ownership.recycle": {"task": "crm.ownership.tasks.recycle", "schedule": crontab(), "options": {"expires": 60}},
    "notifications.escalate": {
        "task": "crm.notifications.tasks.escalate",
        "schedule": 900,
        "options": {"expires": 900},
    },
    "activities.extend_series": {
        "task": "crm.activities.tasks.extend_series",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "notifications.sweep": {"task": "crm.notifications.tasks.sweep", "schedule": timedelta(days=1)},
    "files.previews": {"task": "crm.files.tasks.previews", "schedule": 60, "options": {"expires": 60}},
    "documents.read": {"task": "crm.documents.tasks.read", "schedule": 60, "options": {"expires": 60}},
    "files.sweep": {"task": "crm.files.tasks.sweep", "schedule": timedelta(days=1)},
    "workflows.tick": {"task": "crm.workflows.tasks.tick", "schedule": 15, "options": {"expires": 15}},
    "approvals.tick": {"task": "crm.approvals.tasks.tick", "schedule": 30, "options": {"expires": 30}},
    "matching.freshen": {"task": "crm.matching.tasks.freshen_pairs", "schedule": 60, "options": {"expires": 60}},
    "matching.move_cases": {"task": "crm.matching.tasks.move_cases", "schedule": crontab(), "options": {"expires": 60}},
    "matching.move_late": {"task": "crm.matching.tasks.move_late", "schedule": 60, "options": {"expires": 60}},
    "matching.nightly": {"task": "crm.matching.tasks.nightly", "schedule": crontab(hour=2, minute=20)},
    "workflows.prune": {"task": "crm.workflows.tasks.prune", "schedule": timedelta(days=1)},
    "analytics.rfm": {"task": "analytics.tasks.score_nightly", "schedule": crontab(hour=1, minute=10)},
    "levels.nightly": {"task": "customers.levels.tasks.nightly", "schedule": crontab(hour=2, minute=10)},
    "loyalty.expire": {"task": "customers.loyalty.tasks.expire", "schedule": crontab(hour=0, minute=20)},
    "segments.recount": {"task": "marketing.segments.tasks.recount_all", "schedule": crontab(minute=25)},
    "scoring.nightly": {"task": "marketing.scoring.tasks.nightly", "schedule": crontab(hour=2, minute=40)},
    "customfields.nightly": {"task": "crm.customfields.tasks.nightly", "schedule": crontab(hour=0, minute=5)},
    "privacy.retention": {"task": "crm.privacy.tasks.retention", "schedule": crontab(hour=2, minute=20)},
    "inbound.sweep": {"task": "crm.inbound.tasks.sweep", "schedule": timedelta(days=1)},
    "booking.remind": {"task": "marketing.booking.tasks.remind", "schedule": 60, "options": {"expires": 60}},
    "marketing.ensure_months": {"task": "marketing.tasks.ensure_months", "schedule": timedelta(days=1)},
    "partners.chase": {"task": "sales.partners.tasks.chase", "schedule": 600, "options": {"expires": 600}},
    "quotes.expire": {"task": "sales.quotes.tasks.expire", "schedule": crontab(hour=0, minute=15)},
    "partners.end_protection": {"task": "sales.partners.tasks.end_protection", "schedule": crontab(hour=0, minute=10)},
    "records.ensure_partitions": {"task": "crm.records.tasks.ensure_partitions", "schedule": timedelta(days=1)},
}

globals().update(env.email("EMAIL_URL", default="console:" if DEBUG else "dummy:"))
if EMAIL_BACKEND.endswith(".dummy.EmailBackend"):  # noqa: F821 - from the line above
    EMAIL_BACKEND = "crm.messaging.backend.AccountBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="crm@localhost")

LOG_LEVEL = env.choice(
    "LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR"], default="WARNING" if TESTING or PROCESS == "command" else "INFO"
)
LOGGING = logs.configuration(LOG_LEVEL, readable=DEBUG or TESTING or PROCESS == "command")
