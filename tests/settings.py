"""Settings of the test run: the real ones, with throw-away secrets and a home of its own."""

import atexit
import base64
import os
import shutil
import tempfile

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if "WARREN_HOME" not in os.environ:  # the first process of a run, whose others have the same
    os.environ["WARREN_HOME"] = tempfile.mkdtemp(prefix="warren-test.")
    atexit.register(shutil.rmtree, os.environ["WARREN_HOME"], ignore_errors=True)
os.makedirs(os.path.join(os.environ["WARREN_HOME"], "static"), exist_ok=True)
os.environ.update(
    SECRET_KEY="only-for-tests-" * 4,
    ENCRYPTION_KEYS=base64.urlsafe_b64encode(b"only-for-tests-".ljust(32, b".")).decode(),
    EMBEDDED="true",
    CONTAINERS_DOMAIN="containers.localhost",
    PUBLIC_URL="http://testserver",
    EMAIL_URL=os.environ.get("EMAIL_URL", "memorymail://"),
    MAIL_PER_ADDRESS="100000/3600",  # tests of the limits set their own
    MAIL_PER_IP="100000/3600",
    CLOUDFLARE_API_TOKEN=os.environ.get("TEST_CLOUDFLARE_API_TOKEN", ""),
)

from config.settings import *  # noqa: E402, F403
from config.settings import CACHES, CHANNEL_LAYERS, DATABASES, REDIS_URL  # noqa: E402

# Each process of a parallel run has a Redis database of its own.
_REDIS = f"{REDIS_URL}?db={int(_WORKER.removeprefix('gw')) + 1}"
REDIS_URL = _REDIS
CACHES["default"]["LOCATION"] = _REDIS
CHANNEL_LAYERS["default"]["CONFIG"]["hosts"][0]["address"] = _REDIS
CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"warren.{_WORKER}."
CELERY_BROKER_URL = _REDIS.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
if "pool" in DATABASES["default"].get("OPTIONS", {}):
    # Tests end with their threads gone; a pool would still hold connections to a database about to be dropped.
    del DATABASES["default"]["OPTIONS"]["pool"]
# Tests of the limits set their own.
API_RATE = API_COSTLY_RATE = SOCKET_RATE = PAGE_RATE = "1000000/60"
