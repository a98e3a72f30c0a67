"""Doorbells: what a publication depends on has changed."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from access.changed import changed
from access.models import Grant
from cloudflare.models import Account, Connector, Publication, Tunnel, VisitCursor, Zone
from cloudflare.reconcile import names, sign_out
from containers import doorbell, look
from containers.models import Container, ContainerStatus
from containers.models.schedule import ScheduledQuerySet
from tenants.models import Membership, User


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw and not created:  # a new one has no publication yet: the claim of its place rings for it
        _ring_living(container=instance)


@receiver(changed)
def grants_changed(sender: Any, container_id: Any, **kwargs: Any) -> None:
    _ring_living(container=container_id)


@receiver([post_save, post_delete], sender=Membership)
def membership_changed(sender: Any, instance: Membership, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        _ring_living(container__tenant=instance.tenant_id)


@receiver(post_save, sender=User)
def person_saved(sender: Any, instance: User, raw: bool = False, created: bool = False, **kwargs: Any) -> None:
    """An address that changed, or a person who was switched off; not a new password or name, nor a sign-in."""
    fields = kwargs.get("update_fields")
    if not raw and not created and (fields is None or fields & {"email", "is_active"}):
        _ring_living(container__tenant__memberships__user=instance)
        _ring_living(container__in=Grant.objects.open().filter(email=instance.email).values("container"))


@receiver(post_save, sender=Account)
def account_saved(sender: Any, instance: Account, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    """What the account's login method, its limits or its token may have hindered, and who has yet to be shut out."""
    if raw or created:
        return
    hindered = ~Q(required=instance.identity_provider_id) | Q(retrying=False) | Q(revoking=True)
    _ring_living(pk__in=Publication.objects.filter(hindered, zone__account=instance).values("pk"))
    with transaction.atomic():
        for task, rows in _asking(instance):
            keys = list(rows.filter(retrying=False).values_list("pk", flat=True))
            if keys:
                rows.filter(pk__in=keys).ring()
            for key in keys:
                doorbell.ring(task, key)
        for key in sign_out.again(instance, ~Q(code="") | Q(next_check_at=None)):
            doorbell.ring(names.SIGN_OUT, key)


def _asking(account: Account) -> Iterator[tuple[str, ScheduledQuerySet[Any]]]:
    """What else asks Cloudflare with the account's token; in the order in which rows are locked."""
    yield names.CONNECTOR, Connector.objects.filter(tunnel__account=account)
    yield names.TUNNEL, Tunnel.objects.filter(account=account)
    yield names.ZONE, Zone.objects.filter(account=account)
    yield names.VISITS, VisitCursor.objects.filter(account=account)


@receiver(look.asked, sender=ContainerStatus)
def look_asked(sender: Any, pk: Any, **kwargs: Any) -> None:
    _ring_living(container=pk)


def _ring_living(**whose: Any) -> None:
    """In the order in which containers are locked, or two who ring several would wait for each other."""
    rows = Publication.objects.filter(gone_at=None, **whose).order_by("container_id", "pk")
    with transaction.atomic(savepoint=False):
        keys = list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
        Publication.objects.filter(pk__in=keys).ring()
    for key in keys:
        doorbell.ring(names.PUBLICATION, key)
