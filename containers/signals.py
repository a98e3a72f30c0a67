"""Doorbells: a saved container wakes its reconciler, a tenant that was decided about its containers."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from containers import doorbell, reconcile, tenancy
from containers.models import Container, ContainerStatus
from tenants import standing
from tenants.models import Tenant, User


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        if not created:  # a new row is due by itself
            ContainerStatus.objects.filter(pk=instance.pk).ring()
        doorbell.ring(reconcile.CONTAINER, instance.pk)


@receiver(standing.changed)
def tenant_changed(sender: Any, tenant: Tenant, actor: User | None, **kwargs: Any) -> None:
    tenancy.follow(tenant, actor)
