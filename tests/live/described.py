"""`docs/websockets.md` as a check: a message has just the fields that its table names, of the types it names."""

import datetime
import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any

Table = dict[str, str]
_HEADING = re.compile(r"^##(#?) (?:(server|client|part) )?`([^`]+)`")
_FIELD = re.compile(r"^\| (\w+) \| ([^|]+?) \|")


@cache
def tables() -> dict[tuple[str, str, str], Table]:
    """Fields and their types by (socket's address, who sends it, name); parts belong to no socket."""
    found: dict[tuple[str, str, str], Table] = {}
    socket, table = "", {}
    path = Path(__file__).resolve().parents[2] / "docs" / "websockets.md"
    for line in path.read_text().splitlines():
        if heading := _HEADING.match(line):
            deeper, who, name = heading.groups()
            if not deeper:
                socket = name
            else:
                table = found.setdefault(("" if who == "part" else socket, who, name), {})
        elif line.startswith("## "):
            table = {}
        elif (field := _FIELD.match(line)) and field[1] != "field":
            table[field[1]] = field[2]
    return found


def kinds(socket: str, who: str = "server") -> set[str]:
    return {name for address, sender, name in tables() if (address, sender) == (socket, who)}


def check(socket: str, message: dict[str, Any], who: str = "server") -> None:
    """Raises `AssertionError` for a message that the description does not have, or has otherwise."""
    table = tables().get((socket, who, message["type"]))
    assert table is not None, f"{message['type']} is not described for {socket}"
    _object(table, {name: value for name, value in message.items() if name != "type"}, message["type"])


def _object(table: Table, value: dict[str, Any], where: str) -> None:
    assert value.keys() == table.keys(), f"{where}: {value.keys() ^ table.keys()}"
    for name, kind in table.items():
        assert _is(kind, value[name], f"{where}.{name}"), f"{where}.{name} is no {kind}: {value[name]!r}"


def _is(kind: str, value: Any, where: str) -> bool:
    if kind.endswith(" or null"):
        return value is None or _is(kind.removesuffix(" or null"), value, where)
    if kind.startswith("array of "):
        return isinstance(value, list) and all(_is(kind.removeprefix("array of "), each, where) for each in value)
    if kind.startswith("map of "):
        inner = kind.removeprefix("map of ")
        return all(_is("uuid", key, where) and _is(inner, each, where) for key, each in value.items())
    if part := tables().get(("", "part", kind.removeprefix("object: "))):
        _object(part, value, where)
        return True
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "uuid":
            return str(uuid.UUID(value)) == value
        case "time":
            return datetime.datetime.fromisoformat(value).utcoffset() == datetime.timedelta()
    raise AssertionError(f"{where}: the description has an unknown type, {kind}")
