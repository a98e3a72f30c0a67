import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models.tenant import Role, Tenant

VALID = datetime.timedelta(days=7)
KEPT = datetime.timedelta(days=90)  # after it could last be accepted; what came of it stays in the audit log


def a_week_from_now() -> datetime.datetime:
    return timezone.now() + VALID


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def bygone(self) -> "InvitationQuerySet":
        """Of no use to anybody any more, whether they were accepted, withdrawn or forgotten."""
        return self.filter(expires_at__lt=timezone.now() - KEPT)


class Invitation(models.Model):
    """Somebody, known by address alone, may join. Open until it is accepted or withdrawn; no use once it expired."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address", help_text="Folded, as people's addresses are.")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=a_week_from_now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_address",
            )
        ]
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.email} to {self.tenant} ({self.role})"

    @property
    def state(self) -> str:
        if self.accepted_at:
            return "accepted"
        if self.withdrawn_at:
            return "withdrawn"
        return "open" if timezone.now() < self.expires_at else "expired"
