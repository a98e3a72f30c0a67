"""From method and path to a handler: a plain function of the world and the call."""

import re
from collections.abc import Callable
from typing import TypeVar

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.state import World

Handler = Callable[[World, Call], Reply]
F = TypeVar("F", bound=Handler)
_routes: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, path: str) -> Callable[[F], F]:
    """Register a handler; `{name}` in the path is an id, handed over in `Call.ids`."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(handler: F) -> F:
        _routes.append((method, pattern, handler))
        return handler

    return register


def find(world: World, method: str, path: str) -> tuple[Handler, dict[str, str]]:
    """Raises `Refusal` where there is no such call, or the account or zone is somebody else's."""
    known = False
    for verb, pattern, handler in _routes:
        if found := pattern.fullmatch(path):
            known = True
            if verb == method:
                ids = found.groupdict()
                if ids.get("account", world.account_id) != world.account_id:
                    raise Refusal(403, 10000, "Authentication error")
                if ids.get("zone", world.zone_id) != world.zone_id:
                    raise Refusal(403, 10000, "Authentication error")
                return handler, ids
    if known:
        raise Refusal(405, 10405, "Method not allowed for this authentication scheme")
    raise Refusal(404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?")
