"""All settings, read from the environment (or from `$WARREN_HOME/settings.env`).

Every secret may also come from a file: set `NAME_FILE` instead of `NAME`. `docs/configuration.md` lists
what an operator sets; the defaults here are safe for production, `manage.py up` relaxes them for one machine.
"""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext

from config import content_policy, database, logs, reading, rest, schedule, settings_file
from config.console import appearance
from config.openapi import settings as openapi

django_stubs_ext.monkeypatch()  # lets generic classes of Django's be subscripted at run time, as their types say

BASE_DIR = Path(__file__).resolve().parent.parent

env = reading.Env()
WARREN_HOME = Path(env.str("WARREN_HOME", default=str(BASE_DIR / "var"))).absolute()
settings_file.read(WARREN_HOME / "settings.env")

# --- Who we are -------------------------------------------------------------------------------------------
EMBEDDED = env.bool("EMBEDDED", default=False)  # one machine, plain HTTP, simulator: what `manage.py up` runs
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # earlier ones: what they signed still counts
# Fernet keys, the newest first; older ones still decrypt. Make one: `manage.py new_key`.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
# Marks everything that this installation makes in Docker and at Cloudflare: 1 to 5 of a-z and 0-9.
INSTALLATION = env.str("INSTALLATION", default="wrn")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Applications -----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "tenants",
    "containers",
    "access",
    "cloudflare",
    "monitoring",
    "config",
    "unfold.apps.BasicAppConfig",
    "config.console.apps.ConsoleApp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "corsheaders",
    "axes",
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.compression.TextMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tenants.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.content_policy.ContentPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.zones.ZoneMiddleware",
    "config.middleware.UnkeptMiddleware",
    "config.middleware.LandingMiddleware",
    "tenants.middleware.OriginMiddleware",
    "cloudflare.entrance.middleware.AccessMiddleware",
    "config.middleware.RateMiddleware",
    "config.middleware.PageRateMiddleware",
    "tenants.viewing_middleware.ViewingMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
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
                "tenants.current.for_templates",
                "config.appearance.for_templates",
            ]
        },
    }
]

# --- Database ---------------------------------------------------------------------------------------------
_DATABASE = env.database("DATABASE_URL", default=f"sqlite:///{WARREN_HOME / 'warren.sqlite3'}")
DATABASES = {"default": database.with_options(_DATABASE, pool=env.int("DATABASE_POOL", default=20))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker, channel layer, cache, pacer -----------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default=f"unix://{WARREN_HOME / 'redis.sock'}")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# In seconds; a Redis that hangs is to be told from one that has nothing to say.
_layer = {"address": REDIS_URL, "socket_timeout": 5, "socket_connect_timeout": 2, "health_check_interval": 10}
CHANNEL_LAYERS = {  # pub/sub knows no databases of Redis: the prefix keeps installations apart
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [_layer], "prefix": f"warren.{INSTALLATION}."},
    }
}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)  # kombu's spelling of a socket
CELERY_TASK_IGNORE_RESULT = True
# A doorbell is not acknowledged: the row that it stands for stays due until it was passed over, and the sweep rings
# again. The bookkeeping of acknowledgements was a third of what a busy worker did.
CELERY_TASK_QUEUES = {"celery": {"no_ack": True}, "edge": {"no_ack": True}}
CELERY_TASK_DEFAULT_QUEUE = "celery"
# What lets people in and shuts them out has a worker of its own (`-Q edge`): a revocation never waits for an engine
# that is slow. A connector is a container, and so is work for the engine.
CELERY_TASK_ROUTES = {
    "cloudflare.reconcile_connector": "celery",
    "cloudflare.*": "edge",
    "access.*": "edge",
    "containers.sweep_due": "edge",
}
CELERY_TASK_PUBLISH_RETRY = False  # the row is the outbox: a lost doorbell is rung again by the sweep
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 10}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "UTC"

