"""Somebody of the staff who sees the pages as an owner of one tenant would, and changes nothing."""

import datetime
from dataclasses import dataclass
from typing import Any, ClassVar

from tenants.models import Tenant, User


@dataclass(frozen=True)
class Viewer:
    """Stands on a request where a person would, and is none: no row, no address, no rights, no tenant but the one.

    Whoever decides what may be seen answers a viewer by that tenant alone. Whoever knows nothing of viewers finds
    nothing by one: the database takes it for no person.
    """

    tenant: Tenant
    staff: User  # who looks, for the record
    until: datetime.datetime

    pk: ClassVar[None] = None
    id: ClassVar[None] = None
    name: ClassVar[str] = ""
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.email

    @property
    def email(self) -> str:
        """What stands where a page names who is signed in: nobody's address, so nothing is shared with it."""
        return f"owner of {self.tenant.slug}"

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False

    def owns(self, tenant: Any) -> bool:
        """Takes a tenant or its key."""
        return bool(self.tenant.pk == getattr(tenant, "pk", tenant))
