"""A container that is to go takes its grants with it, in the transaction that decides so."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from access import ending
from containers.models import Container, Desired


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw and not created and instance.desired == Desired.ABSENT:
        ending.with_container(instance)
