"""The account and zone that the settings name, as rows; and whether Cloudflare takes their token."""

from pathlib import Path

from django.conf import settings

from cloudflare.client import errors
from cloudflare.clients import client_for
from cloudflare.models import Account, Zone

CONNECTOR = Path(__file__).parent / "simulator" / "connector"


class SetupError(Exception):
    """Says what to set, or what to mend at Cloudflare."""


def ensure_account() -> Zone:
    """Make or update both rows, and have the zone looked after at once. Raises `SetupError`."""
    missing = [
        name
        for name in (
            "CLOUDFLARE_API_TOKEN",
            "CLOUDFLARE_ACCOUNT_ID",
            "CLOUDFLARE_ZONE_ID",
            "CONTAINERS_DOMAIN",
        )
        if not getattr(settings, name)
    ]
    if missing:
        raise SetupError(f"No Cloudflare account is configured: set {', '.join(missing)}.")
    _refuse_to_move()
    account, _ = Account.objects.update_or_create(
        account_id=settings.CLOUDFLARE_ACCOUNT_ID,
        defaults={"api_token": settings.CLOUDFLARE_API_TOKEN},
        create_defaults={"api_token": settings.CLOUDFLARE_API_TOKEN, "name": "Cloudflare"},
    )
    zone, _ = Zone.objects.update_or_create(
        zone_id=settings.CLOUDFLARE_ZONE_ID,
        defaults={"account": account, "domain": settings.CONTAINERS_DOMAIN},
    )
    Zone.objects.filter(pk=zone.pk).ring()
    return zone


def _refuse_to_move() -> None:
    """What a zone holds is found by its account, and guarded under its domain: another of them is another zone."""
    here, domain = settings.CLOUDFLARE_ZONE_ID, settings.CONTAINERS_DOMAIN
    if other := Zone.objects.filter(domain=domain).exclude(zone_id=here).first():
        raise SetupError(f"CLOUDFLARE_ZONE_ID is {here}, but {domain} is known as the zone {other.zone_id}.")
    zone = Zone.objects.select_related("account").filter(zone_id=here).first()
    if zone is None or not zone.publications.filter(gone_at=None).exists():
        return
    facts = {
        "CLOUDFLARE_ACCOUNT_ID": (zone.account.account_id, settings.CLOUDFLARE_ACCOUNT_ID),
        "CONTAINERS_DOMAIN": (zone.domain, domain),
    }
    for name, (known, said) in facts.items():
        if known != said:
            raise SetupError(
                f"{name} is {said}, but containers live in the zone CLOUDFLARE_ZONE_ID, where it is {known}. "
                "Set it to that, or name another zone."
            )


def verify(zone: Zone) -> None:
    """Ask Cloudflare whether the token works and the zone is what it is said to be. Raises `SetupError`."""
    client = client_for(zone.account)
    try:
        status = client.verify_token()
        name = client.zone(zone.zone_id).name()
    except errors.CloudflareError as exc:
        raise SetupError(f"Cloudflare does not take CLOUDFLARE_API_TOKEN: {exc}") from exc
    if not status.active:
        raise SetupError(f"CLOUDFLARE_API_TOKEN is {status.status}; make a new one at Cloudflare.")
    if name != zone.domain and not zone.domain.endswith(f".{name}"):
        raise SetupError(f"CONTAINERS_DOMAIN is {zone.domain}, but the zone CLOUDFLARE_ZONE_ID is {name}.")
