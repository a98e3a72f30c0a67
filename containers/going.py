"""A container that is on its way out takes no more changes."""

from containers.models import Container, Desired
from tenants.refusal import Refused
from tenants.words import gettext as _


def is_going(container: Container) -> bool:
    return container.deleted_at is not None or container.desired == Desired.ABSENT


def require_staying(container: Container) -> None:
    """Raises `Refused`: `being_deleted`. Of a row that is locked, for nobody deletes it meanwhile then."""
    if is_going(container):
        raise Refused(
            "being_deleted",
            _("This container is being deleted and can't be changed any more; create another one instead."),
            status=409,
        )
