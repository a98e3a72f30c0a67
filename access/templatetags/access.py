"""What templates ask about who may enter a container."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import Count

from access import holding, states
from access.holding import Holding
from access.models import Grant
from access.states import State
from containers.models import Container
from tenants.models import Tenant
from tenants.words import gettext as _

register = template.Library()

_IS_GUEST = "_is_guest"  # attribute of the request
_ALLOWED = {
    "view": gettext_lazy("open it and see how it is doing"),
    "operate": gettext_lazy("read its log, start, stop and restart it"),
    "shell": gettext_lazy("use a terminal inside"),
    "manage": gettext_lazy("share it with others"),
}
_STATES = {
    State.PENDING: gettext_lazy("waiting for Cloudflare"),
    State.ACTIVE: gettext_lazy("active"),
    State.EXPIRING: gettext_lazy("ending at the edge…"),
    State.REVOKING: gettext_lazy("ending at the edge…"),
    State.EXPIRED: gettext_lazy("expired, out"),
    State.REVOKED: gettext_lazy("revoked, out"),
}


@register.simple_tag(takes_context=True)
def holding_of(context: Any, container: Container) -> Holding:
    """Why whoever asks may see the container: as a member, or by which grant."""
    return holding.of(context["request"].user, container)


@register.simple_tag(takes_context=True)
def held_among(context: Any, containers: Iterable[Container]) -> dict[Any, frozenset[str]]:
    """What whoever asks may do with each of a page's containers, by key; in two queries at most."""
    user = context["request"].user
    held = holding.among([(user, container) for container in containers])
    return {key: found.permissions for (_, key), found in held.items()}


@register.simple_tag
def guests_among(containers: Iterable[Container]) -> dict[Any, int]:
    """With how many people each of a page's containers is shared at this moment, by key, where with any; one query."""
    keys = [container.pk for container in containers]
    live = Grant.objects.live().filter(container__in=keys).order_by().values_list("container")
    return dict(live.annotate(Count("pk"))) if keys else {}


@register.simple_tag
def shared_with(container: Container) -> int:
    """With how many people at this moment."""
    return Grant.objects.live().filter(container=container).count()


@register.simple_tag
def guests_of(tenant: Tenant) -> int:
    """How many addresses are let in to the tenant's containers: what its plan counts."""
    grants = Grant.objects.open().filter(container__tenant=tenant)
    return grants.values("email").distinct().count()


@register.simple_tag(takes_context=True)
def is_guest(context: Any) -> bool:
    """Whether something is shared with whoever asks. Pages that are rendered without a request know nobody."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    known = getattr(request, _IS_GUEST, None)
    if known is None:  # a page asks in more than one place
        known = Grant.objects.live().filter(email=user.email).exists()
        setattr(request, _IS_GUEST, known)
    return bool(known)


@register.filter
def allowed(grant: Grant) -> list[str]:
    """All that the guest may do, in words that go on "You may …"."""
    return [str(_ALLOWED[permission]) for permission in grant.permissions]


@register.filter
def standing(grant: Grant) -> dict[str, Any]:
    """`state`, the same in `words` that "since" goes after, `since`, and whether it is `over`."""
    state, since = states.of(grant)
    words = str(_STATES[state])
    if state == State.REVOKED and grant.ended_how == "left":
        words = _("left, out")
    return {"state": state, "words": words, "since": since, "over": state not in {State.PENDING, State.ACTIVE}}


@register.filter
def signed_in_by(connection: str) -> str:
    """Cloudflare's word for a login method, for people; those of an account's own provider are names already."""
    return _("one-time PIN") if connection == "onetimepin" else connection


@register.filter
def decided_by(grant: Grant, mine: Holding) -> bool:
    return mine.decides(grant)
