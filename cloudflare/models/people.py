"""People as an account knows them: who holds a seat, and who is to be signed out."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from cloudflare.models.account import Account
from containers.models import Scheduled


class Seat(models.Model):
    """Somebody who takes one of the account's Zero Trust seats, as a survey last saw it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="seats")
    email = models.EmailField("e-mail address", help_text="Folded.")
    user_id = models.CharField(max_length=64)
    seat_uid = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "email"], name="one_seat_per_address")
        ]
        ordering = ("email",)

    def __str__(self) -> str:
        return self.email


class SignOut(Scheduled):
    """This person may have lost their last way into what the account guards for Warren.

    Made when a container lets them in no more. Its reconciler looks whether another one does; the row goes once they
    were signed out, or need not be.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="sign_outs")
    email = models.EmailField("e-mail address", help_text="Folded.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Noted before it is looked whether there is another way in: meanwhile no container lets the person in anew.
    calling = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "email"], name="one_sign_out_per_address")
        ]
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.email

    @staticmethod
    def key(account: Account, email: str) -> uuid.UUID:
        """Derived, so that whoever makes the row can say whom to ring before it is there."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{account.account_id}/{email}")
