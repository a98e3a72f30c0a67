"""What workers have read of Access for those who sign in to Warren through it: a request asks these rows alone."""

from typing import ClassVar

from django.db import models


class SigningKey(models.Model):
    """A public key that the team's Access signs with, as its list last showed it."""

    team = models.CharField(max_length=253)
    kid = models.CharField("key id", max_length=255)
    jwk = models.JSONField()
    seen_at = models.DateTimeField("last listed", help_text="It is dropped some minutes after it is no longer listed.")

    class Meta:
        ordering = ("-seen_at", "kid")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["team", "kid"], name="one_signing_key_per_team_and_id")
        ]

    def __str__(self) -> str:
        return self.kid


class StaffProvider(models.Model):
    """That the application before the dashboard was read to take this identity provider, and nothing else."""

    audience = models.CharField(max_length=128, unique=True)
    provider = models.CharField("identity provider", max_length=64)
    since = models.DateTimeField(help_text="An assertion from before may be by another provider.")
    confirmed_at = models.DateTimeField("last confirmed")

    class Meta:
        ordering: ClassVar[tuple[str, ...]] = ("audience",)

    def __str__(self) -> str:
        return self.provider
