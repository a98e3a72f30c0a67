"""A container that is to go takes its grants with it, and so does an account that is closed: in that transaction."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from access import ending
from containers.models import Container, Desired
from tenants.models import User


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw and not created and instance.desired == Desired.ABSENT:
        ending.with_container(instance)


@receiver(post_save, sender=User)
def person_saved(sender: Any, instance: User, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    fields = kwargs.get("update_fields")
    if not raw and not created and not instance.is_active and (fields is None or "is_active" in fields):
        ending.with_person(instance.email)
