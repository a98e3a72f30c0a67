"""A tenant's tunnel and the connectors that serve it, as they were last seen at Cloudflare and at the engine."""

import base64
import json
import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models

from cloudflare.models.account import Account
from containers.models import Scheduled
from tenants.encryption import EncryptedTextField
from tenants.models import Tenant


class Tunnel(Scheduled):
    """One per tenant and account, for good: without publications it sleeps, with an empty `tunnel_id`."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="tunnels")
    account = models.ForeignKey(Account, models.PROTECT, related_name="tunnels")
    tunnel_id = models.CharField(max_length=64, blank=True, editable=False)
    secret = EncryptedTextField(blank=True, editable=False)
    secret_at = models.DateTimeField(
        "secret since", null=True, blank=True, editable=False, help_text="Since when its connectors have their token."
    )
    next_secret = EncryptedTextField(blank=True, editable=False)
    outdated = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="Connectors, as Cloudflare names them, of an earlier secret.",
    )
    config_version = models.IntegerField(default=0, editable=False, help_text="As Cloudflare counts.")
    config_digest = models.CharField(max_length=64, blank=True, editable=False, help_text="Of the last document.")
    connected_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Empty: not connected.")
    empty_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "account"], name="one_tunnel_per_tenant_and_account")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name at Cloudflare: derived, so that a later pass finds what an earlier one made."""
        return f"{self.prefix()}{self.tenant.slug}"

    @staticmethod
    def prefix() -> str:
        """What the names of all tunnels of this installation share."""
        return f"warren-{settings.INSTALLATION}-"

    @staticmethod
    def new_secret() -> str:
        """Base64 of 32 random bytes, the least that Cloudflare takes."""
        return base64.b64encode(secrets.token_bytes(32)).decode()

    @property
    def token(self) -> str:
        """What a connector signs in with: base64 of `{"a": account, "t": tunnel, "s": secret}`."""
        facts = {"a": self.account.account_id, "t": self.tunnel_id, "s": self.secret}
        return base64.b64encode(json.dumps(facts).encode()).decode()


class Connector(Scheduled):
    """A cloudflared of ours: a container beside the tenant's, with the tunnel's token as a file in it."""

    tunnel = models.ForeignKey(Tunnel, models.PROTECT, related_name="connectors")
    serial = models.PositiveIntegerField(default=1)
    wanted = models.BooleanField(default=True)
    for_tunnel_id = models.CharField(max_length=64, help_text="The tunnel that its token opens.")
    engine_id = models.CharField(max_length=64, blank=True, editable=False)
    ready_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tunnel", "serial"], name="one_connector_per_serial")
        ]

    def __str__(self) -> str:
        return self.engine_name

    @property
    def engine_name(self) -> str:
        """A container's name ends in twelve hexadecimal digits in place of that, so this meets none.

        Nor one of the tenant's in another account, or of a tunnel that it had before: it names the tunnel, too.
        """
        tunnel = self.for_tunnel_id.partition("-")[0]
        return f"{settings.INSTALLATION}-{self.tunnel.tenant.slug}-connector-{tunnel}-{self.serial}"
