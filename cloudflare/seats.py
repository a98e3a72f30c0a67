"""Who takes a Zero Trust seat, asked of the accounts where that matters: one list call per thousand people."""

import logging

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cloudflare.client import User, errors
from cloudflare.clients import client_for
from cloudflare.models import Account, Seat

log = logging.getLogger(__name__)


def survey() -> None:
    """Note who holds a seat now. An account that is away is left for next time."""
    for account in Account.objects.filter(Q(max_seats__isnull=False) | Q(returns_seats=True)):
        try:
            seated = [user for user in client_for(account).users.all(per_page=1000) if user.access_seat]
        except errors.CloudflareError as exc:
            log.warning("the seats of account %s were not surveyed: %s", account, exc)
            continue
        _note(account, seated)


def _note(account: Account, seated: list[User]) -> None:
    now = timezone.now()
    rows = {
        user.email: Seat(account=account, email=user.email, user_id=user.id, seat_uid=user.seat_uid, seen_at=now)
        for user in seated
    }
    with transaction.atomic():
        Account.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)  # who counts them, waits
        Seat.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["account", "email"],
            update_fields=["user_id", "seat_uid", "seen_at"],
        )
        Seat.objects.filter(account=account).exclude(seen_at=now).delete()
