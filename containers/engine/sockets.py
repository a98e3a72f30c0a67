"""Connections between two containers, ended by the kernel at one end of them.

A container of ours that lives for a moment joins the client's network and has the kernel destroy its sockets to the
server (`ss -K`). All of it goes over Docker's socket: the engine may be on another host.
"""

import re
import socket
import time
from abc import abstractmethod
from contextlib import suppress
from typing import Any

from docker import APIClient
from docker.errors import APIError

from containers.engine import images
from containers.engine.base import LABEL, EngineError, EngineRefusal, NotReset
from containers.engine.faults import translated
from containers.engine.hostconfig import reset_config

IMAGE = "warren/reset:latest"
ANSWER = 10  # seconds for each answer of the engine: behind whoever ends connections, others wait to be shut out
SECONDS = 10.0  # for the helper to say how it went; it takes a fraction of one
TAKEN = (0.1, 0.3, 1.0)  # seconds between tries while the name is taken: an earlier helper is just being removed


class Sockets:
    """The part of the Docker engine that is about open connections; the rest of it has what is abstract here."""

    _host: str | None
    _mark: str

    @abstractmethod
    def client(self, timeout: int) -> APIClient:
        """That of the thread at hand that waits so many seconds for an answer."""

    @property
    def _api(self) -> APIClient:
        return self.client(ANSWER)

    def reset_connections(self, client: str, server: str, network: str) -> int:
        inside, to = self._running(client), self._running(server)
        address = _address(to, network) if to else ""
        if inside is None or not address:
            return 0
        labels = {LABEL: self._mark, "warren.reset": server}
        config = {
            "Image": IMAGE,
            "Cmd": [address],
            "Tty": True,  # what it says is then a plain stream
            "Labels": labels,
            "HostConfig": reset_config(inside["Id"]),
        }
        with translated():
            try:
                said = self._run(config, f"{server}-reset")
            except APIError as exc:
                raise NotReset(f"The engine refused to end connections: {exc.explanation}") from exc
        found = re.fullmatch(r"ended (\d+) left (\d+)", said.strip())
        if found is None:
            raise NotReset("Whether connections were ended is not known: the helper did not say.")
        if found[2] != "0":
            raise NotReset(f"{found[2]} connections stayed open; the kernel may lack CONFIG_INET_DIAG_DESTROY.")
        return int(found[1])

    def _running(self, name: str) -> dict[str, Any] | None:
        """The container as the engine inspects it, if it runs."""
        facts: dict[str, Any] | None = None
        with translated(absent_is_fine=True):
            facts = self._api.inspect_container(name)
        return facts if facts and facts["State"]["Running"] else None

    def _run(self, config: dict[str, Any], name: str) -> str:
        """Run the helper to its end; returns what it said, as far as it came within `SECONDS`."""
        self._create(config, name)
        stream = self._api.attach_socket(name, params={"stdout": 1, "stream": 1})
        connection = getattr(stream, "_sock", stream)  # behind what the SDK wraps a plain one in
        try:
            self._api.start(name)
            return _read(connection)
        except TimeoutError as exc:
            self._discard(name)
            raise NotReset(f"The helper did not end connections within {SECONDS:g} s.") from exc
        except APIError:  # it did not start
            self._discard(name)
            raise
        finally:
            connection.close()
            stream.close()

    def _create(self, config: dict[str, Any], name: str) -> None:
        for pause in TAKEN:
            try:
                self._make(config, name)
            except APIError as exc:
                if exc.status_code != 409:
                    raise
                time.sleep(pause)
            else:
                return
        self._discard(name)  # made by a worker that was killed before it started it
        self._make(config, name)

    def _discard(self, name: str) -> None:
        with suppress(EngineError), translated(absent_is_fine=True):
            self._api.remove_container(name, force=True)

    def _make(self, config: dict[str, Any], name: str) -> None:
        try:
            self._api.create_container_from_config(config, name)
        except APIError as exc:
            if exc.status_code != 404:
                raise
            # Nothing of ours stays on it, so that whoever tidies images up takes it away.
            try:
                images.build_reset(self._host)
            except EngineRefusal as refusal:
                raise NotReset(str(refusal)) from refusal
            self._api.create_container_from_config(config, name)


def _address(facts: dict[str, Any], network: str) -> str:
    """Where the container is on the network; empty if it is not on it."""
    on = facts["NetworkSettings"]["Networks"].get(network) or {}
    return str(on.get("IPAddress") or "")


def _read(connection: socket.socket) -> str:
    """All that comes until the other end closes. Raises `TimeoutError` after `SECONDS`."""
    deadline, said = time.monotonic() + SECONDS, b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(4096)
        if not part:
            return said.decode(errors="replace")
        said += part
