"""Where publications live: accounts with their limits, zones with their guard."""

from typing import ClassVar

from django.db import models

from containers.models import Scheduled
from tenants.encryption import EncryptedTextField


class Account(models.Model):
    """A Cloudflare account. The limits are Cloudflare's published defaults; an Enterprise account may have more."""

    name = models.CharField(max_length=100)
    account_id = models.CharField(max_length=64, unique=True)
    api_token = EncryptedTextField()
    max_tunnels = models.PositiveIntegerField(default=1000)
    max_applications = models.PositiveIntegerField(default=500)
    max_rules = models.PositiveIntegerField(
        default=1000, help_text="Rules in one application: each person whom a container lets in is one."
    )
    identity_provider_id = models.CharField(
        "identity provider",
        max_length=64,
        blank=True,
        help_text="Id of the login method that everybody must sign in by; empty: any that the account has.",
    )
    max_seats = models.PositiveIntegerField(
        "Zero Trust seats",
        null=True,
        blank=True,
        help_text="How many there are; whoever signs in takes one. Empty: not known, and nobody is refused.",
    )
    returns_seats = models.BooleanField(
        default=False, help_text="Give back the seat of whoever lost their last way in."
    )
    ends_sessions = models.BooleanField(
        default=True,
        help_text="Sign out whoever lost their last way in. Turn off where the account guards other things "
        "than Warren's containers, and people would be signed out there.",
    )
    enabled = models.BooleanField(default=True, help_text="New publications may go here.")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class Zone(Scheduled):
    """A domain for containers, and the guard over all of it: `*.<domain>`, where nobody is let in."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="zones")
    zone_id = models.CharField(max_length=64, unique=True)
    domain = models.CharField(max_length=253, unique=True)
    max_records = models.PositiveIntegerField(
        null=True, blank=True, help_text="The zone's record quota as Cloudflare told it; empty: not known."
    )
    foreign_records = models.PositiveIntegerField(default=0, help_text="Records of the zone that are not ours.")
    enabled = models.BooleanField(default=True, help_text="New publications may go here.")
    guard_app_id = models.CharField(max_length=64, blank=True, editable=False)
    guarded_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[tuple[str, ...]] = ("pk",)

    def __str__(self) -> str:
        return self.domain
