"""People: signing up with a confirmed address, their profile, and closing their account."""

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import translation

from tenants import audit, founding, guests, languages, members, names, passwords, tokens
from tenants.events import Action
from tenants.mail import limits, links, outbox
from tenants.models import MailKind, Membership, Tenant, User
from tenants.models.user import fold_email
from tenants.refusal import Refused
from tenants.words import gettext as _


def ask(email: str) -> None:
    """Mail a link that confirms the address. Nothing else is kept, and nobody learns who has an account.

    Where registration is closed, the mail is sent to guests alone; that is looked up when it is sent, so that nobody
    learns from the answer who is one. Raises `Refused`: `mail_limit`, `mail_off`.
    """
    email = fold_email(email)
    with audit.refusals(Action.SIGN_UP_ASK, actor=None), transaction.atomic():
        limits.admit(email)
        mail = outbox.post(MailKind.SIGN_UP, email, language=translation.get_language() or "")
        audit.record(Action.SIGN_UP_ASK, actor=None, mail=mail.pk)  # the address is forgotten with the mail


def sign_up(
    token: str, *, name: str, password: str, tenant_name: str = "", slug: str = ""
) -> tuple[User, Tenant | None]:
    """Make the account that the link confirms, and a tenant of its own, in one transaction; a guest needs no tenant.

    Raises `Refused`: `registration_closed`, the link's codes, `link_used`, or what is wrong with what was given.
    """
    with audit.refusals(Action.SIGN_UP, actor=None), transaction.atomic():
        email = links.signed_up(token)
        alone = not tenant_name and guests.known(email)
        if not alone:
            founding.require_open()
        person = open_account(email, name, password)
        tenant = None if alone else founding.found(person, tenant_name, slug)
        audit.record(Action.SIGN_UP, actor=person, target=person, tenant=tenant)
    return person, tenant


def open_account(email: str, name: str, password: str) -> User:
    """A new person whose address is proved; stand in a transaction."""
    email, name = fold_email(email), names.check_mailed(name, "name", 150)
    used = Refused("link_used", _("There is an account with this address already; sign in."), status=409)
    if there := User.objects.filter(email=email).first():
        require_active(there)
        raise used
    passwords.check(password, User(email=email, name=name))
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name)
    except IntegrityError:  # the same link, twice at once
        raise used from None


def require_active(person: User) -> None:
    """Raises `Refused`: `account_closed`."""
    if not person.is_active:
        raise Refused(
            "account_closed",
            _("The account of %(person)s is closed; ask whoever runs Warren to open it.") % {"person": person},
            status=403,
        )


def change(person: User, *, name: str | None = None, language: str | None = None) -> User:
    """What is given of the profile; a language that is none of ours is none, and the browser's counts.

    Raises `Refused`: `name_invalid`.
    """
    with audit.refusals(Action.PROFILE_CHANGE, actor=person, target=person), transaction.atomic():
        row = User.objects.locked().get(pk=person.pk)
        if name is not None:
            row.name = names.check_mailed(name, "name", 150)
        if language is not None:
            row.language = languages.known(language)
        row.save(update_fields=["name", "language"])
        audit.record(Action.PROFILE_CHANGE, actor=row, target=row)
    return row


def close(person: User, current: str, *, request: HttpRequest) -> None:
    """Switch the person off for good: out of every tenant, every session and token ended.

    The row stays, for what they did stays theirs. Raises `Refused`: `password_wrong`, or `last_owner` with the tenant.
    """
    with audit.refusals(Action.ACCOUNT_CLOSE, actor=person, target=person):
        wrong = Refused(
            "password_wrong",
            _("This is not your password, and nothing was changed. Try again, or sign out and reset it."),
            field="current_password",
        )
        known = passwords.verify(request, person.email, current)
        if known is None:
            raise wrong
        while not _closed(person, known.password, wrong):
            pass  # they joined a tenant at this very moment


def _closed(person: User, password: str, wrong: Refused) -> bool:
    """False, and nothing done, if they belong to a tenant that was not locked: to wait for it now could be in a circle.

    `password` as it was stored when it was verified; `wrong` is raised where another was set since.
    """
    with transaction.atomic():
        # In order of their keys, as everybody who locks more than one of them must.
        locked = {members.lock(tenant).pk for tenant in Tenant.objects.filter(members=person).order_by("pk")}
        row = User.objects.locked().get(pk=person.pk)
        if row.password != password:
            raise wrong
        memberships = list(Membership.objects.filter(user=person).select_related("tenant", "user"))
        if any(membership.tenant_id not in locked for membership in memberships):
            return False
        row.is_active = False
        row.set_unusable_password()  # so that no old session comes back to life should staff open the account again
        row.save()  # this first: who hears of it locks containers, and who hears of a membership what comes after them
        for membership in memberships:
            members.go(membership, actor=person)
            audit.record(Action.MEMBER_LEAVE, actor=person, tenant=membership.tenant)
        tokens.revoke_all(person, actor=person)
        audit.record(Action.ACCOUNT_CLOSE, actor=row, target=row)
    return True
