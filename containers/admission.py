"""What people may ask of containers: each request is checked, saved and put on record in one transaction."""

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from containers import conditions, naming, placement, steps, variables, visibility
from containers.going import is_going, require_staying
from containers.models import Container, ContainerStatus, Desired, EngineState, Template
from tenants import audit
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Plan, Tenant, User
from tenants.models.plan import MIB
from tenants.precondition import ANY, IfMatch
from tenants.refusal import Refused
from tenants.standing import require_running
from tenants.words import gettext as _
from tenants.words import ngettext

# For the engine, 0 means no limit at all.
LEAST_MEMORY, LEAST_CPU = 6 * MIB, 10


def create(
    *,
    actor: User,
    tenant: Tenant,
    template: Template,
    name: str,
    memory: int | None = None,
    cpu: int | None = None,
    like: Container | None = None,
    environment: Mapping[str, str] | None = None,
) -> Container:
    """Save a new container that is wanted running. `memory` in bytes, `cpu` in thousandths; None: all the plan gives.

    `like`: one whose settings and secrets it gets instead of the template's; its data stays where it is.
    `environment` goes before either's.
    Raises `Refused`: the name, the plan's limits, or no room for one more hostname.
    """
    began = timezone.now()
    with audit.refusals(Action.CONTAINER_CREATE, actor=actor, tenant=tenant), transaction.atomic():
        # The lock makes everybody else who creates for this tenant wait until this one counts.
        tenant = Tenant.objects.locked(tenant.pk)
        require_running(tenant)
        there = naming.named(tenant, name)
        limits = _within_plan(tenant.plan, there["living"], memory, cpu)
        require_offered(template, tenant.plan, _("choose another template"))
        settled = _settings(template, like, environment or {})
        place = placement.current().find(tenant)
        full = naming.hostname(name, tenant, place.domain, taken=there["so_named"])
        container = Container.objects.create(
            tenant=tenant,
            template=template,
            name=name,
            hostname=full,
            internet=tenant.plan.internet,
            created_by=actor,
            **settled,
            **limits,
        )
        ContainerStatus.objects.create(container=container)
        place.claim(container)
        container.conditions.bulk_create(conditions.blank(container, steps.checked(began)))
        origin: dict[str, Any] = {"template": template.slug, **({"like": str(like)} if like else {})}
        audit.record(Action.CONTAINER_CREATE, actor=actor, target=container, tenant=tenant, **origin)
    return container


