"""The engine as the rest of Warren sees it: plain values in, plain values out, typed errors.

EngineError (retryable)
├── EngineAway       no answer: says nothing about what exists
├── DiskFull         there is no room where the engine keeps what it makes
├── NetworkMissing   a container's network is not there (any more)
├── NetworkBusy      a network still has containers on it
├── SubnetTaken      another network of the engine overlaps the subnet
├── VolumeBusy       a volume is still mounted in a container
└── ImageMissing     the engine has no such image; pull it
EngineRefusal (terminal)
├── ForeignName      the name is taken by something that is not ours
├── PullFailed       no registry gave the image
├── VolumeFull       what was to be unpacked does not fit on the volume or its disk
├── NotReset         connections could not be ended; they may still be open
└── MemoryInUse      a container uses more memory than it is to be left with
"""

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from containers.errors import Retryable, Terminal

LABEL = "warren.installation"  # on everything that we make; the value is the installation's mark
# The labels that say which of ours a container is; the others describe it, as it was when it was made.
IDENTITY = (LABEL, "warren.container", "warren.connector", "warren.tunnel")


class EngineError(Retryable):
    code_ = "engine_error"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(self.code_, message, retry_after=retry_after)


class EngineAway(EngineError):
    code_ = "engine_away"


class DiskFull(EngineError):
    code_ = "disk_full"


class NetworkMissing(EngineError):
    code_ = "network_missing"


class NetworkBusy(EngineError):
    code_ = "network_busy"


class SubnetTaken(EngineError):
    code_ = "subnet_taken"


class VolumeBusy(EngineError):
    code_ = "volume_busy"


class ImageMissing(EngineError):
    code_ = "image_missing"


class EngineRefusal(Terminal):
    code_ = "engine_refused"

    def __init__(self, message: str) -> None:
        super().__init__(self.code_, message)


class ForeignName(EngineRefusal):
    code_ = "name_taken"


class PullFailed(EngineRefusal):
    code_ = "image_unavailable"


class VolumeFull(EngineRefusal):
    code_ = "volume_full"


class MemoryInUse(EngineRefusal):
    code_ = "memory_in_use"


