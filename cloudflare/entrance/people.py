"""Whom an assertion lets in, and the account that somebody gets who has none yet."""

import hashlib

from django.db import IntegrityError, transaction

from cloudflare.entrance import staff
from cloudflare.entrance.assertion import Vouched
from cloudflare.entrance.door import Door
from tenants import audit, seldom
from tenants.events import Action, Outcome
from tenants.models import User

HOW = "access"  # as the record names this way in
NOTED_SECONDS = 600.0  # a refusal is on record once in so long: a browser asks for several things a page


def admit(vouched: Vouched, here: Door) -> User | None:
    """The person to sign in; None for whom Access may not vouch for here, which is put on record."""
    person = User.objects.filter(email=vouched.email).first() or _open(vouched.email)
    reason = "" if person.is_active else "account_closed"
    if not reason and not may_enter(person, vouched, here):
        reason = "staff_not_by_access"
    if not reason:
        return person
    which = hashlib.sha256(f"{person.pk} {reason} {vouched.issued_at}".encode()).hexdigest()[:32]
    if seldom.first(f"refused/{which}", NOTED_SECONDS):
        audit.record(
            Action.SIGN_IN,
            actor=None,
            target=person,
            outcome=Outcome.REFUSED,
            reason=reason,
            how=HOW,
            tried=person.email,
        )
    return None


def may_enter(person: User, vouched: Vouched, here: Door) -> bool:
    """Whether Access may vouch for such a person, who is active: for staff only by the provider trusted for it."""
    return not (person.is_staff or person.is_superuser) or staff.trusted(vouched, here)


def _open(email: str) -> User:
    """An account without password and tenant: the address is proved, and nothing else follows from that."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(email)
            audit.record(Action.SIGN_UP, actor=person, target=person, how=HOW)
    except IntegrityError:  # two requests of one page at once
        return User.objects.get(email=email)
    return person
