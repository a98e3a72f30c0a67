"""Who was given entry to one container, what they may do there, and until when."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access import levels, states
from access.levels import Permission
from containers.models import Container
from tenants.models import User


class Ended(models.TextChoices):
    EXPIRED = "expired"
    REVOKED = "revoked"
    LEFT = "left", _("left by the guest")
    CONTAINER = "container", _("the container was deleted")
    JOINED = "joined", _("joined the tenant")


class GrantQuerySet(models.QuerySet["Grant"]):
    def open(self) -> "GrantQuerySet":
        """Not ended by anybody or anything yet."""
        return self.filter(ended_at=None)

    def live(self) -> "GrantQuerySet":
        """Those that let somebody in at this moment: also asked for a grant whose end nobody has noted yet."""
        shut = User.objects.filter(email=OuterRef("email"), is_active=False)
        return self.open().filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
            ~Exists(shut),
            container__deleted_at=None,
            container__tenant__suspended_at=None,
            container__tenant__deleted_at=None,
        )

    def over(self) -> "GrantQuerySet":
        """Those that have ended, whether or not anybody has noted that yet."""
        return self.filter(Q(ended_at__isnull=False) | Q(expires_at__lte=timezone.now()))

    def unsettled(self) -> "GrantQuerySet":
        """Those that the edge has to do with: open ones, and ended ones that it may still let in."""
        return self.filter(Q(ended_at=None) | Q(out_at=None))


class Grant(models.Model):
    """An address may enter a container. Ended ones stay: they are the record of who could come in when.

    `access.sharing` writes what people decide, `access.ending` the end, `access.edge` what Cloudflare was seen to do.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    container = models.ForeignKey(Container, models.PROTECT, related_name="grants")
    email = models.EmailField("e-mail address", help_text="Folded, as people's addresses are.")
    permission = models.CharField(max_length=10, choices=Permission.choices, help_text="With all that it includes.")
    note = models.CharField(max_length=500, blank=True, help_text="What the giver writes to the guest.")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    granter = models.CharField(max_length=254, help_text="Whose address that was.")
    via = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="given", help_text="The grant of the guest who gave it."
    )
    generation = models.PositiveIntegerField(
        default=1, editable=False, help_text="Grows with whatever is decided about it."
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    end_set_at = models.DateTimeField(default=timezone.now, help_text="When it was last decided when it ends.")
    expires_at = models.DateTimeField(null=True, help_text="Empty: without end.")
    # As seen at the edge.
    active_at = models.DateTimeField(null=True, help_text="Since when the address is let in; empty: it is not.")
    out_at = models.DateTimeField(null=True, help_text="Since when it is certain that this lets in nobody any more.")
    invited_at = models.DateTimeField(null=True, help_text="When the guest was written to.")
    warned_at = models.DateTimeField(null=True, help_text="When the guest was told that it ends soon.")
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=10, blank=True, choices=Ended.choices)
    ended_by = models.CharField(max_length=254, blank=True, help_text="The address of who ended it.")

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["container", "email"], condition=Q(ended_at=None), name="one_open_grant_per_address"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="grants_by_end"),
            models.Index(fields=["email"], condition=Q(ended_at=None), name="grants_by_address"),
            models.Index(fields=["container"], condition=Q(out_at=None), name="grants_not_out"),
        ]
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.email} on {self.container}"

    @property
    def permissions(self) -> tuple[str, ...]:
        return levels.implied(self.permission)

    @property
    def state(self) -> str:
        return states.of(self)[0]

    @property
    def state_since(self) -> object:
        return states.of(self)[1]
