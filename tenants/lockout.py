"""What django-axes asks of us: whom it counts failed sign-ins for, and when a lock ends."""

from datetime import datetime
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from axes.utils import reset
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone

from tenants.models.user import fold_email
from tenants.proxies import client as client_address
from tenants.proxies import neighbourhood

# An account's address is the user name, whoever asks: the sign-in page, the admin or the API.


def username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    return fold_email(str((credentials or {}).get("username") or ""))[:254]


def client(request: HttpRequest) -> str | None:
    return neighbourhood(client_address(request.META)) or None


def seconds_left(request: HttpRequest) -> int:
    """How long the pair of address and client that the request came with stays locked; at least 1."""
    credentials: dict[str, Any] | None = getattr(request, "axes_credentials", None)
    attempts = AccessAttempt.objects.filter(username=username(request, credentials), ip_address=client(request))
    last: datetime = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    ends: datetime = last + get_cool_off(request)
    return max(1, round((ends - timezone.now()).total_seconds()))


def forgive(email: str) -> None:
    """Forget failures under this address: its owner has just proved to be that."""
    reset(username=fold_email(email))
