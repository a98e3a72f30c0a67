"""After every change of an application: whom each of its policies lets in. Kept, for whoever has to prove who was."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from cloudflare.simulator.state import World


@dataclass
class Admissions:
    """A listener of the world, the newest row last. A row: when, which application, and the addresses it lets in."""

    world: World
    rows: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=20_000))

    def __call__(self, kind: str, key: str) -> None:
        if kind != "app":
            return
        app = self.world.apps.get(key)
        include = [rule for policy in app.policies for rule in policy.fields["include"]] if app else []
        emails = sorted(rule["email"]["email"] for rule in include if "email" in rule)
        self.rows.append({"at": time.time(), "app": key, "emails": emails})
