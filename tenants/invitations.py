"""Invitations: somebody is asked to join by mail, and proves by the link that the address is theirs."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tenants import accounts, audit, members, standing
from tenants.events import Action
from tenants.mail import limits, links, outbox
from tenants.models import Invitation, MailKind, Membership, Tenant, User
from tenants.models.invitation import a_week_from_now
from tenants.models.user import fold_email
from tenants.refusal import Refused
from tenants.words import gettext as _


def invite(tenant: Tenant, email: str, role: str, *, actor: User) -> Invitation:
    """Invite an address; inviting it again renews the invitation that is open, and mails it again.

    Raises `Refused`: `owner_only`, `tenant_suspended`, `already_member`, `mail_limit`, `mail_off`.
    """
    email = fold_email(email)
    with (
        audit.refusals(Action.INVITATION_CREATE, actor=actor, tenant=tenant, invited=email, role=role),
        transaction.atomic(),
    ):
        row = members.lock(tenant)
        members.require_owner(row, actor)
        standing.require_running(row)
        if Membership.objects.filter(tenant=row, user__email=email).exists():
            raise Refused(
                "already_member",
                _("%(email)s is a member already; what they may do is changed in the list of members.")
                % {"email": email},
                status=409,
                field="email",
            )
        limits.admit(email)
        invitation = Invitation.objects.filter(tenant=row, email=email, accepted_at=None, withdrawn_at=None).first()
        invitation = invitation or Invitation(tenant=row, email=email)
        invitation.role, invitation.invited_by, invitation.expires_at = role, actor, a_week_from_now()
        invitation.save()
        outbox.post(MailKind.INVITATION, email, invitation.pk)
        audit.record(Action.INVITATION_CREATE, actor=actor, target=invitation, tenant=row, role=role)
    return invitation


def withdraw(invitation: Invitation, *, actor: User) -> None:
    """The link is worth nothing from now on. Raises `Refused`: `owner_only`, `invitation_closed`."""
    tenant = invitation.tenant
    facts: dict[str, Any] = {"actor": actor, "target": invitation, "tenant": tenant}
    with audit.refusals(Action.INVITATION_WITHDRAW, **facts), transaction.atomic():
        members.require_owner(members.lock(tenant), actor)
        row = Invitation.objects.get(pk=invitation.pk)
        if row.accepted_at or row.withdrawn_at:
            said = _("This invitation was withdrawn already; its link lets nobody in.")
            if row.accepted_at:
                said = _("This invitation was accepted already; remove the member instead.")
            raise Refused("invitation_closed", said, status=409)
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
        audit.record(Action.INVITATION_WITHDRAW, **facts)


def find(token: str) -> Invitation:
    """The invitation of a link, if it can still be accepted. Raises `Refused`, saying why not."""
    row = Invitation.objects.select_related("tenant", "invited_by").filter(pk=links.invited(token)).first()
    if row is None:
        raise Refused("link_invalid", _("This link is not valid; ask for a new invitation."))
    blocked = row.invited_by is not None and not row.invited_by.is_active  # else they would come back by their own link
    match "withdrawn" if blocked and row.state == "open" else row.state:
        case "accepted":
            raise Refused("link_used", _("This invitation was accepted already; sign in."), status=409)
        case "withdrawn":
            raise Refused("invitation_withdrawn", _("This invitation was withdrawn; ask whoever sent it."), status=409)
        case "expired":
            raise Refused("link_expired", _("This invitation is too old; ask whoever sent it for a new one."))
    return row


def invitee(invitation: Invitation) -> User | None:
    """The account of the invited address, if there is one. Raises `Refused` (`account_closed`)."""
    person = User.objects.filter(email=invitation.email).first()
    if person:
        accounts.require_active(person)
    return person


def accept(token: str, *, actor: User) -> Membership:
    """Join, as somebody who is signed in under the invited address. Raises `Refused`, `other_address` among others."""
    with audit.refusals(Action.INVITATION_ACCEPT, actor=actor), transaction.atomic():
        return _join(_locked(token), actor)


def accept_newly(token: str, *, name: str, password: str) -> Membership:
    """Join, as somebody who has no account yet: the link proves the address. Works where registration is closed."""
    with audit.refusals(Action.INVITATION_ACCEPT, actor=None), transaction.atomic():
        invitation = _locked(token)
        person = accounts.open_account(invitation.email, name, password)
        audit.record(Action.SIGN_UP, actor=person, target=person, tenant=invitation.tenant)
        return _join(invitation, person)


def _locked(token: str) -> Invitation:
    members.lock(find(token).tenant)
    return find(token)  # whoever had the lock may have changed it


def _join(invitation: Invitation, actor: User) -> Membership:
    person = User.objects.locked().get(pk=actor.pk)
    if person.email != invitation.email:
        raise Refused(
            "other_address",
            _("This invitation is for %(email)s; you are signed in as %(email_2)s. Switch the account to accept it.")
            % {"email": invitation.email, "email_2": person.email},
            status=403,
        )
    accounts.require_active(person)
    tenant = invitation.tenant
    membership, made = Membership.objects.get_or_create(
        tenant=tenant, user=person, defaults={"role": invitation.role}
    )  # who became a member meanwhile keeps the role that they have
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    audit.record(Action.INVITATION_ACCEPT, actor=person, target=invitation, tenant=tenant)
    if made:
        audit.record(Action.MEMBER_JOIN, actor=person, target=person, tenant=tenant, role=membership.role)
    return membership
