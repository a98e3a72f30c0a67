"""A request that is sent twice is carried out once: keys that senders choose, and the answers kept under them.

A key is *claimed* in a transaction of its own, by compare-and-set. The answer is *kept* in the very transaction that
does the work. So a crash before its commit leaves nothing but a claim, which runs out, and a crash after it leaves the
answer. Who lost a claim that ran out can't keep an answer, and with it the work is rolled back: it is done once.
"""

import datetime
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from tenants.models import IdempotencyKey, User
from tenants.refusal import Refused
from tenants.words import gettext as _

KEPT = datetime.timedelta(hours=24)
RETRY_SECONDS = 1
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str  # JSON


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do the work, until `until`."""

    pk: int
    until: datetime.datetime

    def keep(self, answer: Answer) -> None:
        """In the transaction that did the work. Raises `Refused` when somebody else has taken the claim over."""
        mine = IdempotencyKey.objects.filter(pk=self.pk, status=None, locked_until=self.until)
        if not mine.update(status=answer.status, headers=answer.headers, answer=answer.body):
            raise _in_flight()

    def release(self) -> None:
        """Nothing came of it: the key may be tried again at once, for whatever it is."""
        IdempotencyKey.objects.filter(pk=self.pk, status=None, locked_until=self.until).delete()


def digest(*parts: Any) -> str:
    """Equal for what is equal as JSON, whatever its spaces and the order of its members."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def claim(user: User, route: str, key: str, wanted: str) -> Claim | Answer:
    """The claim on a key, or the answer that is kept under it; `wanted` is the digest of the request.

    Raises `Refused`: the key is no key, it stands for another request, or somebody is working on it.
    """
    if not _KEY.fullmatch(key):
        raise Refused(
            "idempotency_key_invalid", _("An Idempotency-Key is 1 to 255 visible ASCII characters."), status=400
        )
    now = timezone.now()
    until = now + datetime.timedelta(seconds=settings.LEASE_SECONDS)
    mine = {"digest": wanted, "locked_until": until, "created_at": now}
    with transaction.atomic():
        try:
            row, new = IdempotencyKey.objects.get_or_create(user=user, route=route, key=key, defaults=mine)
        except IntegrityError:  # another had it a moment ago, and has just released it
            raise _in_flight() from None
        if new:
            return Claim(row.pk, until)
        expired = row.created_at <= now - KEPT
        if not expired and row.digest != wanted:
            raise Refused("idempotency_key_reused", _("This key was used for another request; choose a fresh one."))
        if not expired and row.status is not None:
            return Answer(row.status, row.headers, row.answer)
        if row.locked_until > now:
            raise _in_flight()
        seen = IdempotencyKey.objects.filter(pk=row.pk, locked_until=row.locked_until, status=row.status)
        if not seen.update(**mine, status=None, headers={}, answer=""):
            raise _in_flight()
        return Claim(row.pk, until)


def prune() -> int:
    """Forget the keys of yesterday."""
    count, _ = IdempotencyKey.objects.filter(created_at__lte=timezone.now() - KEPT).delete()
    return count


def _in_flight() -> Refused:
    message = _("The first request with this key is still being carried out; ask again in a moment.")
    return Refused("idempotency_in_flight", message, status=409, retry_after=RETRY_SECONDS)
