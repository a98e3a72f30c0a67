"""Where a socket is opened from: an address, and a page. Whether that page is one of ours matters where a cookie says
who opens it: browsers send cookies along from any site's page.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.utils.http import is_same_domain

from tenants import proxies

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def address(scope: Mapping[str, Any]) -> str | None:
    """Past the proxies that are trusted; None where the server doesn't know one."""
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    here = scope.get("client") or ("", 0)
    return proxies.client({"REMOTE_ADDR": here[0] or "", "HTTP_X_FORWARDED_FOR": ", ".join(forwarded)})


def ours(headers: Mapping[str, str], scheme: str) -> bool:
    """By `Origin`; without one, or with one that is none, it is nobody's. `scheme`: the request's, `ws` or `wss`."""
    try:
        origin = urlsplit(headers.get("origin", ""))
        port = origin.port or _PORTS.get(origin.scheme)
        here = urlsplit(f"//{headers.get('host', '')}")
        same = origin.hostname == here.hostname and port == (here.port or _PORTS.get(scheme) or 0)
    except ValueError:
        return False
    if origin.scheme not in {"http", "https"} or not origin.hostname:
        return False
    # Behind a proxy that ends TLS, the socket's own scheme says nothing: the page's may only be the safer one.
    if same or (origin.hostname == here.hostname and origin.scheme == "https" and port == (here.port or 443)):
        return validate_host(origin.hostname, settings.ALLOWED_HOSTS) and not (
            settings.HTTPS and origin.scheme == "http"
        )
    return any(_matches(origin.scheme, origin.netloc, each) for each in _trusted())


def _trusted() -> list[str]:
    return [*settings.CSRF_TRUSTED_ORIGINS, *([settings.PUBLIC_URL] if settings.PUBLIC_URL else [])]


def _matches(scheme: str, netloc: str, pattern: str) -> bool:
    trusted = urlsplit(pattern)
    return trusted.scheme == scheme and is_same_domain(netloc.lower(), trusted.netloc.lstrip("*").lower())
