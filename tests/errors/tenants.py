"""Refusals about a tenant: its members and invitations, its end, its suspension, and looking at it as staff."""

from typing import Any

import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.utils import timezone

from tenants import invitations, members, standing, viewing
from tenants.mail import links
from tenants.models import Invitation, Membership, Role, User
from tests.errors.world import DAY, PASSWORD, Cause, World


def _member(person: User) -> Membership:
    return Membership.objects.get(user=person)


def _tenant(w: World, method: str, path: str = "", body: Any = None, by: User | None = None) -> Any:
    return w.api(by or w.alice, method, f"tenants/acme/{path}", body)


def _invited(w: World, email: str = "dora@example.com") -> Invitation:
    _tenant(w, "post", "invitations/", {"email": email})
    return Invitation.objects.get(email=email)


def _accept(w: World, by: User | None = None, row: Invitation | None = None, **more: str) -> Any:
    token = links.invitation(row or _invited(w))
    return w.api(by, "post", "invitations/accept/", {"token": token, **more})


def _forged(w: World) -> Any:
    row = Invitation(pk=10**9)
    return _accept(w, row=row)


def _accepted(w: World) -> Any:
    row = _invited(w)
    _accept(w, row=row, name="Dora", password=PASSWORD)
    return _accept(w, row=row, name="Dora", password=PASSWORD)


def _withdrawn(w: World) -> Any:
    row = _invited(w)
    invitations.withdraw(row, actor=w.alice)
    return _accept(w, row=row)


def _too_late(w: World) -> Any:
    row = _invited(w)
    Invitation.objects.filter(pk=row.pk).update(expires_at=timezone.now() - DAY)
    return _accept(w, row=row)


def _withdraws_late(w: World) -> Any:
    row = _invited(w)
    Invitation.objects.filter(pk=row.pk).update(accepted_at=timezone.now())
    return _tenant(w, "delete", f"invitations/{row.pk}/")


def _withdraws_twice(w: World) -> Any:
    row = _invited(w)
    invitations.withdraw(row, actor=w.alice)
    return invitations.withdraw(row, actor=w.alice)


def _hands_to_closed(w: World) -> Any:
    User.objects.filter(pk=w.bob.pk).update(is_active=False)
    return _tenant(w, "post", f"members/{_member(w.bob).pk}/hand-over/")


def _removes_twice(w: World) -> Any:
    row = _member(w.bob)
    members.remove(row, actor=w.alice)
    return members.remove(row, actor=w.alice)


def _leaves_twice(w: World) -> Any:
    return members.leave(w.acme, actor=w.charlie)


def _closing(w: World) -> Any:
    standing.close(w.acme, actor=w.alice)
    w.acme.refresh_from_db()
    return standing.require_running(w.acme)


def _suspended(w: World) -> Any:
    standing.suspend(w.acme, actor=None, reason="The invoice is overdue.")
    return w.create()


def _views(w: World, *, staff: bool) -> Any:
    request = RequestFactory().post("/view-as/")
    request.session = SessionStore()
    if not staff:
        return viewing.begin(request, w.acme, actor=w.charlie)
    standing.close(w.acme, actor=w.alice)
    w.acme.deleted_at = timezone.now()
    root = User.objects.create_superuser("root@example.com", "secret")
    return viewing.begin(request, w.acme, actor=root)


def _staff_activity(w: World) -> Any:
    root = User.objects.create_superuser("root@example.com", "secret")
    return w.api(root, "get", "audit/", {"tenant": "nowhere"}, format=None)


def _late_mail(w: World) -> Any:
    row = _invited(w)
    with time_machine.travel(timezone.now() + 8 * DAY, tick=True):
        return _accept(w, row=row)


CAUSES: dict[str, Cause] = {
    "Creates a container without a tenant": lambda w: w.api(
        w.charlie, "post", "containers/", {"name": "site", "template": "hello"}
    ),
    "Names a tenant that they do not belong to": lambda w: w.api(
        w.charlie, "post", "containers/", {"name": "site", "template": "hello", "tenant": "acme"}
    ),
    "Looks at the activity of a tenant that is not there, as staff": _staff_activity,
    "Does as a member what owners do": lambda w: _tenant(w, "patch", "", {"name": "Other"}, by=w.bob),
    "Reads the tenant's activity as a member": lambda w: w.api(w.bob, "get", "audit/", {"tenant": "acme"}, format=None),
    "Invites who is a member": lambda w: _tenant(w, "post", "invitations/", {"email": "bob@example.com"}),
    "Withdraws an invitation that was accepted": _withdraws_late,
    "Withdraws an invitation twice": _withdraws_twice,
    "Follows an invitation that is not there": _forged,
    "Accepts an invitation twice": _accepted,
    "Accepts an invitation that was withdrawn": _withdrawn,
    "Accepts an invitation after its week": _too_late,
    "Follows the mail of an invitation after its week": _late_mail,
    "Accepts another's invitation": lambda w: _accept(w, w.charlie),
    "Accepts an invitation without an account": lambda w: _accept(w),
    "Makes the last owner a member": lambda w: _tenant(
        w, "patch", f"members/{_member(w.alice).pk}/", {"role": Role.MEMBER}
    ),
    "Hands the ownership to themselves": lambda w: _tenant(w, "post", f"members/{_member(w.alice).pk}/hand-over/"),
    "Hands the ownership to a closed account": _hands_to_closed,
    "Changes a member who is gone": _removes_twice,
    "Leaves a tenant that they do not belong to": _leaves_twice,
    "Sends a role that there is not": lambda w: w.page(
        w.alice, f"/tenants/acme/members/{_member(w.bob).pk}/role/", {"role": "king"}
    ),
    "Types another short name to delete the tenant": lambda w: _tenant(w, "delete", "", {"slug": "other"}),
    "Changes a tenant that is being deleted": _closing,
    "Does anything in a suspended tenant": _suspended,
    "Views as a tenant without the permission": lambda w: _views(w, staff=False),
    "Views as a tenant that is deleted": lambda w: _views(w, staff=True),
}
