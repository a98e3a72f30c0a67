"""Asks `containers.visibility` what the person may do with the container at hand."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from containers import visibility
from containers.models import Container


class ContainerPermission(IsAuthenticated):
    """A view names in `needs` which permission each action takes; what is not named takes `view`."""

    message = _("You may see this container, but not do this with it; ask its owner.")

    def has_object_permission(self, request: Request, view: Any, obj: Container) -> bool:
        return visibility.may(request.user, obj, view.needs.get(view.action, "view"))
