"""Whether staff may come in by Access: only past the one identity provider that a setting names.

An assertion does not say how a person signed in. So a worker reads the application at the door: it must take that
provider and nothing else. A request goes by what was noted, for `TRUSTED` at most. An assertion from before that was so
for the first time counts for nothing: it may have come about otherwise.
"""

import datetime
import logging

from django.conf import settings
from django.utils import timezone

from cloudflare.client import App, errors
from cloudflare.clients import client_for
from cloudflare.entrance import bells
from cloudflare.entrance.assertion import Vouched
from cloudflare.entrance.door import Door, door
from cloudflare.models import Account, StaffProvider

log = logging.getLogger(__name__)

CONFIRM = "cloudflare.confirm_staff_provider"
TRUSTED = datetime.timedelta(hours=1)
ASK_SECONDS = 60.0
WITH_IDENTITY = {"allow", "deny"}  # decisions that ask who somebody is; `bypass` and `non_identity` do not


def trusted(vouched: Vouched, here: Door) -> bool:
    """Whether the person who is vouched for came by the provider that staff may come by."""
    if not settings.ACCESS_STAFF_IDP:
        return False
    noted = StaffProvider.objects.filter(audience=here.audience, provider=settings.ACCESS_STAFF_IDP)
    if noted.filter(confirmed_at__gt=timezone.now() - TRUSTED, since__lte=vouched.issued_at).exists():
        return True
    bells.ring(CONFIRM, here.audience, ASK_SECONDS)
    return False


def confirm() -> None:
    """Read the application at the door, and note whether it is as it must be. What cannot be read changes nothing."""
    here, provider, now = door(), settings.ACCESS_STAFF_IDP, timezone.now()
    if here is None or not provider:
        StaffProvider.objects.all().delete()
        return
    # What was not confirmed for so long may have been otherwise in between: it begins anew.
    StaffProvider.objects.exclude(audience=here.audience, provider=provider, confirmed_at__gt=now - TRUSTED).delete()
    try:
        app = _application(here.audience)
    except errors.CloudflareError as exc:
        log.warning("the application before Warren was not read: %s", exc)
        return
    wrong = objections(app, provider) if app else ["no account of Warren's has an application with this audience"]
    if wrong:
        log.warning("staff do not come in by Access: %s", "; ".join(wrong))
        StaffProvider.objects.all().delete()
        return
    StaffProvider.objects.update_or_create(
        audience=here.audience,
        defaults={"confirmed_at": now},
        # Assertions tell whole seconds.
        create_defaults={"provider": provider, "since": now.replace(microsecond=0), "confirmed_at": now},
    )


def _application(audience: str) -> App | None:
    """In whichever of our accounts it is. Raises `CloudflareError` where that is not known."""
    unread: errors.CloudflareError | None = None
    for account in Account.objects.all():
        try:
            app = client_for(account).apps.find_by_aud(audience)
        except errors.CloudflareError as exc:
            unread = exc
            continue
        if app is not None:
            return app
    if unread is not None:
        raise unread
    return None


def objections(app: App, provider: str) -> list[str]:
    """Why the application lets somebody in who did not sign in at this provider; empty when it never does."""
    found = []
    if app.allowed_idps != (provider,):
        found.append("the application does not take the provider of ACCESS_STAFF_IDP and no other")
    if app.via_warp is not False:  # unset, it is as the organization says, which our token may not read
        found.append("signing in with WARP is not switched off on the application itself")
    found += [
        f"its policy {policy.name!r} lets in without identity ({policy.decision})"
        for policy in app.policies
        if policy.decision not in WITH_IDENTITY
    ]
    return found
