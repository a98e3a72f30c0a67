"""The world in a file, so that a restart finds everything again."""

import asyncio
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from cloudflare.simulator.people import Group, IdentityProvider, Session, User
from cloudflare.simulator.state import App, Policy, Record, Tunnel, World

DELAY = 0.05  # seconds in which changes are gathered before they are written
_KEPT = (
    "account_id",
    "zone_id",
    "domain",
    "token",
    "team_domain",
    "record_quota",
    "signing_keys",
    "violations",
)
_LATER = ("max_seats", "log_retention", "organization")  # an older file lacks these, and the parts below
_PARTS: dict[str, type] = {"providers": IdentityProvider, "groups": Group, "users": User}


class StateError(Exception):
    """The file is there and cannot be used; starting afresh would hide what was in it."""


def dump(world: World) -> dict[str, Any]:
    def rows(items: dict[str, Any], without: str = "") -> dict[str, Any]:
        return {key: _plain(row, without) for key, row in items.items()}

    return {
        **{name: getattr(world, name) for name in (*_KEPT, *_LATER)},
        **{name: rows(getattr(world, name)) for name in _PARTS},
        "tunnels": rows(world.tunnels, without="connectors"),
        "records": rows(world.records),
        "apps": rows(world.apps),
        "policies": rows(world.policies),
        "sessions": rows(world.sessions),
        "access_log": list(world.access_log),
        "mails": list(world.mails),
    }


def _plain(row: Any, without: str) -> dict[str, Any]:
    return {
        item.name: [_plain(sub, "") for sub in value] if item.name == "policies" else value
        for item in dataclasses.fields(row)
        if item.name != without
        for value in [getattr(row, item.name)]
    }


def load(raw: dict[str, Any]) -> World:
    world = World(**{name: raw[name] for name in _KEPT}, **{name: raw[name] for name in _LATER if name in raw})
    for name, kind in _PARTS.items():
        if name in raw:
            setattr(world, name, {key: kind(**row) for key, row in raw[name].items()})
    world.tunnels = {key: Tunnel(**row) for key, row in raw["tunnels"].items()}
    world.records = {key: Record(**row) for key, row in raw["records"].items()}
    world.policies = {key: Policy(**row) for key, row in raw["policies"].items()}
    world.sessions = {key: Session(**row) for key, row in raw["sessions"].items()}
    for key, row in raw["apps"].items():
        policies = [Policy(**policy) for policy in row["policies"]]
        world.apps[key] = App(**{**row, "policies": policies})
    world.access_log.extend(raw["access_log"])
    world.mails.extend(raw.get("mails", []))
    return world


def read(path: Path) -> World | None:
    """None if there is no file. Raises `StateError`."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StateError(f"{path} cannot be read: {exc.strerror}") from exc
    try:
        return load(json.loads(text))
    except (ValueError, KeyError, TypeError) as exc:
        raise StateError(f"{path} holds no state of the simulator; move it away to start afresh") from exc


class Keeper:
    """A listener of the world that writes it to the file, a moment after the last of a flock of changes."""

    def __init__(self, world: World, path: Path) -> None:
        self._world, self._path = world, path
        self._due: asyncio.TimerHandle | None = None

    def __call__(self, kind: str, key: str) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(DELAY, self.save)

    def save(self) -> None:
        """Write now: to a new file that takes the old one's place, so that a crash leaves one of them whole."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(dump(self._world), file)
        fresh.replace(self._path)
