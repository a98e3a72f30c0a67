"""The keys of Access: workers read them from its list into rows, requests find them there.

A key that the list no longer shows counts for `GRACE` longer: one answer of a cache that is behind must not sign
everybody out. Nor is a list believed for ever that nobody could read again: `STALE` after it was last read, its keys
count no more.
"""

import datetime
import logging
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.db import transaction
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from cloudflare.client import certs, errors
from cloudflare.entrance import bells
from cloudflare.entrance.door import Door, door
from cloudflare.models import SigningKey

log = logging.getLogger(__name__)

REFRESH = "cloudflare.refresh_keys"
GRACE = datetime.timedelta(minutes=15)
STALE = datetime.timedelta(hours=24)
KEPT = 2.0  # seconds for which a process goes by what it has read of the rows
ASK_SECONDS = 10.0  # an unknown key makes workers look no more often, whoever sends how many

_Keys = dict[str, RSAPublicKey]
_known: tuple[str, float, _Keys] = ("", 0.0, {})


def finder(here: Door) -> Callable[[str], RSAPublicKey | None]:
    """Finds the key of that id among the team's."""
    return lambda kid: _keys(here.team).get(kid)


def ask(here: Door) -> None:
    """Have a worker read the list: somebody came with a key that is not known."""
    bells.ring(REFRESH, here.team, ASK_SECONDS)


def forget() -> None:
    """Read the rows anew at the next question."""
    global _known
    _known = ("", 0.0, {})


def _keys(team: str) -> _Keys:
    global _known
    of, until, found = _known
    now = time.monotonic()
    if of != team or now >= until:
        rows = SigningKey.objects.filter(team=team, seen_at__gt=timezone.now() - STALE)
        found = {row.kid: _public(row.jwk) for row in rows}
        _known = (team, now + KEPT, found)
    return found


def _public(jwk: certs.Jwk) -> RSAPublicKey:
    key = RSAAlgorithm.from_jwk(jwk)
    assert isinstance(key, RSAPublicKey)
    return key


def refresh() -> None:
    """Read the list and bring the rows in line. A list that cannot be read changes nothing."""
    here = door()
    if here is None:
        SigningKey.objects.all().delete()
        return
    now = timezone.now()
    try:
        listed = certs.fetch(here.certs_url, here.team)
    except errors.CloudflareError as exc:
        log.warning("the signing keys of %s were not read: %s", here.team, exc)
        return
    with transaction.atomic():
        for kid, jwk in sorted(listed.items()):
            SigningKey.objects.update_or_create(team=here.team, kid=kid, defaults={"jwk": jwk, "seen_at": now})
        SigningKey.objects.exclude(team=here.team, seen_at__gte=now - GRACE).delete()
