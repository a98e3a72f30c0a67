"""Containers at the real engine that an agent takes for ours."""

import contextlib
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import docker
from docker.models.containers import Container as DockerContainer

MARK = "t" + secrets.token_hex(2)
IMAGE = f"warren/{MARK}:latest"


@dataclass
class Box:
    """A container at the engine that an agent takes for one of ours."""

    made: DockerContainer
    pk: uuid.UUID

    @property
    def name(self) -> str:
        return self.made.name or ""

    def run(self, *command: str) -> str:
        return self.made.exec_run(list(command)).output.decode()

    def processes(self) -> list[str]:
        """What runs in it, without what runs it."""
        return [row[-1] for row in self.made.top(ps_args="-o pid,args")["Processes"]]


def boxed(*command: str, **more: Any) -> Box:
    pk = uuid.uuid4()
    labels = {"warren.installation": MARK, "warren.container": str(pk)}
    name = f"{MARK}-{pk.hex[:12]}"
    with contextlib.closing(docker.from_env()) as client:
        made = client.containers.run(
            IMAGE, list(command), name=name, labels=labels, detach=True, init=True, network_mode="none", **more
        )
    return Box(made, pk)