def _settings(template: Template, like: Container | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """What a container begins with: `like`'s own, or the template's. Raises `Refused`: the environment."""
    source = like or template
    if environment:
        variables.check(source.environment | environment, {}, known=set(source.environment))
    copied = {name: getattr(source, name) for name in ("image", "command", "port", "data_folder")}
    if like:
        own = ("label", "template_variables", "secrets", "resets_connections")
        copied |= {name: getattr(like, name) for name in own}
    else:
        copied["template_variables"] = sorted(template.environment)
    return {**copied, "environment": source.environment | environment}


def require_offered(template: Template, plan: Plan, instead: str) -> None:
    """Raises `Refused`; `instead` is what its reader can do, or need not fear."""
    if not template.enabled:
        said = _("%(template)s is not offered any more; %(instead)s.")
        raise Refused("template_disabled", said % {"template": template, "instead": instead})
    if not template.offered_to(plan):
        raise Refused(
            "template_not_in_plan",
            _("The plan %(plan)s does not offer %(template)s; %(instead)s, or ask for another plan.")
            % {"plan": plan, "template": template, "instead": instead},
            field="template",
        )


def _within_plan(plan: Plan, count: int, memory: int | None, cpu: int | None) -> dict[str, int]:
    """The limits of one more container beside `count`. Raises `Refused`."""
    if plan.max_containers is not None and count >= plan.max_containers:
        raise Refused(
            "containers_limit",
            ngettext(
                "The plan %(plan)s allows %(limit)d container; this tenant has %(used)d. "
                "Delete one first, or ask for another plan.",
                "The plan %(plan)s allows %(limit)d containers; this tenant has %(used)d. "
                "Delete one first, or ask for another plan.",
                plan.max_containers,
            )
            % {"plan": plan, "limit": plan.max_containers, "used": count},
            limit=plan.max_containers,
            used=count,
        )
    memory, cpu = plan.memory if memory is None else memory, plan.cpu if cpu is None else cpu
    check_limits(plan, memory, cpu)
    return {"memory": memory, "cpu": cpu, "storage": plan.storage}


def check_limits(plan: Plan, memory: int | None, cpu: int | None) -> None:
    """Raises `Refused` for what is more than the plan gives a container, or so little that it would be no limit."""
    if (memory is not None and memory < LEAST_MEMORY) or (cpu is not None and cpu < LEAST_CPU):
        raise Refused(
            "limit_too_low",
            _("A container needs at least %(least_memory)s MiB of memory and %(least_cpu)s CPU; choose more.")
            % {"least_memory": LEAST_MEMORY // MIB, "least_cpu": f"{LEAST_CPU / 1000:g}"},
            field="cpu" if cpu is not None and cpu < LEAST_CPU else "memory",
        )
    if memory is not None and memory > plan.memory:
        raise Refused(
            "memory_limit",
            _(
                "The plan %(plan)s allows %(memory)s MiB a container; %(memory_2)s MiB were asked for. "
                "Choose less, or ask for another plan."
            )
            % {"plan": plan, "memory": plan.memory // MIB, "memory_2": memory // MIB},
            field="memory",
            limit=plan.memory,
        )
    if cpu is not None and cpu > plan.cpu:
        raise Refused(
            "cpu_limit",
            _(
                "The plan %(plan)s allows %(cpu)s CPU a container; %(cpu_2)s were asked for. "
                "Choose less, or ask for another plan."
            )
            % {"plan": plan, "cpu": f"{plan.cpu / 1000:g}", "cpu_2": f"{cpu / 1000:g}"},
            field="cpu",
            limit=plan.cpu,
        )


def start(container: Container, *, actor: User, if_match: IfMatch = ANY, permission: str = "") -> Container:
    """Want it running; nothing changes if it is wanted so already."""

    def change(row: Container) -> bool:
        if row.desired == Desired.RUNNING:
            return False
        row.desired = Desired.RUNNING
        steps.again(row, steps.CONTAINER)
        return True

    return apply(container, actor, Action.CONTAINER_START, change, if_match, permission)


def stop(container: Container, *, actor: User, if_match: IfMatch = ANY, permission: str = "") -> Container:
    """Want it stopped; it keeps its address, its data and its place in the plan."""

    def change(row: Container) -> bool:
        changed, row.desired = row.desired != Desired.STOPPED, Desired.STOPPED
        return changed

    return apply(container, actor, Action.CONTAINER_STOP, change, if_match, permission)


def restart(container: Container, *, actor: User, if_match: IfMatch = ANY, permission: str = "") -> Container:
    def change(row: Container) -> bool:
        status = ContainerStatus.objects.get(pk=row.pk)
        if row.desired != Desired.RUNNING or status.state not in {
            EngineState.RUNNING,
            EngineState.RESTARTING,
        }:
            raise Refused("not_running", _("Only a running container can be restarted; start it instead."), status=409)
        row.restart_from = status.started_at
        steps.again(row, steps.CONTAINER)
        return True

    return apply(container, actor, Action.CONTAINER_RESTART, change, if_match, permission)


def retry(container: Container, *, actor: User, if_match: IfMatch = ANY, permission: str = "") -> Container:
    """Try again at once whatever failed, with a fresh deadline."""

    def change(row: Container) -> bool:
        ContainerStatus.objects.filter(pk=row.pk).retry()
        return True

    return apply(container, actor, Action.CONTAINER_RETRY, change, if_match, permission)


def rename(container: Container, *, actor: User, name: str, if_match: IfMatch = ANY, permission: str = "") -> Container:
    """Want it at another address. The one that answers now does so until the new one answers, and a little longer.

    The container itself runs on as it is. Its own name again changes nothing; the name from before, until the new one
    answers, takes the rename back. Raises `Refused` as a creation does, and after `RENAMES_PER_HOUR`: each one costs
    calls to Cloudflare, of which there is one budget for all tenants.
    """

    def change(row: Container) -> bool | dict[str, Any]:
        if row.name == name:
            return False
        _allow_rename(row)
        place, former = placement.current().beside(row), row.hostname
        taken = naming.named(row.tenant, name)["so_named"]
        row.name, row.hostname = name, naming.hostname(name, row.tenant, place.domain, taken=taken)
        place.claim(row)
        return {"former": former, "hostname": row.hostname}

    # As in a creation, everybody else who wants a name of this tenant's waits.
    return apply(container, actor, Action.CONTAINER_RENAME, change, if_match, permission, whole_tenant=True)


def _allow_rename(row: Container) -> None:
    """Hold the row's lock, so that two at once count one after the other."""
    limit, hour = settings.RENAMES_PER_HOUR, datetime.timedelta(hours=1)
    now = timezone.now()
    done = AuditEvent.objects.filter(
        target_type=row._meta.label_lower,
        target_id=str(row.pk),
        action=Action.CONTAINER_RENAME,
        outcome=Outcome.DONE,
        at__gt=now - hour,
    )
    latest = list(done.order_by("-at").values_list("at", flat=True)[:limit])
    if len(latest) < limit:
        return
    wait = math.ceil((latest[-1] + hour - now).total_seconds()) if latest else 3600
    raise Refused(
        "rename_limit",
        _("A container can be renamed %(limit)s times an hour; try again in %(minutes)s min.")
        % {"limit": limit, "minutes": -(-wait // 60)},
        status=429,
        retry_after=wait,
        limit=limit,
    )


def remove(container: Container, *, actor: User | None, if_match: IfMatch = ANY, permission: str = "") -> Container:
    """Want it gone, here and outside. There is no way back; asking twice is fine."""

    def change(row: Container) -> bool:
        changed, row.desired = row.desired != Desired.ABSENT, Desired.ABSENT
        return changed

    return apply(container, actor, Action.CONTAINER_DELETE, change, if_match, permission)


def apply(
    container: Container,
    actor: User | None,
    action: Action,
    change: Callable[[Container], bool | dict[str, Any]],
    if_match: IfMatch = ANY,
    permission: str = "",
    *,
    whole_tenant: bool = False,
) -> Container:
    """Apply a change under the row's lock; a changed row gets a new generation, and its reconcilers are rung.

    `change` returns whether it changed anything, or what is to be on record about it. `if_match` says which generation
    the change was meant for; `Refused` for another one. `permission`: what the actor must hold under the lock, too,
    who may have lost it since a view asked; empty for staff and for Warren itself. `whole_tenant`: under the tenant's
    lock, too.
    """
    facts: dict[str, Any] = {"actor": actor, "target": container, "tenant": container.tenant}
    with audit.refusals(action, **facts), transaction.atomic():
        if whole_tenant:
            Tenant.objects.locked(container.tenant_id)
        row = Container.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=container.pk)
        if permission:
            visibility.require(actor, row, permission)
        if action not in {Action.CONTAINER_DELETE, Action.CONTAINER_RETRY}:
            require_staying(row)
        if not is_going(row) and action is not Action.CONTAINER_DELETE:
            require_running(row.tenant)
        if_match.check(row)
        if row.deleted_at is None and (changed := change(row)):
            row.generation += 1
            row.wanted_since = timezone.now()
            row.save()
            audit.record(action, **facts, **(changed if isinstance(changed, dict) else {}))
    return row
