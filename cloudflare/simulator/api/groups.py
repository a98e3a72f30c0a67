"""Access groups: rules under one name, which policies refer to. `/accounts/{account}/access/groups`."""

from collections.abc import Iterator
from typing import Any

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.policies import MAX_RULES, PARTS, given, refused, with_rules
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.people import Group, new_uuid
from cloudflare.simulator.state import World

ROOT = "/accounts/{account}/access/groups"
MAX_GROUPS, MAX_NAME = 300, 350
_KNOWN: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "include": list,
    "require": list,
    "exclude": list,
    "is_default": bool,
}


def _shown(group: Group) -> dict[str, Any]:
    """Without `is_default`: the schema has it as a flag in a request, and as a list of rules in an answer."""
    fields = {name: value for name, value in group.fields.items() if name != "is_default"}
    return {"id": group.id, **fields, "created_at": group.created_at, "updated_at": group.updated_at}


def _get(world: World, call: Call) -> Group:
    group = world.groups.get(call.ids["group"])
    if group is None:
        raise Refusal(404, 12404, "access.api.error.not_found: group not found")
    return group


def _checked(world: World, call: Call, own: str = "") -> dict[str, Any]:
    fields = given(call.body, _KNOWN)
    if not fields.get("name"):
        raise refused("group name is required")
    if len(fields["name"]) > MAX_NAME:
        raise refused("name is too long")
    with_rules(fields, "group")
    if sum(len(fields[part]) for part in PARTS) > MAX_RULES:
        raise refused(f"a group has at most {MAX_RULES} rules: limit exceeded")
    if own and own in _reached(world, fields):
        raise refused("a group must not hold itself")
    return fields


def _reached(world: World, fields: dict[str, Any]) -> set[str]:
    """Ids of all groups that these rules lead to."""
    found: set[str] = set()
    ahead = list(_referred(fields))
    while ahead:
        key = ahead.pop()
        if key not in found:
            found.add(key)
            ahead += _referred(world.groups[key].fields) if key in world.groups else ()
    return found


def _referred(fields: dict[str, Any]) -> Iterator[str]:
    return (rule["group"]["id"] for part in PARTS for rule in fields.get(part) or [] if "group" in rule)


@route("GET", ROOT)
def list_groups(world: World, call: Call) -> Reply:
    rows = [
        _shown(group)
        for group in world.groups.values()
        if call.query.get("name", group.fields["name"]) == group.fields["name"]
        and call.query.get("search", "").casefold() in group.fields["name"].casefold()
    ]
    return call.page(rows, default=50, most=1000)


@route("POST", ROOT)
def create_group(world: World, call: Call) -> Reply:
    fields = _checked(world, call)
    if len(world.groups) >= MAX_GROUPS:
        raise refused("the maximum number of groups is reached: limit exceeded")
    group = Group(new_uuid(), fields, world.stamp(), world.stamp())
    world.groups[group.id] = group
    world.changed("group", group.id)
    return Reply(_shown(group), status=201)


@route("GET", ROOT + "/{group}")
def get_group(world: World, call: Call) -> Reply:
    return Reply(_shown(_get(world, call)))


@route("PUT", ROOT + "/{group}")
def replace_group(world: World, call: Call) -> Reply:
    """Every policy that refers to it follows at the next login."""
    group = _get(world, call)
    group.fields, group.updated_at = _checked(world, call, own=group.id), world.stamp()
    world.changed("group", group.id)
    return Reply(_shown(group))


@route("DELETE", ROOT + "/{group}")
def delete_group(world: World, call: Call) -> Reply:
    group = _get(world, call)
    held = [
        *(policy.fields for app in world.apps.values() for policy in app.policies),
        *(policy.fields for policy in world.policies.values()),
        *(other.fields for other in world.groups.values() if other.id != group.id),
    ]
    if any(group.id in _referred(fields) for fields in held):
        raise Refusal(409, 12131, "access.api.error.conflict: group is in use")
    del world.groups[group.id]
    world.changed("group", group.id)
    return Reply({"id": group.id}, status=202)
