"""Viewing as a tenant: who may, when it begins and how it ends. It lives in the session of whoever views."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from tenants import audit
from tenants.events import Action
from tenants.models import Tenant, User
from tenants.refusal import Refused
from tenants.viewer import Viewer
from tenants.words import gettext as _

PERMISSIONS = ("tenants.view_as", "tenants.change_tenant")
LASTS = datetime.timedelta(hours=1)
KEY = "view_as"  # of the session: the tenant's key, its slug, and until when

# Sent with `session_key` when viewing ends: connections that were opened by it are to end with it.
ended = Signal()


def may(user: Any) -> bool:
    """Staff who may change tenants, and were given this besides."""
    return isinstance(user, User) and user.is_staff and user.has_perms(PERMISSIONS)


def begin(request: HttpRequest, tenant: Tenant, *, actor: User) -> Viewer:
    """View as that tenant in this session, for an hour. Raises `Refused`: `view_as_denied`, `tenant_closed`."""
    with audit.refusals(Action.TENANT_VIEW, actor=actor, target=tenant, tenant=tenant):
        if not may(actor):
            words = _("You may not view the pages as a tenant; ask whoever gives staff their permissions.")
            raise Refused("view_as_denied", words, status=403)
        if tenant.deleted_at:
            words = _("%(tenant)s is deleted: there is nothing to view.") % {"tenant": tenant}
            raise Refused("tenant_closed", words, status=409)
    end(request, "another tenant", actor=actor)
    viewer = Viewer(tenant, actor, timezone.now() + LASTS)
    request.session[KEY] = {"tenant": tenant.pk, "slug": tenant.slug, "until": viewer.until.isoformat()}
    audit.record(Action.TENANT_VIEW, actor=actor, target=tenant, tenant=tenant, until=viewer.until.isoformat())
    return viewer


def of(facts: Mapping[str, Any], user: Any) -> Viewer | None:
    """What a session with these facts, of this person, views as at this moment; None: as themself."""
    noted = facts.get(KEY)
    if not noted:
        return None
    until = datetime.datetime.fromisoformat(noted["until"])
    tenant = Tenant.objects.living().filter(pk=noted["tenant"]).select_related("plan").first()
    if tenant is None or until <= timezone.now() or not may(user):
        return None
    return Viewer(tenant, user, until)


def present(request: HttpRequest) -> Viewer | None:
    """The same of a request; what is over is ended, and that put on record."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not (noted := request.session.get(KEY)):
        return None
    person = request.user
    viewer = of({KEY: noted}, person)
    if viewer is None and isinstance(person, User):
        over = datetime.datetime.fromisoformat(noted["until"]) <= timezone.now()
        end(request, "time" if over else "no right", actor=person)
    return viewer


def end(request: HttpRequest, how: str, *, actor: User) -> Tenant | None:
    """The tenant that was viewed until now; None, and nothing on record, if none was."""
    noted = request.session.pop(KEY, None)
    if not noted:
        return None
    tenant = Tenant.objects.filter(pk=noted["tenant"]).first()
    audit.record(Action.TENANT_VIEW_END, actor=actor, target=tenant, tenant=tenant, how=how, until=noted["until"])
    ended.send(sender=None, session_key=request.session.session_key)
    return tenant
