"""A port: whether the edge has room for more people. `cloudflare` fills it; without it, there is."""

from collections.abc import Collection
from typing import Protocol

from containers.models import Container


class Capacity(Protocol):
    def require(self, container: Container, people: Collection[str], new: Collection[str]) -> None:
        """Raise `Refused` if not all `people` fit into the container's policy, or no seat is left for one of `new`.

        `people` are all addresses that would be let in, `new` those of them that are not yet. The container is locked.
        """


class _Unlimited:
    def require(self, container: Container, people: Collection[str], new: Collection[str]) -> None:
        return


_capacity: Capacity = _Unlimited()


def plug(capacity: Capacity) -> None:
    global _capacity
    _capacity = capacity


def require(container: Container, people: Collection[str], new: Collection[str]) -> None:
    _capacity.require(container, people, new)
