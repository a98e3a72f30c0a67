from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken


class Scope(models.TextChoices):
    READ = "read", _("read only")
    WRITE = "write", _("read and write")


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox has no types
    """A key to the API; only its hash is stored. Ours, not knox's, so that it can grow without a new table."""

    name = models.CharField(max_length=100, blank=True, help_text="What it is for.")
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.WRITE)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    made_with = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="made", help_text="What it ends with."
    )

    class Meta(AbstractAuthToken.Meta):  # type: ignore[misc]  # knox has no types
        abstract = False
        ordering: ClassVar = ("-created",)

    def __str__(self) -> str:
        return f"{self.name or self.token_key} of {self.user}"

    @property
    def expired(self) -> bool:
        return self.expiry is not None and self.expiry <= timezone.now()
