"""What somebody may do with a container, from little to much: each step includes those before it."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(models.TextChoices):
    """What a grant can give. No grant lets anybody change or delete the container: that is for its tenant's members."""

    VIEW = "view", _("View: open the address, see how it is doing")
    OPERATE = "operate", _("Operate: also read its log, start, stop and restart it")
    SHELL = "shell", _("Shell: also use a terminal inside")
    MANAGE = "manage", _("Manage: also share it with others")


# In one word.
NAMES: dict[str, Any] = {
    Permission.VIEW: _("View"),
    Permission.OPERATE: _("Operate"),
    Permission.SHELL: _("Shell"),
    Permission.MANAGE: _("Manage"),
}
LADDER: tuple[str, ...] = tuple(Permission.values)
MEMBERS_ONLY = ("change", "delete")
ALL = frozenset({*LADDER, *MEMBERS_ONLY})


def implied(permission: str) -> tuple[str, ...]:
    """The permission with all that it includes, from little to much."""
    return LADDER[: LADDER.index(permission) + 1]


def within(permission: str, most: str) -> bool:
    """Whether whoever holds `most` holds `permission` as well."""
    return LADDER.index(permission) <= LADDER.index(most)


def highest(permissions: list[str]) -> str:
    """The one that includes all of these; they are not empty, and each is of the ladder."""
    return max(permissions, key=LADDER.index)
