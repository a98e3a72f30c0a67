"""Cloudflare's envelope: what is answered, and what is refused with which code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """An answer that says no. `pointer` names the place in the body."""

    def __init__(self, status: int, code: int, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.pointer = status, code, pointer

    def body(self) -> dict[str, Any]:
        row: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.pointer:
            row["source"] = {"pointer": self.pointer}
        return {"success": False, "errors": [row], "messages": [], "result": None}


@dataclass(frozen=True, slots=True)
class Reply:
    result: Any
    status: int = 200
    info: dict[str, int] | None = None
    bare: bool = False  # revoke_user and revoke_tokens answer without errors and messages

    def body(self) -> dict[str, Any]:
        if self.bare:
            return {"success": True, "result": self.result}
        body: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": self.result}
        return body if self.info is None else {**body, "result_info": self.info}


@dataclass(frozen=True, slots=True)
class Call:
    """A request after authentication: query and body, and the ids in its path.

    `longest`: rows that a page has, whatever was asked for.
    """

    query: Mapping[str, str]
    body: Any = None
    ids: dict[str, str] = field(default_factory=dict)
    longest: int = 5_000_000

    def fields(self, known: Mapping[str, type | tuple[type, ...]], required: Sequence[str] = ()) -> dict[str, Any]:
        """The body's known fields, each of its type. Others are ignored, as Cloudflare does."""
        if not isinstance(self.body, dict):
            raise invalid("the body must be a JSON object")
        for name in required:
            if self.body.get(name) in (None, ""):
                raise invalid(f"{name} is required", f"/{name}")
        found = {}
        for name, kinds in known.items():
            if name not in self.body:
                continue
            value = self.body[name]
            allowed = kinds if isinstance(kinds, tuple) else (kinds,)
            if value is not None and (
                not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)
            ):
                raise invalid(f"{name} has the wrong type", f"/{name}")
            found[name] = value
        return found

    def page(self, rows: Sequence[Any], *, default: int, most: int) -> Reply:
        """One page of the rows, with Cloudflare's counts."""
        number = self.number("page", 1, 1_000_000)
        size = min(self.number("per_page", default, most), self.longest)
        part = list(rows[(number - 1) * size : number * size])
        info = {
            "page": number,
            "per_page": size,
            "count": len(part),
            "total_count": len(rows),
            "total_pages": -(-len(rows) // size),
        }
        return Reply(part, info=info)

    def number(self, name: str, default: int, most: int) -> int:
        """Of the query, from 1 to `most`."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid(f"{name} must be a number from 1 to {most}")
        return int(text)

    def flag(self, name: str) -> bool | None:
        return {"true": True, "false": False}.get(self.query.get(name, ""))


def invalid(message: str, pointer: str = "") -> Refusal:
    """The validation error of the tunnel and DNS calls; Access has one of its own."""
    return Refusal(400, 1003, message, pointer)
