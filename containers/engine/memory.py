"""An engine without containers: for truth tables of the loop and for runs of hundreds. Same contract, no world."""

import builtins
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from containers.engine.base import (
    LABEL,
    ContainerSpec,
    EngineAway,
    EngineError,
    File,
    ForeignName,
    ImageMissing,
    Limits,
    Listed,
    NetworkBusy,
    NetworkMissing,
    NetworkSpec,
    Observed,
    PullFailed,
    SubnetTaken,
    Used,
)


@dataclass
class MemoryEngine:
    """`images` None: every image is there. `away`: nothing answers."""

    images: set[str] | None = None
    registry: set[str] = field(default_factory=set)
    away: bool = False
    containers: dict[str, Observed] = field(default_factory=dict)
    specs: dict[str, ContainerSpec] = field(default_factory=dict)
    files: dict[str, list[File]] = field(default_factory=dict)
    networks: dict[str, NetworkSpec] = field(default_factory=dict)
    able: Limits = field(default_factory=Limits)
    kept: dict[str, Used] = field(default_factory=dict)  # by name; who is not in it keeps nothing

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def ping(self) -> None:
        if self.away:
            raise EngineAway("The engine does not answer.")

    def create(self, spec: ContainerSpec, files: Iterable[File] = ()) -> str:
        self.ping()
        with self._lock:
            if self.images is not None and spec.image not in self.images:
                raise ImageMissing(f"The engine has no image {spec.image}.")
            if missing := {spec.network, *spec.extra_networks} - set(self.networks):
                raise NetworkMissing(f"The network {missing.pop()} is not there.")
            there = self.containers.get(spec.name)
            if there is not None:
                if not spec.is_meant_by(there.labels):
                    raise ForeignName(f"A container that is not this one has the name {spec.name}.")
                return there.id
            made = Observed(
                secrets.token_hex(32),
                spec.name,
                "created",
                dict(spec.labels),
                layer_limit=spec.storage if self.able.layer else 0,
                volume_limit=spec.storage if self.able.volume and spec.volume else 0,
            )
            self.containers[spec.name], self.specs[spec.name] = made, spec
            self.files[spec.name] = list(files)
            return made.id

    def start(self, name: str) -> None:
        with self._lock:
            there = self._there(name)
            if not there.running:
                now = datetime.now(UTC).isoformat()
                self.containers[name] = replace(there, state="running", started_at=now, exit_code=None)

    def stop(self, name: str, grace: int) -> None:
        self.ping()
        with self._lock:
            there = self.containers.get(name)
            if there is not None and there.running:
                self.containers[name] = replace(there, state="exited", exit_code=143)

    def restart(self, name: str, grace: int) -> None:
        self.stop(name, grace)
        self.start(name)

    def remove(self, name: str, volume: str = "") -> None:
        self.ping()
        with self._lock:
            for there in (self.containers, self.specs, self.files):
                there.pop(name, None)

    def inspect(self, name: str) -> Observed | None:
        self.ping()
        return self.containers.get(name)

    def list(self, labels: Mapping[str, str]) -> list[Listed]:
        self.ping()
        return [
            Listed(there.id, there.name, there.state, there.labels)
            for there in list(self.containers.values())
            if labels.items() <= there.labels.items()
        ]

    def pull(self, image: str, progress: Callable[[str], None]) -> None:
        self.ping()
        progress("0 of 1 layers")
        if image not in self.registry:
            raise PullFailed(f"The image {image} could not be pulled: not found")
        if self.images is not None:
            self.images.add(image)

    def ensure_network(self, spec: NetworkSpec) -> tuple[str, str]:
        self.ping()
        with self._lock:
            there = self.networks.get(spec.name)
            if there is not None:
                if there.labels.get(LABEL) != spec.labels[LABEL]:
                    raise ForeignName(f"A network that is not this one has the name {spec.name}.")
            elif spec.subnet in self.subnets():
                raise SubnetTaken(f"Another network of the engine overlaps {spec.subnet}.")
            else:
                self.networks[spec.name] = spec
            return spec.name, self.networks[spec.name].subnet

    def remove_network(self, name: str) -> None:
        self.ping()
        with self._lock:
            users = [spec for spec in self.specs.values() if name in {spec.network, *spec.extra_networks}]
            if any(self.containers[spec.name].running for spec in users):
                raise NetworkBusy(f"The network {name} still has containers on it.")
            self.networks.pop(name, None)

    def subnets(self) -> builtins.list[str]:
        self.ping()
        return [spec.subnet for spec in self.networks.values()]

    def limits(self) -> Limits:
        return self.able

    def used(self, labels: Mapping[str, str]) -> builtins.list[Used]:
        self.ping()
        nothing = Used({}, layer=0, volumes=0)
        return [replace(self.kept.get(there.name, nothing), labels=there.labels) for there in self.list(labels)]

    def _there(self, name: str) -> Observed:
        self.ping()
        try:
            return self.containers[name]
        except KeyError:
            raise EngineError(f"There is no container {name}.") from None