# --- Reconciliation ---------------------------------------------------------------------------------------
LEASE_SECONDS = env.float("LEASE_SECONDS", default=30)  # how long a killed worker's row stays untouched
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=15)  # how often due rows are rung again
RESYNC_SECONDS = env.float("RESYNC_SECONDS", default=600)  # how often a settled row is compared with the world
LINGER_SECONDS = env.float("LINGER_SECONDS", default=15)  # an empty tenant keeps tunnel and network this long
RENAME_OVERLAP_SECONDS = env.float("RENAME_OVERLAP_SECONDS", default=5)  # both names answer for so long
GRANTS_PER_HOUR = env.int("GRANTS_PER_HOUR", default=1200)  # that a tenant gives
RENAMES_PER_HOUR = env.int("RENAMES_PER_HOUR", default=10)  # of one container
PROVISION_DEADLINE_SECONDS = env.float("PROVISION_DEADLINE_SECONDS", default=600)
STORAGE_SECONDS = env.float("STORAGE_SECONDS", default=300)  # how often what containers keep on disk is measured
STOP_DEADLINE_SECONDS = env.float("STOP_DEADLINE_SECONDS", default=120)
AUDIT_DAYS = env.int("AUDIT_DAYS", default=365)  # how long the record of who did what is kept; 0: for good
VISITS_DAYS = env.int("VISITS_DAYS", default=365)  # how long it is kept who came to the edge; 0: for good
VISITS_SECONDS = env.float("VISITS_SECONDS", default=60)  # how often that is imported
VISITS_LOG_HOURS = env.float("VISITS_LOG_HOURS", default=24)  # how long Cloudflare keeps its log: 24 on a free plan
CELERY_BEAT_SCHEDULE = schedule.tasks(sweep=SWEEP_SECONDS, storage=STORAGE_SECONDS, visits=VISITS_SECONDS)

# --- Docker -----------------------------------------------------------------------------------------------
ENGINE = env.str("ENGINE", default="docker")  # or "memory": for tests of the loop alone
DOCKER_HOST = env.str("DOCKER_HOST", default="")
DOCKER_TIMEOUT = env.int("DOCKER_TIMEOUT", default=60)
DOCKER_STARTS = env.int("DOCKER_STARTS", default=0)  # starts in flight per worker process; 0: twice the cores
NETWORK_POOL = env.str("NETWORK_POOL", default="10.128.0.0/10")  # each tenant's network is a /24 of it
INTERNET_DNS = env.list("INTERNET_DNS", default=["1.1.1.1", "8.8.8.8"])  # for containers that have internet
CONTAINER_PIDS = env.int("CONTAINER_PIDS", default=256)
CONTAINER_STOP_SECONDS = env.int("CONTAINER_STOP_SECONDS", default=10)
# Downloads and uploads of containers' data: one folder for the web tier and the workers.
ARCHIVE_ROOT = env.str("ARCHIVE_ROOT", default=str(WARREN_HOME / "archives"))
ARCHIVE_HOURS = env.float("ARCHIVE_HOURS", default=24)  # how long a download stays
ARCHIVE_RESERVE = env.int("ARCHIVE_RESERVE", default=1024**3)  # bytes that they leave free on their disk
ARCHIVES_AT_ONCE = env.int("ARCHIVES_AT_ONCE", default=2)  # copied at the same time by one worker process

# --- Live: the agent and the sockets ----------------------------------------------------------------------
AGENT_SOURCE = env.one_of("AGENT_SOURCE", "auto", "cgroups", "engine")  # auto: cgroups where they are to be seen
SOCKETS_PER_PERSON = env.int("SOCKETS_PER_PERSON", default=50)  # open at once, at each web process
TERMINALS_PER_PERSON = env.int("TERMINALS_PER_PERSON", default=20)  # open at once
TERMINAL_IDLE_SECONDS = env.float("TERMINAL_IDLE_SECONDS", default=900)  # without a byte either way
EVENTS_DAYS = env.int("EVENTS_DAYS", default=30)  # how long it is kept what happened to a container at the engine

# --- Cloudflare -------------------------------------------------------------------------------------------
CLOUDFLARE_API_URL = env.str("CLOUDFLARE_API_URL", default="https://api.cloudflare.com/client/v4")
CLOUDFLARE_API_TOKEN = env.str("CLOUDFLARE_API_TOKEN", default="")
CLOUDFLARE_ACCOUNT_ID = env.str("CLOUDFLARE_ACCOUNT_ID", default="")
CLOUDFLARE_ZONE_ID = env.str("CLOUDFLARE_ZONE_ID", default="")
CLOUDFLARE_RATE = env.rate("CLOUDFLARE_RATE", default="1200/300")  # calls per seconds, per credential
CONTAINERS_DOMAIN = env.str("CONTAINERS_DOMAIN", default="")
CONTAINER_URL = env.str("CONTAINER_URL", default="https://{hostname}/")
ACCESS_SESSION_DURATION = env.str("ACCESS_SESSION_DURATION", default="24h")
# How long the edge may still take a session that was ended. The simulator does not.
REVOCATION_SECONDS = env.float("REVOCATION_SECONDS", default=0 if EMBEDDED else 30)
TUNNEL_SECRET_DAYS = env.float("TUNNEL_SECRET_DAYS", default=90)  # a tunnel gets another token after so long; 0: never
CONNECTOR_IMAGE = env.str("CONNECTOR_IMAGE", default="cloudflare/cloudflared:2026.8.2")
CONNECTOR_EDGE = env.str("CONNECTOR_EDGE", default="")  # host:port for cloudflared's TUNNEL_EDGE; "gateway" as host
# Signing in to Warren itself through Access, where it stands in front of the pages; unset: the header means nothing.
ACCESS_TEAM_DOMAIN = env.str("ACCESS_TEAM_DOMAIN", default="")  # team.cloudflareaccess.com
ACCESS_AUDIENCE = env.str("ACCESS_AUDIENCE", default="")  # the AUD tag of the application before the pages
ACCESS_STAFF_IDP = env.str("ACCESS_STAFF_IDP", default="")  # id of the provider that staff may come by; empty: none
ACCESS_CERTS_URL = env.str("ACCESS_CERTS_URL", default=f"https://{ACCESS_TEAM_DOMAIN}/cdn-cgi/access/certs")

