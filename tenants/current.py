"""Who asks, and for which tenant they work at the moment."""

from typing import Any, cast

from django.db.models import F, QuerySet, Value
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tenants.models import ApiToken, Membership, Role, Tenant, User
from tenants.once import once
from tenants.refusal import Refused
from tenants.viewer import Viewer
from tenants.words import gettext as _

_CHOSEN = "tenant"  # key of the session: the slug of the tenant that the person has switched to


def person(request: Any) -> User:
    """Who asks; for views that let nobody in who has not signed in.

    Where pages are only looked at that may be a `Viewer`, who is no `User` and gets nowhere where one is needed.
    """
    user = request.user
    assert isinstance(user, User | Viewer)
    return cast(User, user)


def token(request: Any) -> ApiToken | None:
    """The API token that the request came with; None for a session."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def memberships(user: Any) -> QuerySet[Membership]:
    """Whatever somebody is let into goes by these, those that they joined first in front; a tenant that is closed is
    nobody's, whatever rows there are.
    """
    mine = Membership.objects.filter(user=user, tenant__deleted_at=None)
    return mine.select_related("tenant__plan", "user").order_by("created_at")


def membership(user: Any, slug: str) -> Membership | None:
    """In the tenant of that slug; None for who does not belong to it. A viewer's is an owner's, and nobody's row."""
    if isinstance(user, Viewer):
        return Membership(tenant=user.tenant, role=Role.OWNER) if user.tenant.slug == slug else None
    return memberships(user).filter(tenant__slug=slug).first()


def mine(user: Any, **membership: Any) -> QuerySet[Tenant]:
    """The person's tenants in the same order; `membership` says as what, such as `role="owner"`.

    A viewer's is the one that they view as, which they stand in as an owner.
    """
    if isinstance(user, Viewer):
        return Tenant.objects.living().filter(pk=user.tenant.pk).select_related("plan")
    belongs = {f"memberships__{name}": value for name, value in {"user": user, **membership}.items()}
    return Tenant.objects.living().filter(**belongs).select_related("plan").order_by("memberships__created_at")


def of(user: Any, slug: str = "") -> Tenant:
    """The tenant of that slug among the person's own; without one, their first. Raises `Refused`."""
    # Compared here, for PostgreSQL takes no NUL, which anybody can name.
    found = next((tenant for tenant in mine(user) if tenant.slug == slug or not slug), None)
    if found is None:
        said = _("You are not a member of any tenant yet; ask an owner of one to invite you.")
        if slug:
            said = _("You are not a member of the tenant %(slug)s; ask one of its owners to invite you.") % {
                "slug": slug
            }
        raise Refused("no_tenant", said, status=403)
    return found


def on_page(request: HttpRequest) -> Tenant:
    """The one of `?tenant=`, else the one that was switched to, else the person's first. Raises `Refused`."""
    if slug := request.GET.get("tenant", ""):
        return of(request.user, slug)
    chosen = request.session.get(_CHOSEN)
    return (mine(request.user).filter(slug=chosen).first() if chosen else None) or of(request.user)


def present(request: HttpRequest) -> Tenant | None:
    """The one that the person works for at the moment, with `my_role`; None for who belongs to none."""
    return _present(request, _tenants(request))


def switch(request: HttpRequest, slug: str) -> Tenant:
    """Work for that tenant from now on, in this session. Raises `Refused`."""
    found = of(request.user, slug)
    request.session[_CHOSEN] = found.slug
    return found


def for_templates(request: HttpRequest) -> dict[str, Any]:
    """`my_tenants` and `present_tenant` for the header of every page; looked up by those pages that show it."""

    my_tenants: Any = SimpleLazyObject(lambda: _tenants(request))

    return {"my_tenants": my_tenants, "present_tenant": SimpleLazyObject(lambda: _present(request, my_tenants))}


def _tenants(request: HttpRequest) -> list[Tenant]:
    """The person's own, each with what they are there as `my_role`; looked up once a request, by whoever asks first."""
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    role: Any = Value(Role.OWNER) if isinstance(user, Viewer) else F("memberships__role")
    return once(request, "tenants", lambda: list(mine(user).annotate(my_role=role)))


def _present(request: HttpRequest, tenants: list[Tenant]) -> Tenant | None:
    chosen = request.GET.get("tenant") or request.session.get(_CHOSEN)
    return next((tenant for tenant in tenants if tenant.slug == chosen), tenants[0] if tenants else None)
