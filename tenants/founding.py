"""New tenants: by somebody who signs up, or who is here already, where registration is open."""

from django.conf import settings
from django.db import IntegrityError, transaction

from tenants import audit, members, names
from tenants.events import Action
from tenants.models import Membership, Plan, Role, Tenant, User
from tenants.refusal import Refused


def require_open() -> None:
    """Raises `Refused`: `registration_closed`."""
    if not settings.REGISTRATION_OPEN:
        raise Refused(
            "registration_closed",
            "Nobody can sign up here by themselves; ask an owner to invite you, or whoever runs this installation.",
            status=403,
        )


def create(*, actor: User, name: str, slug: str = "") -> Tenant:
    """A tenant that the person owns. Without a slug, one is made from the name.

    Raises `Refused`: `registration_closed`, or what is wrong with name or slug.
    """
    with audit.refusals(Action.TENANT_CREATE, actor=actor, tried=slug[:20]), transaction.atomic():
        require_open()
        return found(actor, name, slug)


def found(owner: User, name: str, slug: str) -> Tenant:
    """The part that signing up shares; stand in a transaction."""
    name = names.check(name, "tenant_name")
    slug = names.check_slug(slug) if slug else names.free(name)
    plan = Plan.objects.filter(code=settings.REGISTRATION_PLAN).first()
    if plan is None:
        raise Refused("no_plan", f"There is no plan {settings.REGISTRATION_PLAN}; ask whoever runs this.", status=503)
    taken = Refused("slug_taken", f"The short name {slug} is taken; choose another.", status=409, field="slug")
    if Tenant.objects.filter(slug=slug).exists():
        raise taken
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(slug=slug, name=name, plan=plan)
    except IntegrityError:  # somebody else was faster
        raise taken from None
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    audit.record(Action.TENANT_CREATE, actor=owner, target=tenant, tenant=tenant, plan=plan.code)
    return tenant


def rename(tenant: Tenant, name: str, *, actor: User) -> Tenant:
    """Raises `Refused`: `owner_only`, `name_invalid`. The slug stays: it is in every hostname."""
    with audit.refusals(Action.TENANT_RENAME, actor=actor, target=tenant, tenant=tenant), transaction.atomic():
        row = members.lock(tenant)
        members.require_owner(row, actor)
        before, row.name = row.name, names.check(name, "name")
        row.save(update_fields=["name"])
        audit.record(Action.TENANT_RENAME, actor=actor, target=row, tenant=row, before=before)
    return row
