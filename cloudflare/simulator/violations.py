"""After every change: whatever is routable is protected. What was not is kept, for tests and for the page."""

from cloudflare.simulator.state import World

MAX_KEPT = 1000


class Watch:
    """A listener of the world; only what touches records, ingress, applications or groups can break the rule."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: set[str] = set()

    def __call__(self, kind: str, key: str) -> None:
        if kind not in {"record", "tunnel", "app", "group"}:
            return
        now = self._world.unprotected()
        for host in sorted(now - self._open):
            if len(self._world.violations) < MAX_KEPT:
                self._world.violations.append({"hostname": host, "at": self._world.stamp(), "after": f"{kind} {key}"})
        self._open = now
