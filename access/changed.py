"""The signal that grants of a container were given, changed or ended, for whoever carries that to the edge."""

from typing import Any

from django.dispatch import Signal

from containers.models import Container

# Sent with `container_id`, inside the transaction, once it holds the container's lock and has written the grants.
changed = Signal()


def tell(container_pk: Any) -> None:
    changed.send(Container, container_id=container_pk)
