"""A port: who may know of a container, and who may do what with it. `access` fills it; without it, nobody."""

from typing import Any, Protocol

from django.db.models import Q
from django.http import HttpRequest

from containers.models import Container
from tenants.once import once
from tenants.refusal import Refused
from tenants.words import gettext as _

PERMISSIONS = ("view", "operate", "shell", "manage", "change", "delete")


class Visibility(Protocol):
    def rule(self, user: Any) -> Q:
        """The containers that this person may know of, as a filter over `Container`.

        By subqueries, never by joins: a join would show a container once for every reason to see it.
        """

    def may(self, user: Any, container: Container, permission: str) -> bool:
        """Whether the person holds that permission on a container they see: one of `held`."""

    def held(self, user: Any, container: Container) -> frozenset[str]:
        """Of `PERMISSIONS`; empty for whoever does not see it."""


class _Nobody:
    def rule(self, user: Any) -> Q:
        return Q(pk__in=())

    def may(self, user: Any, container: Container, permission: str) -> bool:
        return False

    def held(self, user: Any, container: Container) -> frozenset[str]:
        return frozenset()


_visibility: Visibility = _Nobody()


def plug(visibility: Visibility) -> None:
    global _visibility
    _visibility = visibility


def rule(user: Any) -> Q:
    return _visibility.rule(user)


def may(user: Any, container: Container, permission: str) -> bool:
    return _visibility.may(user, container, permission)


def held(user: Any, container: Container) -> frozenset[str]:
    return _visibility.held(user, container)


def held_here(request: HttpRequest, container: Container) -> frozenset[str]:
    """The same of whoever asks for a page, for what is shown on it."""
    return once(request, ("held", container.pk), lambda: held(request.user, container))


def require(user: Any, container: Container, permission: str) -> None:
    """Raises `Refused`. Under the container's lock nothing can end any more between the question and the change."""
    if not may(user, container, permission):
        raise Refused(
            "permission_denied",
            _("You may not do this with the container; ask its owner."),
            status=403,
        )
