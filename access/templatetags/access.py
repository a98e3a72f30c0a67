"""What templates ask about who may enter a container."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import Count
from django.utils import formats, timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import happened, holding, levels, states
from access.holding import Holding
from access.models import Grant
from access.states import State
from containers.models import Container
from tenants.models import Tenant
from tenants.once import once
from tenants.templatetags.warren import NOTHING, moment, written

register = template.Library()

SOON = datetime.timedelta(days=1)  # before its end, an access is worth a look

_ADDS = {
    "view": gettext_lazy("Open it, see how it is doing."),
    "operate": gettext_lazy("Also read its log, start, stop and restart it."),
    "shell": gettext_lazy("Also use a terminal inside."),
    "manage": gettext_lazy("Also share it with others, up to this."),
}
_SHORT = {
    "view": gettext_lazy("open it"),
    "operate": gettext_lazy("and its log, start, stop"),
    "shell": gettext_lazy("and a terminal"),
    "manage": gettext_lazy("and share it"),
}
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
    request = context["request"]
    return once(request, ("holding", container.pk), lambda: holding.of(request.user, container))


@register.simple_tag(takes_context=True)
def reads_record(context: Any, container: Container) -> bool:
    """Whether whoever asks may read what was done to it."""
    return happened.may_read(context["request"], container)


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
    """Whether something is shared with whoever asks. Pages without a request know nobody."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    return once(request, "guest", lambda: Grant.objects.live().filter(email=user.email).exists())


@register.filter
def level(permission: str) -> Any:
    """A permission by its name: `Operate`."""
    return levels.NAMES[permission]


@register.filter
def level_words(permission: str) -> Any:
    """What it adds to those below it, as a sentence."""
    return _ADDS[permission]


@register.filter
def level_short(permission: str) -> Any:
    """The same in the fewest words, for tables."""
    return _SHORT[permission]


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


@register.simple_tag
def ends(at: datetime.datetime | None) -> SafeString | str:
    """`in 5 days`, marked where that is within a day; the day itself from a month on. Exact when pointed at."""
    if at is None:
        return _("without end")
    left = at - timezone.now()
    if left > datetime.timedelta(days=30):
        return moment(at)
    words = _("in %(time)s") % {"time": timeuntil(at, depth=1)} if left > datetime.timedelta(minutes=1) else _("now")
    return written(at, words, SafeString(' class="badge wait"') if left <= SOON else NOTHING)


@register.filter
def signed_in_by(connection: str) -> str:
    """Cloudflare's word for a login method, for people; those of an account's own provider are names already."""
    return _("one-time PIN") if connection == "onetimepin" else connection


@register.filter
def decided_by(grant: Grant, mine: Holding) -> bool:
    return mine.decides(grant)


@register.filter
def day(at: datetime.datetime) -> str:
    """The day in the reader's zone, for the heading of what happened on it."""
    local, today = timezone.localtime(at).date(), timezone.localtime().date()
    if local == today:
        return _("Today")
    if local == today - datetime.timedelta(days=1):
        return _("Yesterday")
    return formats.date_format(local, "l, j F" if local.year == today.year else "l, j F Y")
