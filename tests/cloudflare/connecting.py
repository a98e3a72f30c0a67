"""A connector at the simulated edge that runs nothing: it is signed in, and takes what it is told."""

import base64
import contextlib
import json
import socket
import uuid
from collections.abc import Iterator

from tests.parts import Cloud, wait_until


class Link:
    def __init__(self, cloud: Cloud, tunnel: str, own: str, connection: socket.socket) -> None:
        self._cloud, self._tunnel, self.id = cloud, tunnel, own
        self._lines = connection.makefile("rw")

    def say(self, text: str) -> None:
        self._lines.write(text + "\n")
        self._lines.flush()

    def __call__(self) -> None:
        """Have it take the next ingress, and wait until the edge knows that it has."""
        while not (line := self._lines.readline()).startswith("CONFIG"):
            assert line, "the edge has cut the connection"
        version = line.split()[1]
        self.say(f"PONG\nCONFIG {version}")
        wait_until(lambda: self._versions().get(self.id) == int(version))

    def _versions(self) -> dict[str, int]:
        connectors = self._cloud.state()["tunnels"][self._tunnel]["connectors"]
        return {row["id"]: row["config_version"] for row in connectors}

    def connected(self) -> bool:
        return self.id in self._versions()


@contextlib.contextmanager
def connector(cloud: Cloud, token: str) -> Iterator[Link]:
    """Asserts nothing about whether the edge takes the token: `Link.connected` says so."""
    tunnel = json.loads(base64.b64decode(token))["t"]
    with socket.create_connection(("127.0.0.1", cloud.tunnel_port), timeout=10) as connection:
        link = Link(cloud, tunnel, str(uuid.uuid4()), connection)
        link.say(f"REGISTER {token} {link.id} test")
        yield link
