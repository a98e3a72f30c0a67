"""Lines of Cloudflare's log as visits: what identifies one, and which are of our containers. Pure."""

import hashlib
import ipaddress
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from access.models import Visit
from cloudflare.client import AccessEvent
from tenants.models.user import fold_email


def visits(account_id: str, lines: Iterable[AccessEvent], containers: Mapping[str, Any]) -> list[Visit]:
    """Those of `containers`, which has their keys by the id of the application.

    `lines` is one answer of Cloudflare's: what is counted in it is counted within one moment of time, all of whose
    lines an answer that begins there holds.
    """
    seen: Counter[tuple[Any, ...]] = Counter()
    found = []
    for line in lines:
        if line.app_uid in containers:
            what = _identity(line)
            found.append(_visit(_key(account_id, *what, seen[what]), line, containers[line.app_uid]))
            # With a ray, equal lines are one line, told twice; without, so many people at the door.
            seen[what] += not line.ray_id
    return found


def _identity(line: AccessEvent) -> tuple[Any, ...]:
    """What makes a line this one and no other: a ray is one request, but one request may ask for several decisions.

    Without a ray, everything there is; what is then still equal is told apart by counting.
    """
    what = (line.created_at.timestamp(), line.ray_id, line.app_uid, line.action, line.allowed, line.email)
    return what if line.ray_id else (*what, line.ip, line.app_domain, line.connection)


def _key(*facts: Any) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.sha256(json.dumps(facts).encode()).digest()[:16])


def _visit(key: uuid.UUID, line: AccessEvent, container: Any) -> Visit:
    return Visit(
        pk=key,
        container_id=container,
        email=_fit(fold_email(line.email), "email"),  # to fold it may lengthen it
        allowed=line.allowed,
        action=_fit(line.action, "action"),
        at=line.created_at,
        ip=_ip(line.ip),
        ray_id=_fit(line.ray_id, "ray_id"),
        hostname=_fit(line.app_domain, "hostname"),
        connection=_fit(line.connection, "connection"),
    )


def _fit(text: str, field: str) -> str:
    """What the column takes of it: no NUL and no lone surrogate. One line must never stop them all."""
    longest: Any = Visit._meta.get_field(field)
    return text.encode(errors="ignore").decode().replace("\0", "")[: longest.max_length]


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))  # a zone means something on its own host alone
    except ValueError:
        return None