class NotReset(EngineRefusal):
    code_ = "connections_remain"


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A bridge. `internal`: no way out, and no address of the host on it; `icc`: containers on it may meet."""

    name: str
    bridge: str
    subnet: str
    labels: Mapping[str, str]
    internal: bool = True
    icc: bool = True


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """Everything that a container of ours can differ in. Bytes; CPU in thousandths of a core."""

    name: str
    image: str
    labels: Mapping[str, str]
    network: str
    memory: int
    cpu: int
    pids: int
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    storage: int = 0  # 0: no limit asked for
    volume: str = ""  # name of the volume for `data_folder`
    data_folder: str = ""
    copy_up: bool = True  # whether an empty volume gets what the image has in the data folder
    aliases: tuple[str, ...] = ()
    extra_networks: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()  # resolvers to ask for names outside, from within its networks; empty: the host's

    def is_meant_by(self, labels: Mapping[str, str]) -> bool:
        """Whether a container with these labels is this one, made earlier."""
        return all(labels.get(key) == self.labels.get(key) for key in IDENTITY)


@dataclass(frozen=True, slots=True)
class File:
    """A file to put into a container before it starts; `mode` in octal, owner by numeric id."""

    path: str
    content: bytes
    mode: int = 0o400
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Observed:
    """A container as the engine shows it. `state`: created, running, restarting or exited."""

    id: str
    name: str
    state: str
    labels: Mapping[str, str]
    started_at: str = ""
    exit_code: int | None = None
    oom_killed: bool = False
    # The limits that the engine was given when it was made, in bytes; 0: none.
    layer_limit: int = 0
    volume_limit: int = 0
    memory: int = 0  # its limits, in the units of `ContainerSpec`
    cpu: int = 0
    paused: bool = False  # running, and frozen: by the engine's own command, which nothing of ours ever gives
    half_removed: bool = False  # exited for good: a removal is under way, or has failed
    networks: frozenset[str] = frozenset()  # names of those it is on

    @property
    def running(self) -> bool:
        """Whether the engine keeps it running: also while its program is being started again."""
        return self.state in {"running", "restarting"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the engine's list: cheap for thousands of containers. `state`: as in `Observed`, or paused."""

    id: str
    name: str
    state: str
    labels: Mapping[str, str]
    networks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the engine can stop a container that writes too much: in its own layer, and on its data volume."""

    layer: bool = False
    volume: bool = False


@dataclass(frozen=True, slots=True)
class Used:
    """Bytes that a container keeps: in its own layer, and on its volumes."""

    labels: Mapping[str, str]
    layer: int
    volumes: int


class Engine(Protocol):
    """Every call may raise `EngineAway`. Names are unique per engine; what is absent is None, or simply absent."""

    def ping(self) -> None: ...

    def create(self, spec: ContainerSpec, files: Iterable[File] = ()) -> str:
        """Make the container, or adopt the one that carries its name and labels; returns its id.

        Either is on all its networks then.

        Raises `ImageMissing`, `NetworkMissing`, `ForeignName`.
        """

    def start(self, name: str) -> None:
        """Start it; nothing happens if it runs. Raises `NetworkMissing`, or `EngineError` if it is absent."""

    def stop(self, name: str, grace: int) -> None:
        """Ask it to end, and end it after `grace` seconds. Absent or stopped is fine."""

    def restart(self, name: str, grace: int) -> None: ...

    def resume(self, name: str) -> None:
        """Let one go on that is paused."""

    def update(self, name: str, memory: int, cpu: int) -> None:
        """Change its limits, running or not, without a restart.

        Raises `MemoryInUse` with memory as it was; the CPU is limited anew all the same.
        """

    def rename(self, engine_id: str, name: str) -> None:
        """Give the container with the engine's id this name. Raises `EngineError` if the name is taken."""

    def remove(self, name: str) -> None:
        """Remove it, running or not; its volume stays. Absent is fine. Returns once it is gone."""

    def inspect(self, name: str) -> Observed | None: ...

    def reset_connections(self, client: str, server: str, network: str) -> int:
        """End the TCP connections from one container to another on this network; returns how many there were.

        To whichever port, idle or not; those that begin meanwhile stay. A container that does not run, or is not on
        the network, has none. Raises `NotReset`, and `EngineAway` without an answer within ten seconds.
        """

    def list(self, labels: Mapping[str, str]) -> list[Listed]:
        """All containers with these labels, in one call."""

    def has_image(self, image: str) -> bool: ...

    def pull(self, image: str, progress: Callable[[str], None]) -> None:
        """Fetch an image; `progress` hears a short line from time to time. Raises `PullFailed`."""

    def ensure_network(self, spec: NetworkSpec) -> tuple[str, str]:
        """Make the network, or adopt ours of that name; returns id and subnet, which may be another's choice then.

        Raises `SubnetTaken`, `ForeignName`.
        """

    def remove_network(self, name: str) -> None:
        """Absent is fine. Raises `NetworkBusy`."""

    def subnets(self) -> builtins.list[str]:
        """The subnets of all networks of the engine, ours or not."""

    def limits(self) -> Limits:
        """What of a container's storage the engine can limit; asked until there was a real answer, then remembered."""

    def used(self, labels: Mapping[str, str]) -> builtins.list[Used]:
        """What the containers with these labels keep. Slow, for the engine walks through all of it: ask rarely."""

    def volumes(self, labels: Mapping[str, str]) -> builtins.list[str]:
        """Names of all volumes with these labels."""

    def remove_volume(self, name: str) -> None:
        """Absent is fine. Raises `VolumeBusy`."""

    def read_folder(self, name: str, folder: str) -> Iterator[bytes]:
        """A tar of the folder in a container, running or not; its entries begin with the folder's own name."""

    def fill_volume(self, name: str, spec: ContainerSpec, tar: Iterable[bytes]) -> None:
        """Make `spec.volume` anew and unpack a tar into it, whose entries begin with the data folder's own name.

        A container `name` of the same image holds the volume meanwhile and never runs. After a failure, call it
        again, or `drop_volume`. Raises `ImageMissing`, `VolumeFull`.
        """

    def drop_volume(self, name: str, volume: str) -> None:
        """Take away what `fill_volume` with this name and volume may have left."""