# --- People -----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
REGISTRATION_OPEN = env.bool("REGISTRATION_OPEN", default=False)  # who has an address may sign up
REGISTRATION_PLAN = env.str("REGISTRATION_PLAN", default="free")  # code of the plan that a new tenant gets
TENANTS_PER_PERSON = env.int("TENANTS_PER_PERSON", default=3)  # how many one may own and make more; 0: no limit
TOKEN_MAX_DAYS = env.int("TOKEN_MAX_DAYS", default=0)  # the longest that an API token may live; 0: for good
PASSWORD_RESET_TIMEOUT = 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Failed sign-ins are counted in the database: Redis may be emptied or away at any time, and a lock must outlast that.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT, AXES_COOLOFF_TIME = 10, timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS, AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = True, False
AXES_USERNAME_FORM_FIELD = "username"
# Not kept of a failed try: axes masks `password` itself; `next` may hold the link of an invitation.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "current_password", "next"]
AXES_USERNAME_CALLABLE = "tenants.lockout.username"
AXES_CLIENT_IP_CALLABLE = "tenants.lockout.client"
AXES_LOCKOUT_CALLABLE = "config.errors.sign_in_locked"
AXES_DISABLE_ACCESS_LOG, AXES_ENABLE_ADMIN, AXES_VERBOSE = True, False, False  # the audit log has it all

# --- Mail -------------------------------------------------------------------------------------------------
# smtp+tls://user:password@host:587; empty: no mail is sent, and whatever needs it is refused.
EMAIL_URL = env.str("EMAIL_URL", default="")
vars().update(env.mail_server("EMAIL_URL"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Warren <warren@localhost>")
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")  # under which people reach the pages: links in mail use it
MAIL_PER_ADDRESS = env.rate("MAIL_PER_ADDRESS", default="5/3600")  # mails per seconds
MAIL_PER_TENANT = env.rate("MAIL_PER_TENANT", default="200/3600")  # in its name, to whomever
MAIL_PER_IP = env.rate("MAIL_PER_IP", default="30/3600")

# --- API --------------------------------------------------------------------------------------------------
KNOX_TOKEN_MODEL = "tenants.ApiToken"
MIGRATION_MODULES = {"knox": None}  # they would make the table that ours stands in for
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None, "AUTO_REFRESH": False}
REST_FRAMEWORK = rest.SETTINGS
SPECTACULAR_SETTINGS = openapi.SETTINGS
# Requests per seconds, of each person (of each address, for those who have not signed in); empty: no limit.
API_RATE = env.limit("API_RATE", default="600/60")
API_COSTLY_RATE = env.limit("API_COSTLY_RATE", default="60/60")
SOCKET_RATE = env.limit("SOCKET_RATE", default="120/60")  # sockets that a person opens; an address five times as many
PAGE_RATE = env.limit("PAGE_RATE", default="60/60")  # forms per seconds of an address that has not signed in
# Other sites whose pages may call the API, with a token; cookies are not for them.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "if-match", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Location", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]
CORS_EXPOSE_HEADERS += ["Idempotency-Replayed"]

# --- HTTP -------------------------------------------------------------------------------------------------
HTTPS = env.bool("HTTPS", default=not EMBEDDED)  # off only where nobody but this machine can listen
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=HTTPS)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])  # networks whose X-Forwarded-For is believed
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "warren_session", "warren_csrf"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = content_policy.policy(ACCESS_TEAM_DOMAIN)
UNFOLD = appearance.SETTINGS  # the admin

# --- Words, files, logs -----------------------------------------------------------------------------------
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")  # where nobody chose, and no browser asks for one of these
TIME_ZONE, USE_I18N, USE_TZ = "UTC", True, True
FORMAT_MODULE_PATH = "config.formats"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_AGE = "warren_language", 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = HTTPS, True, "Lax"
STATIC_URL, STATIC_ROOT = "/static/", env.str("STATIC_ROOT", default=str(WARREN_HOME / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED or DEBUG
LOGGING = logs.configuration(env.one_of("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL"))
