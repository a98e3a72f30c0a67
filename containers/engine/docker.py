"""The engine on the Docker SDK's low-level client: one HTTP call per act, no look-ups in between."""

import builtins
import io
import os
import re
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from docker import APIClient
from docker.errors import APIError

from containers.engine import storage
from containers.engine.base import (
    LABEL,
    ContainerSpec,
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
from containers.engine.facts import listed, observed
from containers.engine.faults import translated
from containers.engine.hostconfig import host_config
from containers.engine.limits import update_limits
from containers.engine.sockets import Sockets
from containers.engine.volumes import Volumes


class DockerEngine(Volumes, Sockets):
    """Thread-safe: each thread has a client, and so connections, of its own."""

    def __init__(self, host: str | None, *, timeout: int, starts: int = 0, mark: str = "") -> None:
        """`mark`: the installation's, on what is made without a spec."""
        self._host, self._timeout, self._mark = host, timeout, mark
        self._version: str | None = None
        self._local = threading.local()
        # A start is CPU-bound in the engine: more than about two per core at once only slow each other down.
        self._starts = threading.BoundedSemaphore(starts or 2 * (os.cpu_count() or 1))
        self._limits: Limits | None = None

    @property
    def api(self) -> APIClient:
        return self.client(self._timeout)

    def client(self, timeout: int) -> APIClient:
        known: dict[int, APIClient] = self._local.__dict__.setdefault("clients", {})
        if timeout not in known:
            with translated():
                client = APIClient(base_url=self._host, version=self._version or "auto", timeout=timeout)
            # A socket has no proxy; else requests looks for one before each call.
            client.trust_env = client.trust_env and not client.base_url.startswith("http+docker://")
            self._version, known[timeout] = client.api_version, client
        return known[timeout]

    def ping(self) -> None:
        with translated():
            self.api.ping()

    def create(self, spec: ContainerSpec, files: Iterable[File] = ()) -> str:
        limits = self.limits() if spec.storage else Limits()
        config = self.config(spec, limits=limits)
        with translated():
            try:
                found: str = self.api.create_container_from_config(config, spec.name)["Id"]
            except APIError as exc:
                if exc.status_code == 409:
                    found = self._adopt(spec)
                    self._connect(found, spec.network, spec.aliases)
                elif _no_network(exc):
                    raise NetworkMissing(f"The network {spec.network} is not there.") from exc
                elif exc.status_code == 404:
                    raise ImageMissing(f"The engine has no image {spec.image}.") from exc
                else:
                    raise
            for network in spec.extra_networks:
                self._connect(found, network)
            for file in files:
                self.api.put_archive(found, os.path.dirname(file.path), _tar(file))
        return found

    @staticmethod
    def config(spec: ContainerSpec, *, limits: Limits) -> dict[str, Any]:
        """The body of `POST /containers/create`."""
        config: dict[str, Any] = {
            "Image": spec.image,
            "Env": [f"{key}={value}" for key, value in spec.environment.items()],
            "Labels": dict(spec.labels),
            "HostConfig": host_config(spec, limits),
            "NetworkingConfig": {"EndpointsConfig": {spec.network: {"Aliases": list(spec.aliases)}}},
        }
        if spec.command:
            config["Cmd"] = list(spec.command)
        return config

    def _adopt(self, spec: ContainerSpec) -> str:
        seen = self.inspect(spec.name)
        if seen is None:
            raise EngineError(f"{spec.name} went away while it was being adopted.", retry_after=0.5)
        if not spec.is_meant_by(seen.labels):
            raise ForeignName(
                f"A container that is not this one has the name {spec.name}; remove it: docker rm -f {spec.name}"
            )
        return seen.id

    def _connect(self, container: str, network: str, aliases: Iterable[str] = ()) -> None:
        try:
            self.api.connect_container_to_network(container, network, aliases=[*aliases])
        except APIError as exc:
            if exc.status_code == 404:
                raise NetworkMissing(f"The network {network} is not there.") from exc
            if "already exists" not in str(exc.explanation):  # adopted: it is connected
                raise

    def start(self, name: str) -> None:
        with self._starts, translated():
            try:
                self.api.start(name)
            except APIError as exc:
                if _no_network(exc):
                    raise NetworkMissing(f"The network of {name} is not there.") from exc
                raise

    def stop(self, name: str, grace: int) -> None:
        with translated(absent_is_fine=True):
            self.api.stop(name, timeout=grace)

    def restart(self, name: str, grace: int) -> None:
        with self._starts, translated():
            self.api.restart(name, timeout=grace)

    def resume(self, name: str) -> None:
        with translated():
            self.api.unpause(name)

    def update(self, name: str, memory: int, cpu: int) -> None:
        with translated():
            update_limits(self.api, name, memory, cpu)

    def rename(self, engine_id: str, name: str) -> None:
        with translated():
            self.api.rename(engine_id, name)

    def remove(self, name: str) -> None:
        with translated(absent_is_fine=True):
            try:
                self.api.remove_container(name, force=True, v=True)  # v: nameless volumes, which nobody wants to keep
            except APIError as exc:
                if exc.status_code != 409:  # 409: another removal is under way
                    raise
        deadline = time.monotonic() + self._timeout
        while self.inspect(name) is not None:
            if time.monotonic() > deadline:
                raise EngineError(f"{name} is still there after its removal.")
            time.sleep(0.1)

    def inspect(self, name: str) -> Observed | None:
        facts: dict[str, Any] | None = None
        with translated(absent_is_fine=True):
            facts = self.api.inspect_container(name)
        if facts is None:
            return None
        with translated():  # a volume that is not there says nothing about the container
            return observed(facts, self.api.inspect_volume)

    def list(self, labels: Mapping[str, str]) -> list[Listed]:
        with translated():
            rows = self.api.containers(all=True, filters={"label": [f"{key}={value}" for key, value in labels.items()]})
        return [listed(row) for row in rows]

    def has_image(self, image: str) -> bool:
        with translated(absent_is_fine=True):
            self.api.inspect_image(image)
            return True
        return False  # type: ignore[unreachable]  # after a 404, which the block above swallows

    def pull(self, image: str, progress: Callable[[str], None]) -> None:
        repository, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "latest")
        layers: dict[str, str] = {}
        said = 0.0
        with translated():
            try:
                for event in self.api.pull(repository, tag=tag, stream=True, decode=True):
                    if "error" in event:
                        raise PullFailed(f"The image {image} could not be pulled: {event['error']}")
                    if layer := event.get("id"):
                        layers[layer] = event.get("status", "")
                    if time.monotonic() - said > 1:
                        done = sum(status in {"Pull complete", "Already exists"} for status in layers.values())
                        progress(f"{done} of {len(layers)} layers")
                        said = time.monotonic()
            except APIError as exc:
                raise PullFailed(f"The image {image} could not be pulled: {exc.explanation}") from exc

    def ensure_network(self, spec: NetworkSpec) -> tuple[str, str]:
        options = {
            "com.docker.network.bridge.name": spec.bridge,
            "com.docker.network.bridge.enable_icc": str(spec.icc).lower(),
        }
        if spec.internal:
            # Without it the bridge gets the gateway's address, and containers reach whatever listens on the host.
            options["com.docker.network.bridge.inhibit_ipv4"] = "true"
        with translated():
            try:
                made: str = self.api.create_network(
                    spec.name,
                    driver="bridge",
                    options=options,
                    ipam={"Driver": "default", "Config": [{"Subnet": spec.subnet}]},
                    internal=spec.internal,
                    labels=dict(spec.labels),
                    check_duplicate=True,
                )["Id"]
            except APIError as exc:
                # Asked for by two at once, the engine may tell the loser of the name, the subnet or the bridge.
                said = str(exc.explanation)
                if exc.status_code != 409 and not any(word in said for word in ("overlap", "exists", "bridge name")):
                    raise
                return self._adopt_network(spec)
        return made, spec.subnet

    def _adopt_network(self, spec: NetworkSpec) -> tuple[str, str]:
        for row in self.api.networks(names=[spec.name]):
            if row["Name"] != spec.name:
                continue  # the filter matches parts of names
            subnets = [config["Subnet"] for config in row["IPAM"]["Config"] or [] if "Subnet" in config]
            if len(subnets) == 1 and (row["Labels"] or {}).get(LABEL) == spec.labels[LABEL]:
                return row["Id"], subnets[0]
            raise ForeignName(
                f"A network that is not this one has the name {spec.name}; remove it: docker network rm {spec.name}"
            )
        raise SubnetTaken(f"Another network of the engine overlaps {spec.subnet}.")

    def remove_network(self, name: str) -> None:
        with translated(absent_is_fine=True):
            try:
                self.api.remove_network(name)
            except APIError as exc:
                if "active endpoints" in str(exc.explanation):
                    raise NetworkBusy(f"The network {name} still has containers on it.") from exc
                raise

    def subnets(self) -> builtins.list[str]:
        with translated():
            return [
                config["Subnet"]
                for row in self.api.networks()
                for config in row["IPAM"]["Config"] or []
                if "Subnet" in config
            ]

    def limits(self) -> Limits:
        if self._limits is None:
            found, answered = storage.probe(self.api, self._mark)
            if not answered:
                return found
            self._limits = found
        return self._limits

    def used(self, labels: Mapping[str, str]) -> builtins.list[Used]:
        return storage.used(self.api, labels)


def _no_network(refusal: APIError) -> bool:
    """Whether the network is not there. Images and programs have names as well, and a network may just be full."""
    return re.search(r"network \S+ not found", str(refusal.explanation)) is not None


def _tar(file: File) -> bytes:
    """An archive of one file, for `PUT /containers/{id}/archive`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(os.path.basename(file.path))
        entry.size, entry.mode, entry.uid, entry.gid = len(file.content), file.mode, file.uid, file.uid
        entry.mtime = int(time.time())
        archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()
