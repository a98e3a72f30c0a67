"""Doorbells: a saved container wakes its reconciler. Nothing else happens here."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from containers import doorbell, reconcile
from containers.models import Container, ContainerStatus


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        if not created:  # a new row is due by itself
            ContainerStatus.objects.filter(pk=instance.pk).ring()
        doorbell.ring(reconcile.CONTAINER, instance.pk)
