"""The one place that turns an `Account` row into a client of its API."""

from functools import lru_cache

from django.conf import settings

from cloudflare.client import Cloudflare, Pacer
from cloudflare.models import Account

TIMEOUT = (5.0, 15.0)  # connect and read: both together stay below the shortest sensible lease


@lru_cache(maxsize=64)
def _client(api_url: str, account_id: str, token: str, rate: str, redis_url: str) -> Cloudflare:
    pacer = Pacer(redis_url, credential=token, rate=rate)
    return Cloudflare(api_url, token, account_id, pacer=pacer, timeout=TIMEOUT)


def client_for(account: Account) -> Cloudflare:
    """The client of this account; kept, because it holds the connections."""
    return _client(
        settings.CLOUDFLARE_API_URL,
        account.account_id,
        account.api_token,
        settings.CLOUDFLARE_RATE,
        settings.REDIS_URL,
    )
