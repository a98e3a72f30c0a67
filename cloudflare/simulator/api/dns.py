"""DNS records: `/zones/{zone}/dns_records`."""

import ipaddress
import re
from typing import Any

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.state import Record, World, new_id

ROOT = "/zones/{zone}/dns_records"
_KNOWN: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "name": str,
    "content": str,
    "proxied": bool,
    "ttl": (int, float),
    "comment": str,
    "tags": list,
    "settings": dict,
}
_ADDRESSES = {"A", "AAAA", "CNAME"}
_NAME = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_FILTERS = ("name", "content", "comment", "type")


def _shown(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "ttl": 1,
        "proxied": False,
        "comment": None,
        "tags": [],
        "settings": {},
        **record.fields,
        "proxiable": record.fields["type"] in _ADDRESSES,
        "meta": {},
        "created_on": record.created_on,
        "modified_on": record.modified_on,
    }


def _bad(code: int, message: str) -> Refusal:
    return Refusal(400, code, message)


def _get(world: World, call: Call) -> Record:
    record = world.records.get(call.ids["record"])
    if record is None:
        raise Refusal(404, 81044, "Record does not exist.")
    return record


def _checked(world: World, fields: dict[str, Any], own: str = "") -> dict[str, Any]:
    """The fields of a whole record, its name made full. Raises what Cloudflare says to it."""
    for name in ("type", "name", "content"):
        if not fields.get(name):
            raise _bad(9005 if name == "content" else 9000, f"DNS record {name} is invalid.")
    name = fields["name"].lower().rstrip(".")
    if name == "@":
        name = world.domain
    elif name != world.domain and not name.endswith(f".{world.domain}"):
        name = f"{name}.{world.domain}"
    if len(name) > 255 or not _NAME.fullmatch(name):
        raise _bad(9000, "DNS name is invalid.")
    ttl = fields.get("ttl", 1)
    if ttl != 1 and not 60 <= ttl <= 86400:
        raise _bad(9021, "TTL must be 1 (automatic), or between 60 and 86400 seconds.")
    fields = {**fields, "name": name}
    _check_content(world, fields)
    _check_unique(world, fields, own)
    return fields


def _check_content(world: World, fields: dict[str, Any]) -> None:
    kind, content = fields["type"], fields["content"]
    if kind in {"A", "AAAA"}:
        parse = ipaddress.IPv4Address if kind == "A" else ipaddress.IPv6Address
        try:
            parse(content)
        except ValueError:
            raise _bad(9005, f"Content for {kind} record is invalid.") from None
    elif kind == "CNAME":
        if not _NAME.fullmatch(content.lower()) or content.lower() == fields["name"]:
            raise _bad(9007, "Content for CNAME record is invalid.")
        if content.endswith(".cfargotunnel.com") and not fields.get("proxied"):
            raise _bad(9003, "A record that leads to a tunnel must be proxied.")
    elif kind != "TXT":
        raise _bad(9004, f"The simulator has no DNS records of type {kind}.")
    if fields.get("proxied") and kind not in _ADDRESSES:
        raise _bad(9004, f"A {kind} record cannot be proxied.")


def _check_unique(world: World, fields: dict[str, Any], own: str) -> None:
    for other in world.records.values():
        if other.id == own or other.name != fields["name"]:
            continue
        kind, theirs = fields["type"], other.fields["type"]
        if kind == theirs and other.fields["content"] == fields["content"]:
            raise _bad(81058, "An identical record already exists.")
        if kind == "CNAME" and theirs in _ADDRESSES:
            raise _bad(81053, "An A, AAAA, or CNAME record with that host already exists.")
        if theirs == "CNAME" and kind in _ADDRESSES:
            raise _bad(81054, "A CNAME record with that host already exists.")


def _matches(record: Record, call: Call) -> bool:
    for name in _FILTERS:
        value = str(record.fields.get(name) or "")
        checks = {
            name: value.__eq__,
            f"{name}.exact": value.__eq__,
            f"{name}.contains": value.__contains__,
            f"{name}.startswith": value.startswith,
            f"{name}.endswith": value.endswith,
        }
        if any(not check(call.query[key]) for key, check in checks.items() if key in call.query):
            return False
    proxied = call.flag("proxied")
    return proxied is None or bool(record.fields.get("proxied")) == proxied


@route("GET", ROOT)
def list_records(world: World, call: Call) -> Reply:
    rows = [_shown(record) for record in world.records.values() if _matches(record, call)]
    return call.page(rows, default=100, most=5_000_000)


@route("POST", ROOT)
def create_record(world: World, call: Call) -> Reply:
    fields = _checked(world, call.fields(_KNOWN))
    if len(world.records) >= world.record_quota:
        raise _bad(81045, "Record quota exceeded.")
    record = Record(new_id(), world.zone_id, fields, world.stamp(), world.stamp())
    world.records[record.id] = record
    world.changed("record", record.id)
    return Reply(_shown(record))


@route("GET", ROOT + "/usage")
def usage(world: World, call: Call) -> Reply:
    return Reply({"record_quota": world.record_quota, "record_usage": len(world.records)})


@route("GET", ROOT + "/{record}")
def get_record(world: World, call: Call) -> Reply:
    return Reply(_shown(_get(world, call)))


@route("PUT", ROOT + "/{record}")
def replace_record(world: World, call: Call) -> Reply:
    record = _get(world, call)
    return _written(world, record, _checked(world, call.fields(_KNOWN), own=record.id))


@route("PATCH", ROOT + "/{record}")
def update_record(world: World, call: Call) -> Reply:
    record = _get(world, call)
    return _written(world, record, _checked(world, {**record.fields, **call.fields(_KNOWN)}, own=record.id))


def _written(world: World, record: Record, fields: dict[str, Any]) -> Reply:
    record.fields, record.modified_on = fields, world.stamp()
    world.changed("record", record.id)
    return Reply(_shown(record))


@route("DELETE", ROOT + "/{record}")
def delete_record(world: World, call: Call) -> Reply:
    record = _get(world, call)
    del world.records[record.id]
    world.changed("record", record.id)
    return Reply({"id": record.id})
