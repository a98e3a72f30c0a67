"""Who came to the edge of a container, and who was refused there: lines of Cloudflare's own log, kept for longer."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from access.models.grant import Grant
from containers.models import Container


class Visit(models.Model):
    """One decision at the edge about one person. Whatever brings it in derives the key from what identifies the line,
    so that the same line is never stored twice, whoever reads it how often.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    container = models.ForeignKey(Container, models.PROTECT, related_name="visits", db_index=False)
    grant = models.ForeignKey(
        Grant,
        models.PROTECT,
        null=True,
        related_name="visits",
        db_index=False,
        help_text="What let them in; empty for members, and for whoever was given nothing.",
    )
    email = models.CharField("e-mail address", max_length=254, blank=True, help_text="Folded.")
    allowed = models.BooleanField(help_text="Off: refused at the edge.")
    action = models.CharField(max_length=60, blank=True, help_text="As Cloudflare names it: login.")
    at = models.DateTimeField(db_index=True, help_text="By Cloudflare's clock.")
    ip = models.GenericIPAddressField(null=True)
    ray_id = models.CharField(max_length=40, blank=True, help_text="Cloudflare's name of the request.")
    hostname = models.CharField(max_length=255, blank=True, help_text="The address they came to, as it was then.")
    connection = models.CharField(max_length=60, blank=True, help_text="What they signed in by.")

    class Meta:
        ordering = ("-at", "-pk")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["container", "-at", "-id"], name="visits_of_container"),
            models.Index(fields=["grant", "-at"], condition=Q(grant__isnull=False), name="visits_by_grant"),
            models.Index(fields=["email", "-at"], name="visits_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.email} {'came' if self.allowed else 'was refused'}"
