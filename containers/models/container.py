"""What is wanted. People and the API save these rows; reconcilers never do."""

import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from containers.models.template import Template
from tenants.encryption import EncryptedTextField
from tenants.models import Tenant

if TYPE_CHECKING:
    from containers.steps import Step


class Desired(models.TextChoices):
    RUNNING = "running"
    STOPPED = "stopped"
    ABSENT = "absent"


class ContainerQuerySet(models.QuerySet["Container"]):
    def living(self) -> "ContainerQuerySet":
        return self.filter(deleted_at=None)

    def visible_to(self, user: Any) -> "ContainerQuerySet":
        """The containers that this person may know of; every page and endpoint starts here."""
        from containers import visibility

        return self.filter(visibility.rule(user))


class Container(models.Model):
    """One container as its owner wants it. Deleted ones stay as tombstones (`deleted_at`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="containers")
    template = models.ForeignKey(Template, models.PROTECT, related_name="containers")
    name = models.CharField(max_length=40)
    hostname = models.CharField(max_length=63)
    # Noted once and kept: the hostname may change, while what runs at the engine goes on under the name that it has.
    engine_name = models.CharField(max_length=63, editable=False)
    label = models.CharField(max_length=100, blank=True, help_text="Free text for people.")
    image = models.CharField(max_length=255)
    command = models.JSONField(default=list, blank=True)
    environment = models.JSONField(default=dict, blank=True)
    template_variables = models.JSONField(
        default=list, editable=False, help_text="Names that the template had when this was made, or made anew."
    )
    # JSON of names and values, encrypted. Not editable, so that no form, and no page of the admin, ever shows it.
    secrets = EncryptedTextField(default="", blank=True, editable=False)
    port = models.PositiveIntegerField()
    data_folder = models.CharField(max_length=255, blank=True)
    memory = models.PositiveBigIntegerField(help_text="Bytes.")
    cpu = models.PositiveIntegerField(help_text="Thousandths of a core.")
    storage = models.PositiveBigIntegerField(help_text="Bytes.")
    internet = models.BooleanField(default=False)
    resets_connections = models.BooleanField(
        default=True,
        help_text="When somebody loses access, open connections are reset; everybody on this container reconnects.",
    )
    suspended = models.BooleanField(default=False, editable=False, help_text="With its tenant: may not run.")
    # Counts what needs a new container at the engine; one that was made at an earlier revision is replaced.
    revision = models.PositiveIntegerField(default=0, editable=False)
    pull_revision = models.PositiveIntegerField(
        default=0, editable=False, help_text="Revision at which the image is to be looked for anew."
    )
    desired = models.CharField(max_length=10, choices=Desired.choices, default=Desired.RUNNING)
    generation = models.PositiveBigIntegerField(default=1, editable=False)
    wanted_since = models.DateTimeField(default=timezone.now, editable=False, help_text="Of this generation.")
    # A restart is wanted for as long as the engine still shows this start time. No clocks are compared.
    restart_from = models.CharField(max_length=40, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ContainerQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hostname"], condition=Q(deleted_at=None), name="one_living_hostname"),
            models.UniqueConstraint(fields=["tenant", "name"], condition=Q(deleted_at=None), name="one_living_name"),
            models.UniqueConstraint(
                fields=["engine_name"], condition=Q(deleted_at=None), name="one_living_engine_name"
            ),
        ]

    def __str__(self) -> str:
        return self.hostname

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The name at the engine is there before anything is: a later pass finds by it what an earlier one made."""
        if not self.engine_name:
            self.engine_name = f"{settings.INSTALLATION}-{self.tenant.slug}-{self.pk.hex[:12]}"
        super().save(*args, **kwargs)

    @property
    def secret_values(self) -> dict[str, str]:
        """In clear, for the engine alone; people see the names."""
        found: dict[str, str] = json.loads(self.secrets) if self.secrets else {}
        return found

    @secret_values.setter
    def secret_values(self, values: dict[str, str]) -> None:
        self.secrets = json.dumps(values) if values else ""

    @property
    def steps(self) -> "list[Step]":
        """The way to ready, for people; reads the conditions."""
        from containers import steps

        return steps.of(self)

    @property
    def url(self) -> str:
        """Of the hostname that answers now; of the wanted one, as long as none has answered."""
        return str(settings.CONTAINER_URL).format(hostname=self.status.hostname or self.hostname)
