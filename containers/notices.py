"""What a person should know of a container and can act on, while it runs on."""

from dataclasses import dataclass

from containers import storage
from containers.models import Container
from tenants.figures import size
from tenants.models.plan import MIB
from tenants.words import gettext as _


@dataclass(frozen=True, slots=True)
class Notice:
    """`code` is stable; `detail` says what, and what next."""

    code: str
    detail: str


def of(container: Container) -> list[Notice]:
    """Reads `container.status`."""
    found = []
    if storage.over(container):
        used, allowed = size(container.status.storage_used or 0), size(container.storage)
        over = _(
            "It keeps %(used)s; %(allowed)s are allowed. Delete files in it, or ask whoever runs Warren "
            "for a larger plan."
        ) % {"used": used, "allowed": allowed}
        found.append(Notice("storage_over", over))
    if container.status.memory_pending:
        found.append(
            Notice(
                "memory_in_use",
                _(
                    "It uses more memory than its new limit of %(memory)s MiB; restart it to apply that. "
                    "Until then, or until it uses less, the earlier limit holds."
                )
                % {"memory": container.memory // MIB},
            )
        )
    return found
