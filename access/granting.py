"""What somebody has to be allowed who gives access: how much, to whom, and to how many. Each raises `Refused`."""

import datetime
from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from access import levels
from access.holding import Holding
from access.models import Grant
from containers.models import Container
from tenants.models import Membership
from tenants.refusal import Refused
from tenants.words import gettext as _
from tenants.words import ngettext

LINKS = 5  # guests who let in guests, one after the other
AGAIN = 60  # times an hour that addresses which lost it get access to one container anew: each costs calls at the edge
HOUR = datetime.timedelta(hours=1)
_WAIT = 600  # seconds until it makes sense to try again


def require_level(permission: str, mine: Holding) -> None:
    if mine.grant and not levels.within(permission, mine.grant.permission):
        raise Refused(
            "permission_exceeds",
            _("You hold %(permission)s yourself and cannot give %(permission_2)s; give less, or ask an owner.")
            % {"permission": mine.grant.permission, "permission_2": permission},
            status=403,
            field="permissions",
        )


def require_own(grant: Grant, mine: Holding) -> None:
    """A guest decides about what they gave themselves; members about everything."""
    if not mine.decides(grant):
        raise Refused(
            "not_yours_to_change",
            _("The access of %(email)s was given by %(granter)s; ask them, or an owner.")
            % {"email": grant.email, "granter": grant.granter},
            status=403,
        )


def refuse_members(container: Container, emails: Sequence[str]) -> None:
    inside = Membership.objects.filter(tenant=container.tenant_id, user__email__in=emails)
    if found := inside.values_list("user__email", flat=True).first():
        raise Refused(
            "already_member",
            _("%(found)s is a member of %(tenant)s and may do everything already.")
            % {"found": found, "tenant": container.tenant},
            status=409,
            field="email",
        )


def open_one(grant: Grant) -> Grant:
    fresh = Grant.objects.select_related("container__tenant").get(pk=grant.pk)
    if fresh.ended_at or (fresh.expires_at and fresh.expires_at <= timezone.now()):
        raise Refused(
            "grant_ended",
            _("The access of %(email)s has ended; share the container again.") % {"email": fresh.email},
            status=409,
        )
    return fresh


def require_room(container: Container, fresh: Sequence[str], mine: Holding) -> None:
    """For so many new grants. Hold the tenant's lock. `guests_limit`, `grants_limit`, `shared_on_too_far`."""
    if not fresh:
        return
    if mine.grant and _links(mine.grant) >= LINKS:
        raise Refused(
            "shared_on_too_far",
            _("This access went through %(links)s hands already; ask an owner of the container to share it.")
            % {"links": LINKS},
            status=403,
        )
    plan = container.tenant.plan
    guests = Grant.objects.open().filter(container__tenant=container.tenant_id)
    if plan.max_guests is not None:
        there = set(guests.values_list("email", flat=True))
        if len(there | set(fresh)) > plan.max_guests:
            raise Refused(
                "guests_limit",
                ngettext(
                    "The plan %(plan)s allows %(limit)d guest at a time. Guests at present: %(used)d; asked for: "
                    "%(more)d more. Revoke access that nobody needs any more, or ask for another plan.",
                    "The plan %(plan)s allows %(limit)d guests at a time. Guests at present: %(used)d; asked for: "
                    "%(more)d more. Revoke access that nobody needs any more, or ask for another plan.",
                    plan.max_guests,
                )
                % {"plan": plan, "limit": plan.max_guests, "used": len(there), "more": len(set(fresh) - there)},
                limit=plan.max_guests,
                used=len(there),
            )
    _require_pace(container, fresh)


def _require_pace(container: Container, fresh: Sequence[str]) -> None:
    """Calls to Cloudflare are one budget for all tenants."""
    since = timezone.now() - HOUR
    lately = Grant.objects.filter(container__tenant=container.tenant_id, created_at__gt=since).count()
    again = Grant.objects.filter(container=container, ended_at__gt=since).count()
    if lately + len(fresh) > settings.GRANTS_PER_HOUR or again > AGAIN:
        raise Refused(
            "grants_limit",
            _(
                "Access was given and taken too often within the last hour; try again in %(minutes)s min. "
                "Revoking is always possible."
            )
            % {"minutes": _WAIT // 60},
            status=429,
            retry_after=_WAIT,
        )


def _links(grant: Grant) -> int:
    """Through how many guests it came, this one included."""
    found, above = 1, grant.via
    while above is not None and found <= LINKS:
        found, above = found + 1, above.via
    return found
