"""What ends grants in passing, each in the transaction that decides it: a container that is to go, an account that is
closed, a guest who becomes a member.
"""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from access import ending
from containers.models import Container, Desired
from tenants.models import Membership, User


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw and not created and instance.desired == Desired.ABSENT:
        ending.with_container(instance)


@receiver(post_save, sender=User)
def person_saved(sender: Any, instance: User, raw: bool = False, **kwargs: Any) -> None:
    fields = kwargs.get("update_fields")
    if not raw and not instance.is_active and (fields is None or "is_active" in fields):
        ending.with_person(instance.email)


@receiver(post_save, sender=Membership)
def joined(sender: Any, instance: Membership, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw and created:
        ending.with_joining(instance.user.email, instance.tenant_id)
