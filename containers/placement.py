"""A port: where a hostname may live. `cloudflare` fills it; without it there is nowhere to publish."""

from typing import Protocol

from containers.models import Container
from tenants.models import Tenant
from tenants.refusal import Refused
from tenants.words import gettext as _


class Place(Protocol):
    @property
    def domain(self) -> str: ...

    def claim(self, container: Container) -> None:
        """Take the place for the hostname that the container has now, in the transaction that found it.

        Raises `Refused` when the hostname is still another one's, or when there is no room for it.
        """


class Placement(Protocol):
    def find(self, tenant: Tenant) -> Place:
        """A place with room for one more hostname of this tenant. Raises `Refused` when all are full.

        Runs inside the transaction that creates the container, and keeps the room until it ends.
        """

    def likely(self, tenant: Tenant) -> str:
        """The domain that `find` would choose now; keeps no room and holds nobody up. Raises `Refused` likewise."""

    def beside(self, container: Container) -> Place:
        """The domain where this container lives. To claim it is a rename: what answers stays until the new one does."""

    def labels(self, container: Container) -> dict[str, str]:
        """What the container's labels at the engine should say about its place; costs no query."""


class _Nowhere:
    def find(self, tenant: Tenant) -> Place:
        raise Refused("no_domain", _("No domain for containers is set up; ask whoever runs Warren."), status=503)

    def likely(self, tenant: Tenant) -> str:
        return self.find(tenant).domain

    def beside(self, container: Container) -> Place:
        return self.find(container.tenant)

    def labels(self, container: Container) -> dict[str, str]:
        return {}


_placement: Placement = _Nowhere()


def plug(placement: Placement) -> None:
    global _placement
    _placement = placement


def current() -> Placement:
    return _placement
