"""What guests are told by mail, each thing once: posted with the event, in its transaction.

Made when it is sent, as all mail is: what is no longer true by then is not sent. The container is named by what its
tenant cannot choose freely, so that Warren is nobody's means to mail a text of theirs to strangers.
"""

import datetime
from collections import Counter
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from access.models import Ended, Grant
from tenants.mail import letters, outbox
from tenants.mail.letters import Letter
from tenants.models import Mail, Tenant

INVITATION, CHANGED, EXPIRING, ENDED = "grant_invitation", "grant_changed", "grant_expiring", "grant_ended"
SOON = datetime.timedelta(hours=24)


def invite(grants: Sequence[Grant]) -> None:
    """The first time that the edge lets the guest in: before that, the address would turn them away.

    Who can't be written to now, because there was too much mail, is written to when there was less: `catch_up`.
    """
    posted = _post(INVITATION, [grant for grant in grants if grant.invited_at is None])
    Grant.objects.filter(pk__in=[grant.pk for grant in posted]).update(invited_at=timezone.now())


def changed(grants: Sequence[Grant]) -> None:
    """Not to somebody who was not even invited yet: the invitation will say how it is then."""
    _post(CHANGED, [grant for grant in grants if grant.invited_at])


def ended(grants: Sequence[Grant]) -> None:
    """Not to somebody who never heard of it, nor to a guest who is let in as a member now."""
    _post(ENDED, [grant for grant in grants if grant.invited_at and grant.ended_how != Ended.JOINED])


def warn() -> None:
    """Tell those whose access ends within a day; who was given less than two days knows."""
    now = timezone.now()
    soon = Grant.objects.live().filter(expires_at__lt=now + SOON, warned_at=None, invited_at__isnull=False)
    for grant in soon.select_related("container__tenant")[:500]:
        mine = Grant.objects.filter(pk=grant.pk, ended_at=None, warned_at=None, expires_at=grant.expires_at)
        with transaction.atomic():
            if mine.update(warned_at=now) and grant.expires_at and grant.expires_at - grant.end_set_at > 2 * SOON:
                _post(EXPIRING, [grant])


def catch_up() -> None:
    """Invite those who are let in and were not written to, because there was too much mail."""
    if not settings.EMAIL_URL:
        return
    waiting = Grant.objects.live().filter(active_at__gt=timezone.now() - SOON, invited_at=None).order_by("active_at")
    with transaction.atomic():
        rows = waiting.select_for_update(of=("self",), skip_locked=True).select_related("container__tenant")
        invite(list(rows[:200]))


def _post(kind: str, grants: Sequence[Grant]) -> list[Grant]:
    """Post it to these, of one tenant or many; returns those to whom. An installation without mail shares all the same.

    Warren is nobody's means to flood others: a tenant writes to one address, and in all, no more than so often.
    """
    if not settings.EMAIL_URL or not grants:
        return []
    posted = []
    left: dict[object, tuple[Counter[str], int]] = {}
    for grant in grants:
        tenant = grant.container.tenant
        if tenant.pk not in left:
            left[tenant.pk] = _lately(tenant)
        to_each, in_all = left[tenant.pk]
        if to_each[grant.email] >= _most(settings.MAIL_PER_ADDRESS) or in_all >= _most(settings.MAIL_PER_TENANT):
            continue
        to_each[grant.email] += 1
        left[tenant.pk] = (to_each, in_all + 1)
        outbox.post(kind, grant.email, grant.pk, tenant)
        posted.append(grant)
    return posted


def _lately(tenant: Tenant) -> tuple[Counter[str], int]:
    """How many mails went out on the tenant's behalf within the time that is counted: to each address, and in all."""
    rates = (settings.MAIL_PER_ADDRESS, settings.MAIL_PER_TENANT)
    each, every = (timezone.now() - datetime.timedelta(seconds=int(rate.partition("/")[2])) for rate in rates)
    rows = Mail.objects.filter(tenant=tenant, created_at__gt=min(each, every)).values_list("to", "created_at")
    counted = list(rows)
    return Counter(to for to, at in counted if at > each), sum(at > every for _, at in counted)


def _most(rate: str) -> int:
    return int(rate.partition("/")[0])


def _compose(mail: Mail) -> Letter | None:
    grant = Grant.objects.select_related("container__status", "container__tenant").filter(pk=mail.about).first()
    if grant is None or (mail.kind == ENDED) != bool(grant.ended_at):
        return None
    if mail.kind == ENDED and Grant.objects.open().filter(container=grant.container_id, email=grant.email).exists():
        return None  # let in again meanwhile
    if mail.kind == EXPIRING and (grant.expires_at is None or grant.expires_at > timezone.now() + SOON):
        return None  # it lasts longer now
    name = grant.container.name
    words = {
        INVITATION: _("%(granter)s shares %(name)s with you") % {"granter": grant.granter, "name": name},
        CHANGED: _("Your access to %(name)s has changed") % {"name": name},
        EXPIRING: _("Your access to %(name)s ends soon") % {"name": name},
        ENDED: _("Your access to %(name)s has ended") % {"name": name},
    }
    facts = {"grant": grant, "name": name}
    return Letter(words[mail.kind], mail.kind, grant.container.url, _("Open %(name)s") % {"name": name}, facts)


def _granter(mail: Mail) -> str:
    return Grant.objects.filter(pk=mail.about).values_list("granter", flat=True).first() or ""


for _kind in (INVITATION, CHANGED, EXPIRING, ENDED):
    letters.register(_kind, _compose, _granter)
