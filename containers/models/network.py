from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from containers.models.schedule import Scheduled
from tenants.models import Tenant


class NetworkKind(models.TextChoices):
    TENANT = "tenant"  # internal: a tenant's containers and its connector meet here, and nobody else
    INTERNET = "internet"  # the way out of a tenant whose plan has internet
    CONNECTORS = "connectors"  # the connectors' way out to Cloudflare, one for the installation


class Network(Scheduled):
    """A bridge network of the engine, on a subnet that this row reserves.

    The engine's own address pools end at about 31 networks, so subnets are ours to give out.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, blank=True, related_name="networks")
    kind = models.CharField(max_length=10, choices=NetworkKind.choices)
    subnet = models.CharField(max_length=18, unique=True)
    engine_id = models.CharField(max_length=64, blank=True, editable=False, help_text="Empty: not made yet.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "kind"], name="one_network_of_a_kind"),
            models.UniqueConstraint(fields=["kind"], condition=Q(tenant=None), name="one_shared_network_of_a_kind"),
        ]

    def __str__(self) -> str:
        return self.engine_name

    @property
    def engine_name(self) -> str:
        return self.name(self.tenant.slug if self.tenant else "shared", self.kind)

    @staticmethod
    def name(owner: str, kind: str) -> str:
        return f"{settings.INSTALLATION}-{owner}-{kind}"

    @property
    def bridge(self) -> str:
        """The interface on the host: the kernel allows 15 characters, firewall rules match the first ones."""
        return f"{self.bridge_prefix(self.kind)}{self.pk:x}"

    @staticmethod
    def bridge_prefix(kind: str) -> str:
        """`<installation>-<t|i|c>`: what all bridges of a kind share."""
        return f"{settings.INSTALLATION}-{kind[0]}"
