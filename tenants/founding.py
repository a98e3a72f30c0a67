"""New tenants: by somebody who signs up, or who is here already, where registration is open."""

from django.conf import settings
from django.db import IntegrityError, transaction

from tenants import audit, members, names, standing
from tenants.events import Action
from tenants.models import Membership, Plan, Role, Tenant, User
from tenants.refusal import Refused
from tenants.words import gettext as _


def require_open() -> None:
    """For who signs up. Raises `Refused`: `registration_closed`."""
    if not settings.REGISTRATION_OPEN:
        raise Refused(
            "registration_closed",
            _("Nobody can sign up here by themselves; ask an owner to invite you, or whoever runs this installation."),
            status=403,
        )


def require_free() -> None:
    """For who is here already, and wants a tenant. Raises `Refused`: `registration_closed`."""
    if not settings.REGISTRATION_OPEN:
        raise Refused(
            "registration_closed",
            _("Nobody can make tenants here by themselves; ask whoever runs this installation for one."),
            status=403,
        )


def create(*, actor: User, name: str, slug: str = "", field: str = "name") -> Tenant:
    """A tenant that the person owns. Without a slug, one is made from the name.

    `field` is what the form calls the name. Raises `Refused`: `registration_closed`, `tenants_limit`,
    `tenant_suspended` while one of their own is, or what is wrong with name or slug.
    """
    with audit.refusals(Action.TENANT_CREATE, actor=actor, tried=slug[:20]), transaction.atomic():
        require_free()
        _require_room(User.objects.locked().get(pk=actor.pk))
        return found(actor, name, slug, field=field)


def _require_room(person: User) -> None:
    """Hold the person's lock. Else new tenants would be a way around a plan's limits, and around a suspension."""
    owned = list(Tenant.objects.living().filter(memberships__user=person, memberships__role=Role.OWNER))
    for tenant in owned:
        standing.require_running(tenant)
    most = settings.TENANTS_PER_PERSON
    if most and len(owned) >= most:
        words = _(
            "Of tenants you may own %(most)s at most, and own %(owned)s already; delete one or hand one over first."
        ) % {
            "owned": len(owned),
            "most": most,
        }
        raise Refused("tenants_limit", words, limit=most)


def found(owner: User, name: str, slug: str, *, field: str = "tenant_name") -> Tenant:
    """The part that signing up shares; stand in a transaction. `field`: what the form calls the name."""
    name = names.check_mailed(name, field)
    tenant = _make(name, names.check_slug(slug)) if slug else _make_somehow(name)
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    audit.record(Action.TENANT_CREATE, actor=owner, target=tenant, tenant=tenant, plan=tenant.plan.code)
    return tenant


def _make_somehow(name: str) -> Tenant:
    """With a slug that is like the name: nobody chose it, so when somebody else is faster, another will do."""
    while True:
        try:
            return _make(name, names.free(name))
        except Refused as exc:
            if exc.code != "slug_taken":
                raise


def _make(name: str, slug: str) -> Tenant:
    plan = Plan.objects.filter(code=settings.REGISTRATION_PLAN).first()
    if plan is None:
        raise Refused(
            "no_plan",
            _("There is no plan %(registration_plan)s for new tenants; ask whoever runs Warren to set one up.")
            % {"registration_plan": settings.REGISTRATION_PLAN},
            status=503,
        )
    taken = Refused(
        "slug_taken", _("The short name %(slug)s is taken; choose another.") % {"slug": slug}, status=409, field="slug"
    )
    if Tenant.objects.filter(slug=slug).exists():
        raise taken
    try:
        with transaction.atomic():
            return Tenant.objects.create(slug=slug, name=name, plan=plan)
    except IntegrityError:  # somebody else was faster
        raise taken from None


def rename(tenant: Tenant, name: str, *, actor: User) -> Tenant:
    """Raises `Refused`: `owner_only`, `name_invalid`. The slug stays: it is in every hostname."""
    with audit.refusals(Action.TENANT_RENAME, actor=actor, target=tenant, tenant=tenant), transaction.atomic():
        row = members.lock(tenant)
        members.require_owner(row, actor)
        before, row.name = row.name, names.check_mailed(name, "name")
        row.save(update_fields=["name"])
        audit.record(Action.TENANT_RENAME, actor=actor, target=row, tenant=row, before=before)
    return row
