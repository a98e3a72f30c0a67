"""The signal that observed state changed, for whoever tells people about it."""

from django.dispatch import Signal

# Sent with `container_id` after a reconciler wrote what it saw of a container.
changed = Signal()
