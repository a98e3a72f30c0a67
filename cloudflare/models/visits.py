"""What the import of visits goes by: which applications are or were ours, and how far each account's log was read."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from cloudflare.models.account import Account
from containers.models import Container, Scheduled


class Application(models.Model):
    """An Access application that stands, or once stood, over one of a container's hostnames.

    Kept for good, unlike `Publication.app_id`, which is emptied by the teardown: the log names applications by their
    id alone, and may do so after they are gone.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="applications")
    app_id = models.CharField(max_length=64)
    container = models.ForeignKey(Container, models.PROTECT, related_name="applications")
    noted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "app_id"], name="one_row_per_application")
        ]

    def __str__(self) -> str:
        return self.app_id


class VisitCursor(Scheduled):
    """How far the log of an account was read. `cloudflare.visits` moves it, with the rows that it stands for."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="visit_cursor")
    reached_at = models.DateTimeField(
        null=True, editable=False, help_text="The newest line read, by Cloudflare's clock."
    )
    complete_at = models.DateTimeField(
        default=timezone.now,
        editable=False,
        help_text="When the end of the log was last reached; at first, since when.",
    )
    foreign = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="About how many lines were of applications that are not ours."
    )

    class Meta:
        ordering: ClassVar[tuple[str, ...]] = ("pk",)

    def __str__(self) -> str:
        return f"visits of {self.account}"
