"""What sockets have to hear of, told once it is committed."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from access import changed as grants
from containers import observed
from containers.models import Container
from monitoring.live import told
from monitoring.live.visitors import digest
from tenants import viewing
from tenants.models import ApiToken, Membership, Tenant, User


@receiver(observed.changed)
def container_seen(sender: Any, container_id: Any, **kwargs: Any) -> None:
    told.tell("seen", [str(container_id)])


@receiver(grants.changed)
def grants_changed(sender: Any, container_id: Any, **kwargs: Any) -> None:
    _tell("containers", str(container_id))


@receiver(post_save, sender=Container)
def container_saved(sender: Any, instance: Container, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        _tell("containers", str(instance.pk))


@receiver(post_save, sender=Tenant)
def tenant_saved(sender: Any, instance: Tenant, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    if not raw and not created:
        _tell("tenants", instance.pk)


@receiver([post_save, post_delete], sender=Membership)
def member_changed(sender: Any, instance: Membership, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        _tell("users", instance.user_id)


@receiver([post_save, post_delete], sender=User)
def person_changed(sender: Any, instance: User, created: bool = False, raw: bool = False, **kwargs: Any) -> None:
    fields = kwargs.get("update_fields")
    if not raw and not created and fields != frozenset({"last_login"}):  # a sign-in ends nothing
        _tell("users", instance.pk)


@receiver(post_delete, sender=ApiToken)
def token_gone(sender: Any, instance: ApiToken, **kwargs: Any) -> None:
    _tell("users", instance.user_id)


@receiver(user_logged_out)
def signed_out(sender: Any, request: Any, **kwargs: Any) -> None:
    if key := getattr(getattr(request, "session", None), "session_key", None):
        _tell("sessions", digest(key))


@receiver(viewing.ended)
def viewing_ended(sender: Any, session_key: str, **kwargs: Any) -> None:
    """Sockets that were opened as a viewer's end with it; those of the same session open again as its person's."""
    _tell("sessions", digest(session_key))


def _tell(what: str, key: Any) -> None:
    # A lambda, for Django logs a failing hook's __qualname__.
    transaction.on_commit(lambda: told.tell(what, [key]), robust=True)
