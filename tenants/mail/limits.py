"""How many mails somebody can make us send: per address, lest it is flooded; per client and tenant, lest many are."""

import datetime
import hashlib
import logging
import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import timezone
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tenants.models import Mail, Tenant
from tenants.origin import origin
from tenants.proxies import neighbourhood
from tenants.refusal import Refused
from tenants.words import gettext as _

log = logging.getLogger(__name__)
_local = MemoryStorage()


@lru_cache
def _shared(url: str) -> Storage:
    # A Redis that hangs is away, too: who invites holds the tenant's lock meanwhile.
    waits: dict[str, Any] = {"socket_connect_timeout": 2, "socket_timeout": 2, "retry": Retry(NoBackoff(), 1)}
    found = storage_from_string(url.replace("unix://", "redis+unix://", 1), **waits)
    assert isinstance(found, Storage)
    return found


def admit(email: str) -> None:
    """Count one mail to this folded address, asked for from where the request came. Raises `Refused`: `mail_limit`."""
    try:
        _admit(MovingWindowRateLimiter(_shared(settings.REDIS_URL)), email)
    except RedisError as exc:
        log.warning("mail is limited per process: Redis is away (%s)", type(exc).__name__)
        _admit(MovingWindowRateLimiter(_local), email)


def admit_of(tenant: Tenant) -> None:
    """One more mail in the tenant's name, by whichever of its owners. Hold its lock. Raises `Refused`: `mail_limit`."""
    count, __, seconds = settings.MAIL_PER_TENANT.partition("/")
    now, span = timezone.now(), datetime.timedelta(seconds=int(seconds))
    lately = Mail.objects.filter(tenant=tenant, created_at__gt=now - span).order_by("-created_at")
    counted = list(lately.values_list("created_at", flat=True)[: int(count)])
    if len(counted) >= int(count):
        raise _too_many(max(1, round((min([now, *counted]) + span - now).total_seconds())))


def _admit(limiter: MovingWindowRateLimiter, email: str) -> None:
    client = neighbourhood(origin.get().ip)
    counted = [(settings.MAIL_PER_IP, "mail-ip", client), (settings.MAIL_PER_ADDRESS, "mail-address", email)]
    for rate, what, whose in counted:
        count, __, seconds = rate.partition("/")
        item = RateLimitItemPerSecond(int(count), int(seconds), what)
        key = hashlib.sha256(whose.encode()).hexdigest()[:32]  # Redis need not know addresses
        if whose and not limiter.hit(item, key):
            raise _too_many(max(1, round(limiter.get_window_stats(item, key).reset_time - time.time())))


def _too_many(wait: int) -> Refused:
    """`wait`: seconds until there may be another."""
    return Refused(
        "mail_limit",
        _("Too many mails were asked for; try again in %(minutes)s min. Look into the spam folder as well.")
        % {"minutes": -(-wait // 60)},
        status=429,
        retry_after=wait,
    )
