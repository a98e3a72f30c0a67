"""What guests are told by mail, each thing once: posted with the event, in its transaction."""

from django.conf import settings
from django.utils import timezone

from access.models import Grant
from tenants.mail import letters, outbox
from tenants.mail.letters import Letter
from tenants.models import Mail

INVITATION, CHANGED, ENDED = "grant_invitation", "grant_changed", "grant_ended"


def invite(grant: Grant) -> None:
    """The first time that the edge lets the guest in: before that, the address would turn them away."""
    if Grant.objects.filter(pk=grant.pk, invited_at=None).update(invited_at=timezone.now()):
        _post(INVITATION, grant)


def changed(grant: Grant) -> None:
    """Not to somebody who was not even invited yet: the invitation will say how it is then."""
    if grant.invited_at:
        _post(CHANGED, grant)


def ended(grant: Grant) -> None:
    if grant.invited_at:
        _post(ENDED, grant)


def _post(kind: str, grant: Grant) -> None:
    """An installation without mail shares all the same: the owner tells the guest."""
    if settings.EMAIL_URL:
        outbox.post(kind, grant.email, grant.pk)


def _compose(mail: Mail) -> Letter | None:
    grant = Grant.objects.select_related("container__status", "container__tenant").filter(pk=mail.about).first()
    if grant is None:
        return None
    name = grant.container.label or grant.container.name
    words = {
        INVITATION: f"{grant.granter} shares {name} with you",
        CHANGED: f"Your access to {name} has changed",
        ENDED: f"Your access to {name} has ended",
    }
    return Letter(words[mail.kind], mail.kind, grant.container.url, "Open it", {"grant": grant, "name": name})


for _kind in (INVITATION, CHANGED, ENDED):
    letters.register(_kind, _compose)
