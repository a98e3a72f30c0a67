"""What people change about a container that is there: its settings, its image, and a second one like it."""

from collections.abc import Mapping
from typing import Any

from containers import admission, steps, variables
from containers.going import require_staying
from containers.models import Container
from containers.variables import Changes
from tenants.events import Action
from tenants.models import User
from tenants.precondition import ANY, IfMatch
from tenants.words import gettext as _


def change(
    container: Container,
    *,
    actor: User,
    label: str | None = None,
    environment: Changes | None = None,
    secrets: Changes | None = None,
    port: int | None = None,
    memory: int | None = None,
    cpu: int | None = None,
    resets_connections: bool | None = None,
    if_match: IfMatch = ANY,
    permission: str = "",
) -> Container:
    """Change what is given; None leaves it as it is, and in `environment` and `secrets` takes a variable away.

    Label, port and `resets_connections` change in the rows and at the edge alone, memory and CPU at the engine without
    a restart. A change of the environment needs a new container at the engine: the program is started anew, its data
    is kept.
    """
    asked: dict[str, Any] = {
        "label": label,
        "port": port,
        "memory": memory,
        "cpu": cpu,
        "resets_connections": resets_connections,
    }

    def apply(row: Container) -> bool | dict[str, Any]:
        changed = [*_change_fields(row, asked), *_change_variables(row, environment or {}, secrets or {})]
        return {"changed": changed} if changed else False

    # Limits are compared with the plan under the lock of whoever changes plans.
    limited = memory is not None or cpu is not None
    return admission.apply(container, actor, Action.CONTAINER_CHANGE, apply, if_match, permission, whole_tenant=limited)


def _change_fields(row: Container, asked: Mapping[str, Any]) -> list[str]:
    """Put what is given on the row; returns the names of what differs now. Raises `Refused`: the plan's limits."""
    changed = {name: value for name, value in asked.items() if value is not None and value != getattr(row, name)}
    if {"memory", "cpu"} & changed.keys():  # only what is changed: what was allowed under an earlier plan may stay
        admission.check_limits(row.tenant.plan, changed.get("memory"), changed.get("cpu"))
    for name, value in changed.items():
        setattr(row, name, value)
    return list(changed)


def _change_variables(row: Container, plain: Changes, secret: Changes) -> list[str]:
    """Put them on the row, which then needs a new container; returns the names of those that differ, never a value."""
    before, hidden = row.environment, row.secret_values
    row.environment, after = variables.merged(before, plain), variables.merged(hidden, secret)
    differing = [
        *(f"environment.{name}" for name in _differing(before, row.environment)),
        *(f"secrets.{name}" for name in _differing(hidden, after)),
    ]
    if differing:
        variables.check(row.environment, after, known={*before, *hidden})
        row.secret_values = after
        row.revision += 1
        steps.again(row, steps.CONTAINER)
    return differing


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def recreate(container: Container, *, actor: User, if_match: IfMatch = ANY, permission: str = "") -> Container:
    """Want a new container of the template's present image, looked for anew; data and settings stay.

    Variables that the template has got since are added; the person's own stay as they are, and what a person took
    away stays away. Raises `Refused` where the template is no longer offered, as a creation does.
    """

    def apply(row: Container) -> dict[str, Any]:
        template = row.template
        admission.require_offered(template, row.tenant.plan, _("this container goes on as it is"))
        before, row.image = row.image, template.image
        known = {*row.template_variables, *row.secret_values}
        added = {name: value for name, value in template.environment.items() if name not in known}
        row.environment = {**added, **row.environment}
        row.template_variables = sorted(template.environment)
        row.revision += 1
        row.pull_revision = row.revision
        steps.again(row, steps.IMAGE)
        steps.again(row, steps.CONTAINER)
        return {"image": row.image, **({"image_before": before} if before != row.image else {})}

    # The plan is asked under the lock of whoever changes plans.
    action = Action.CONTAINER_RECREATE
    return admission.apply(container, actor, action, apply, if_match, permission, whole_tenant=True)


def duplicate(container: Container, *, actor: User, name: str) -> Container:
    """A new container of the same tenant with the same settings and secrets but no data, admitted as any other."""
    source = Container.objects.select_related("tenant", "template").get(pk=container.pk)
    require_staying(source)
    return admission.create(
        actor=actor,
        tenant=source.tenant,
        template=source.template,
        name=name,
        memory=source.memory,
        cpu=source.cpu,
        like=source,
    )
