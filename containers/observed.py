"""The signal that observed state changed, for whoever tells people about it."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal

from containers.models import Container

# Sent with `container_id` once what a reconciler saw of a container is there for everybody to read.
changed = Signal()


def tell(container_pk: Any) -> None:
    """Send `changed` when the transaction at hand has committed."""
    transaction.on_commit(lambda: changed.send(Container, container_id=container_pk), robust=True)
