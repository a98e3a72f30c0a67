"""Who asks, and for which tenant they work at the moment."""

from typing import Any

from tenants.models import Tenant, User
from tenants.refusal import Refused


def person(request: Any) -> User:
    """Who asks; for views that let nobody in who has not signed in."""
    user = request.user
    assert isinstance(user, User)
    return user


def of(user: Any, slug: str = "") -> Tenant:
    """The tenant of that slug among the person's own; without one, their first. Raises `Refused`."""
    mine = Tenant.objects.filter(members=user).select_related("plan").order_by("memberships__created_at")
    found = mine.filter(slug=slug).first() if slug else mine.first()
    if found is None:
        what = f"the tenant {slug}" if slug else "any tenant"
        raise Refused("no_tenant", f"You are not a member of {what}; ask one of its owners.", status=403)
    return found
