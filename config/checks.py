"""System checks: what an operator should hear at `manage.py check`, not from a user at night.

| id | what is wrong |
|---|---|
| warren.E001 | INSTALLATION is no mark of 1 to 5 letters and digits |
| warren.E002 | ENCRYPTION_KEYS is unset or holds something that is no Fernet key |
| warren.E003 | the containers' domain shares a registrable domain with the dashboard's |
| warren.E004 | NETWORK_POOL is no private IPv4 network with room for at least one /24 |
| warren.E005 | ENGINE is neither "docker" nor "memory" |
| warren.E006 | mail is sent, and PUBLIC_URL is no address for its links |
| warren.E007 | TRUSTED_PROXIES holds something that is no network |
| warren.E008 | signing in through Access is set by half, or by what cannot be right |
| warren.E009 | ACCESS_SESSION_DURATION is no duration that Cloudflare takes |
| warren.W001 | no Cloudflare account is configured |
| warren.W002 | CONTAINER_URL lacks {hostname} |
| warren.W003 | the in-memory engine outside of tests |
| warren.W004 | people may sign up, and no mail can be sent to them |
| warren.W005 | Warren stands behind a proxy that TRUSTED_PROXIES does not name: everybody looks like one client |
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from cloudflare.domains import shared


@register()
def identity(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    if re.fullmatch(r"[a-z0-9]{1,5}", settings.INSTALLATION):
        return []
    return [
        Error(
            f"INSTALLATION is {settings.INSTALLATION!r}.",
            hint="Use 1 to 5 lower-case letters and digits; bridge names have room for no more.",
            id="warren.E001",
        )
    ]


@register()
def encryption(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    hint = "Make a key with: python manage.py new_key"
    if not settings.ENCRYPTION_KEYS:
        return [Error("ENCRYPTION_KEYS is unset.", hint=hint, id="warren.E002")]
    for number, key in enumerate(settings.ENCRYPTION_KEYS, 1):
        try:
            Fernet(key)
        except ValueError:
            return [Error(f"ENCRYPTION_KEYS: number {number} is no Fernet key.", hint=hint, id="warren.E002")]
    return []


@register()
def domains(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Of the zones that staff add, the same is asked when they are saved."""
    return [
        Error(
            f"Containers live below {settings.CONTAINERS_DOMAIN}, the dashboard at {host}: both share a domain.",
            hint="Serve containers from a registrable domain of their own.",
            id="warren.E003",
        )
        for host in shared(settings.CONTAINERS_DOMAIN)
    ]


@register()
def engine(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    found: list[CheckMessage] = []
    try:
        pool = ipaddress.IPv4Network(settings.NETWORK_POOL)
        valid = pool.is_private and pool.prefixlen <= 24
    except ValueError:
        valid = False
    if not valid:
        hint = "Give a private network of /24 or larger, such as 10.128.0.0/10."
        found.append(Error(f"NETWORK_POOL is {settings.NETWORK_POOL!r}.", hint=hint, id="warren.E004"))
    if settings.ENGINE not in {"docker", "memory"}:
        found.append(Error(f"ENGINE is {settings.ENGINE!r}.", hint='Use "docker".', id="warren.E005"))
    return found


@register()
def mail(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A link's host must not be taken from a request: whoever asks for a mail would choose where it leads."""
    url = urlsplit(settings.PUBLIC_URL)
    if not settings.EMAIL_URL or (url.scheme in {"http", "https"} and url.hostname and not url.query):
        return []
    hint = "Set it to the address under which people open the pages, such as https://warren.example.com."
    return [Error(f"EMAIL_URL is set, and PUBLIC_URL is {settings.PUBLIC_URL!r}.", hint=hint, id="warren.E006")]


@register()
def proxies(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    for network in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            hint = "Give addresses or networks, separated by commas, such as 10.0.0.0/8."
            return [Error(f"TRUSTED_PROXIES: {network!r} is no network.", hint=hint, id="warren.E007")]
    return []


@register()
def entrance(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Keys that came over plain HTTP are whoever's who was on the way; only this machine needs no more."""
    team, audience, provider = settings.ACCESS_TEAM_DOMAIN, settings.ACCESS_AUDIENCE, settings.ACCESS_STAFF_IDP
    if not (team or audience or provider):
        return []
    url = urlsplit(settings.ACCESS_CERTS_URL)
    wrong = [
        words
        for holds, words in (
            (team and audience, "ACCESS_TEAM_DOMAIN and ACCESS_AUDIENCE go together; ACCESS_STAFF_IDP needs both."),
            (
                not team or re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", team),
                f"ACCESS_TEAM_DOMAIN is {team!r}, not such as team.cloudflareaccess.com.",
            ),
            (
                not audience or re.fullmatch(r"[0-9a-f]{64}", audience),
                "ACCESS_AUDIENCE is no audience tag: 64 hexadecimal digits.",
            ),
            (
                url.scheme == "https" or (url.scheme == "http" and url.hostname in {"127.0.0.1", "::1"}),
                f"ACCESS_CERTS_URL is {settings.ACCESS_CERTS_URL!r}, and keys must come over HTTPS.",
            ),
        )
        if not holds
    ]
    hint = "Take both from the application in Zero Trust; docs/deployment.md says how."
    return [Error(words, hint=hint, id="warren.E008") for words in wrong]


@register()
def sessions(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Cloudflare would refuse every policy, and so nothing would ever be published."""
    duration = settings.ACCESS_SESSION_DURATION
    if duration == "immediate" or re.fullmatch(r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+", duration):
        return []
    hint = "Give hours, minutes or seconds, such as 24h or 1h30m; a day is 24h."
    return [Error(f"ACCESS_SESSION_DURATION is {duration!r}.", hint=hint, id="warren.E009")]


@register(deploy=True)
def deployment(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    found: list[CheckMessage] = []
    if not (settings.CLOUDFLARE_API_TOKEN and settings.CLOUDFLARE_ACCOUNT_ID and settings.CLOUDFLARE_ZONE_ID):
        hint = "Set CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_ZONE_ID and CONTAINERS_DOMAIN."
        found.append(Warning("No Cloudflare account is configured.", hint=hint, id="warren.W001"))
    if "{hostname}" not in settings.CONTAINER_URL:
        hint = "The default is https://{hostname}/."
        found.append(Warning("CONTAINER_URL lacks {hostname}.", hint=hint, id="warren.W002"))
    if settings.ENGINE == "memory":
        hint = "Use ENGINE=docker."
        found.append(Warning("The in-memory engine runs no containers.", hint=hint, id="warren.W003"))
    if settings.REGISTRATION_OPEN and not settings.EMAIL_URL:
        hint = "Set EMAIL_URL, or leave REGISTRATION_OPEN off."
        found.append(Warning("People may sign up, and no mail is sent.", hint=hint, id="warren.W004"))
    if settings.BEHIND_PROXY and not settings.TRUSTED_PROXIES:
        hint = "Name the proxy's network; else limits and locks take everybody for one client."
        found.append(Warning("BEHIND_PROXY is on, and TRUSTED_PROXIES is empty.", hint=hint, id="warren.W005"))
    return found
