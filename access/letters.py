"""What guests are told by mail, each thing once: posted with the event, in its transaction.

Made when it is sent, as all mail is: what is no longer true by then is not sent. The container is named by what its
tenant cannot choose freely, so that Warren is nobody's means to mail a text of theirs to strangers.
"""

import datetime
import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access.models import Grant
from tenants.mail import letters, outbox
from tenants.mail.letters import Letter
from tenants.models import Mail, MailState

log = logging.getLogger(__name__)

INVITATION, CHANGED, EXPIRING, ENDED = "grant_invitation", "grant_changed", "grant_expiring", "grant_ended"
SOON = datetime.timedelta(hours=24)


def invite(grant: Grant) -> None:
    """The first time that the edge lets the guest in: before that, the address would turn them away."""
    if Grant.objects.filter(pk=grant.pk, invited_at=None).update(invited_at=timezone.now()):
        _post(INVITATION, grant)


def changed(grant: Grant) -> None:
    """Not to somebody who was not even invited yet: the invitation will say how it is then."""
    if grant.invited_at:
        _post(CHANGED, grant)


def ended(grant: Grant) -> None:
    """Not to somebody who never heard of it."""
    if grant.invited_at:
        _post(ENDED, grant)


def warn() -> None:
    """Tell those whose access ends within a day; who was given less than two days knows."""
    now = timezone.now()
    soon = Grant.objects.live().filter(expires_at__lt=now + SOON, warned_at=None, invited_at__isnull=False)
    for grant in soon[:500]:
        mine = Grant.objects.filter(pk=grant.pk, ended_at=None, warned_at=None, expires_at=grant.expires_at)
        with transaction.atomic():
            if mine.update(warned_at=now) and grant.expires_at and grant.expires_at - grant.changed_at > 2 * SOON:
                _post(EXPIRING, grant)


def _post(kind: str, grant: Grant) -> None:
    """An installation without mail shares all the same: the owner tells the guest.

    Nobody's address is flooded, whoever grants and revokes: what is too much is dropped, and staff see that it was.
    """
    if not settings.EMAIL_URL:
        return
    most, _, seconds = settings.MAIL_PER_ADDRESS.partition("/")
    lately = timezone.now() - datetime.timedelta(seconds=int(seconds))
    sent = Mail.objects.filter(to=grant.email, created_at__gt=lately).exclude(state=MailState.DROPPED).count()
    if sent < int(most):
        outbox.post(kind, grant.email, grant.pk)
    else:
        log.warning("a guest is not told (%s): %s got %s mails already", kind, grant.pk, sent)


def _compose(mail: Mail) -> Letter | None:
    grant = Grant.objects.select_related("container__status", "container__tenant").filter(pk=mail.about).first()
    if grant is None or (mail.kind == ENDED) != bool(grant.ended_at):
        return None
    if mail.kind == ENDED and Grant.objects.open().filter(container=grant.container_id, email=grant.email).exists():
        return None  # let in again meanwhile
    name = grant.container.name
    words = {
        INVITATION: f"{grant.granter} shares {name} with you",
        CHANGED: f"Your access to {name} has changed",
        EXPIRING: f"Your access to {name} ends soon",
        ENDED: f"Your access to {name} has ended",
    }
    facts = {"grant": grant, "name": name}
    return Letter(words[mail.kind], mail.kind, grant.container.url, f"Open {name}", facts)


for _kind in (INVITATION, CHANGED, EXPIRING, ENDED):
    letters.register(_kind, _compose)
