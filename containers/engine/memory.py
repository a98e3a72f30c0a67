"""An engine without containers: for truth tables of the loop and for runs of hundreds. Same contract, no world."""

import builtins
import io
import secrets
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    MemoryInUse,
    NetworkBusy,
    NetworkMissing,
    NetworkSpec,
    NotReset,
    Observed,
    PullFailed,
    SubnetTaken,
    Used,
    VolumeBusy,
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
    memory_used: int = 0  # bytes of memory that each running container uses
    contents: dict[str, bytes] = field(default_factory=dict)  # of each volume, as a tar
    owners: dict[str, Mapping[str, str]] = field(default_factory=dict)
    connections: dict[tuple[str, str], int] = field(default_factory=dict)  # open ones, by client and server
    resets: bool = True  # whether the kernel ends connections where it is asked to

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
            networks = frozenset({spec.network, *spec.extra_networks})
            if missing := networks - set(self.networks):
                raise NetworkMissing(f"The network {min(missing)} is not there.")
            there = self.containers.get(spec.name)
            if there is not None:
                if not spec.is_meant_by(there.labels):
                    raise ForeignName(f"A container that is not this one has the name {spec.name}.")
                self.containers[spec.name] = replace(there, networks=there.networks | networks)
                return there.id
            made = Observed(
                secrets.token_hex(32),
                spec.name,
                "created",
                dict(spec.labels),
                layer_limit=spec.storage if self.able.layer else 0,
                volume_limit=spec.storage if self.able.volume and spec.volume else 0,
                memory=spec.memory,
                cpu=spec.cpu,
                networks=networks,
            )
            if spec.volume:
                self.contents.setdefault(spec.volume, _empty(spec.data_folder))
                self.owners.setdefault(spec.volume, dict(spec.labels))
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
                self.containers[name] = replace(there, state="exited", exit_code=143, paused=False)

    def restart(self, name: str, grace: int) -> None:
        self.stop(name, grace)
        self.start(name)

    def resume(self, name: str) -> None:
        with self._lock:
            self.containers[name] = replace(self._there(name), paused=False)

    def update(self, name: str, memory: int, cpu: int) -> None:
        with self._lock:
            there = self._there(name)
            self.containers[name] = replace(there, cpu=cpu)
            if there.running and memory < self.memory_used:
                raise MemoryInUse("The container uses more memory now than it was to be left with.")
            self.containers[name] = replace(there, memory=memory, cpu=cpu)

    def rename(self, engine_id: str, name: str) -> None:
        self.ping()
        with self._lock:
            former = next(there.name for there in self.containers.values() if there.id == engine_id)
            self.containers[name] = replace(self.containers.pop(former), name=name)
            self.specs[name] = replace(self.specs.pop(former), name=name)
            self.files[name] = self.files.pop(former)

    def remove(self, name: str) -> None:
        self.ping()
        with self._lock:
            for there in (self.containers, self.specs, self.files):
                there.pop(name, None)

    def inspect(self, name: str) -> Observed | None:
        self.ping()
        return self.containers.get(name)

    def reset_connections(self, client: str, server: str, network: str) -> int:
        self.ping()
        with self._lock:
            if not all(self._runs_on(name, network) for name in (client, server)):
                return 0
            if self.connections.get((client, server)) and not self.resets:
                raise NotReset("Connections stayed open.")
            return self.connections.pop((client, server), 0)

    def _runs_on(self, name: str, network: str) -> bool:
        there, spec = self.containers.get(name), self.specs.get(name)
        return bool(there and spec and there.running and network in {spec.network, *spec.extra_networks})

    def list(self, labels: Mapping[str, str]) -> list[Listed]:
        self.ping()
        return [
            Listed(there.id, there.name, "paused" if there.paused else there.state, there.labels, there.networks)
            for there in list(self.containers.values())
            if labels.items() <= there.labels.items()
        ]

    def has_image(self, image: str) -> bool:
        self.ping()
        return self.images is None or image in self.images

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

    def volumes(self, labels: Mapping[str, str]) -> builtins.list[str]:
        self.ping()
        return [name for name, found in self.owners.items() if labels.items() <= found.items()]

    def remove_volume(self, name: str) -> None:
        self.ping()
        with self._lock:
            if any(spec.volume == name for spec in self.specs.values()):
                raise VolumeBusy(f"The volume {name} is still in use.", retry_after=0)
            self.contents.pop(name, None)
            self.owners.pop(name, None)

    def read_folder(self, name: str, folder: str) -> Iterator[bytes]:
        self._there(name)
        yield self.contents[self.specs[name].volume]

    def fill_volume(self, name: str, spec: ContainerSpec, tar: Iterable[bytes]) -> None:
        if not self.has_image(spec.image):
            raise ImageMissing(f"The engine has no image {spec.image}.")
        content = b"".join(tar)
        with self._lock:
            self.contents[spec.volume], self.owners[spec.volume] = content, dict(spec.labels)

    def drop_volume(self, name: str, volume: str) -> None:
        self.remove_volume(volume)

    def _there(self, name: str) -> Observed:
        self.ping()
        try:
            return self.containers[name]
        except KeyError:
            raise EngineError(f"There is no container {name}.") from None


def _empty(folder: str) -> bytes:
    """A tar of an empty folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(folder.rstrip("/").rpartition("/")[2])
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
    return buffer.getvalue()
