"""From rows to the documents that Cloudflare holds: rendered whole, each time. Pure but for the settings."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from access.rules import Policy
from cloudflare.client import AppSpec, Email, Ingress, LoginMethod, PolicySpec, RecordSpec
from cloudflare.models import Publication, Zone


def application(hostname: str, policy: Policy, login_method: str = "") -> AppSpec:
    """The Access application of one hostname. Nobody to let in means no allow policy: Access then denies all.

    `login_method`: id of the one identity provider that everybody must sign in by; empty: any.
    """
    required = (login_method,) if login_method else ()
    allow = PolicySpec(
        name="warren",
        decision="allow",
        include=tuple(Email(address) for address in policy.emails),
        require=tuple(LoginMethod(id_) for id_ in required),
        precedence=1,
        session_duration=settings.ACCESS_SESSION_DURATION,
    )
    return AppSpec(
        name=f"{mark()} {hostname}",
        hostname=hostname,
        session_duration=settings.ACCESS_SESSION_DURATION,
        policies=(allow,) if policy.emails else (),
        allowed_idps=required,
    )


def guard(zone: Zone) -> AppSpec:
    """The application over every name of the zone that has none of its own; nobody is let in."""
    return AppSpec(
        name=f"{mark()} guard {zone.domain}",
        hostname=f"*.{zone.domain}",
        session_duration=settings.ACCESS_SESSION_DURATION,
        policies=(),
    )


def record(publication: Publication, tunnel_id: str) -> RecordSpec:
    """Proxied, or it would lead nowhere; the comment marks it as ours."""
    return RecordSpec(
        type="CNAME",
        name=publication.hostname,
        content=f"{tunnel_id}.cfargotunnel.com",
        proxied=True,
        comment=mark(),
    )


def ingress(publications: Iterable[Publication]) -> list[Ingress]:
    """One rule a hostname, in a stable order, to the container's name on the tenant's network."""
    return [
        Ingress(
            hostname=publication.hostname,
            service=f"http://{publication.container.engine_name}:{publication.container.port}",
        )
        for publication in sorted(publications, key=lambda publication: publication.hostname)
    ]


def mark() -> str:
    """What everything of this installation begins with, where Cloudflare offers a name or a comment."""
    return f"warren-{settings.INSTALLATION}"


def digest(document: Any) -> str:
    """Of anything with `to_json`, or a list of such."""
    plain = [item.to_json() for item in document] if isinstance(document, list) else document.to_json()
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
