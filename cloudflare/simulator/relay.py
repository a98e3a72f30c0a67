"""The tunnel's end at the edge: connectors dial in, sign in with their token, and keep work connections at hand.

Lines on a control connection, each ended by a newline:

| from the connector | from the edge |
|---|---|
| `REGISTER <token> <connector id> <version>` | `OK`, or `ERR <reason>` and the end |
| | `CONFIG <version> <count>`, then that many lines `<hostname or *> <service>` |
| `CONFIG <version>`: that document is in force | |
| `PONG` | `PING`, every few seconds |

On a work connection: `WORK <token> <connector id>`; later the edge writes `OPEN <hostname>`, and from then on the
connection is a pipe to the service that the connector's own ingress names for the hostname.

A connector that is asked to end says `BYE <token> <connector id>` on a connection of its own: it gets no new requests
from then on, and ends those that it has.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import secrets
import uuid
from collections import deque

from cloudflare.simulator.state import Connector, Tunnel, World

PING = 2.0
SILENCE = 5.0  # a connector that says nothing for so long is gone
PATIENCE = 3.0  # for a work connection, when all are busy
Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link:
    """A connector that is signed in: its control connection and its work connections, idle and in use.

    They end together, as the streams of a connection do at Cloudflare.
    """

    def __init__(self, connector: Connector, writer: asyncio.StreamWriter, token: str) -> None:
        self.connector, self.control, self.token = connector, writer, token
        self.leaving = False
        self.idle: deque[Pipe] = deque()
        self.busy: set[asyncio.StreamWriter] = set()
        self.arrived = asyncio.Event()

    def push(self, tunnel: Tunnel) -> None:
        """Hand over the whole ingress."""
        rules = [f"{rule.get('hostname') or '*'} {rule['service']}" for rule in tunnel.ingress]
        lines = [f"CONFIG {tunnel.version} {len(rules)}", *rules]
        self.control.write("".join(f"{line}\n" for line in lines).encode())

    async def take(self) -> Pipe | None:
        """An idle work connection that is still open; None if none comes in time."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            while self.idle:
                pipe = self.idle.popleft()
                if not pipe[0].at_eof() and not pipe[1].is_closing():
                    self.busy = {pipe[1], *(writer for writer in self.busy if not writer.is_closing())}
                    return pipe
                pipe[1].close()
            self.arrived.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self.arrived.wait(), max(0.0, left))
            except TimeoutError:
                return None

    def close(self) -> None:
        self.control.close()
        for _, writer in self.idle:
            writer.close()
        for writer in self.busy:
            writer.transport.abort()
        self.idle.clear()


class Relay:
    def __init__(self, world: World) -> None:
        self._world = world
        self._links: dict[str, dict[str, Link]] = {}  # by tunnel, by connector
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        world.listeners.append(self._tell)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._accept, host, port)
        bound = self._server.sockets[0].getsockname()
        return bound[0], bound[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        for links in list(self._links.values()):
            for link in list(links.values()):
                link.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(self, kind: str, key: str) -> None:
        """A listener of the world: connectors hear of a new document at once."""
        tunnel = self._world.tunnels.get(key) if kind == "tunnel" else None
        if tunnel is not None and tunnel.deleted_at is None:
            for link in self._links.get(key, {}).values():
                if link.connector.config_version != tunnel.version:
                    link.push(tunnel)

    async def open(self, tunnel: Tunnel, host: str) -> Pipe | None:
        """A pipe to the service behind the hostname, by whichever connector has one free; None without any."""
        for link in [link for link in self._links.get(tunnel.id, {}).values() if not link.leaving]:
            pipe = await link.take()
            if pipe is not None:
                pipe[1].write(f"OPEN {host}\n".encode())
                return pipe
        return None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        keep = False
        try:
            words = (await asyncio.wait_for(reader.readline(), SILENCE)).decode("ascii", "replace").split()
            match words:
                case ["REGISTER", token, connector_id, version]:
                    await self._control(reader, writer, token, connector_id, version)
                case ["WORK", token, connector_id]:
                    keep = self._work(reader, writer, token, connector_id)
                case ["BYE", token, connector_id] if link := self._link(token, connector_id):
                    link.leaving = True
        except (TimeoutError, ConnectionError, ValueError, asyncio.LimitOverrunError):
            keep = False
        except asyncio.CancelledError:
            keep = False
        finally:
            self._tasks.discard(task)
            if not keep:
                writer.close()

    def _work(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str, connector_id: str) -> bool:
        link = self._link(token, connector_id)
        if link is None:
            return False
        link.idle.append((reader, writer))
        link.arrived.set()
        return True

    def _link(self, token: str, connector_id: str) -> Link | None:
        """Of a connector that is signed in, which it stays when the tunnel's secret changes."""
        link = next((links[connector_id] for links in self._links.values() if connector_id in links), None)
        return link if link and secrets.compare_digest(link.token, token) else None

    async def _control(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        token: str,
        connector_id: str,
        version: str,
    ) -> None:
        tunnel = self._signed_in(token)
        if tunnel is None:
            writer.write(b"ERR Unauthorized: Invalid tunnel secret\n")
            await writer.drain()
            return
        peer = writer.get_extra_info("peername") or ("", 0)
        connector = Connector(
            str(uuid.UUID(connector_id)),
            version[:40],
            self._world.stamp(),
            peer[0],
            drop=writer.transport.abort,
        )
        link = Link(connector, writer, token)
        self._links.setdefault(tunnel.id, {})[connector.id] = link
        writer.write(b"OK\n")
        link.push(tunnel)
        tunnel.connectors[connector.id], tunnel.ever_connected = connector, True
        self._world.changed("connector", connector.id)
        pinging = asyncio.create_task(_ping(writer))
        try:
            await self._listen(reader, connector)
        finally:
            pinging.cancel()
            link.close()
            if self._links.get(tunnel.id, {}).get(connector.id) is link:
                del self._links[tunnel.id][connector.id]
                tunnel.connectors.pop(connector.id, None)
            self._world.changed("connector", connector.id)

    async def _listen(self, reader: asyncio.StreamReader, connector: Connector) -> None:
        while line := await asyncio.wait_for(reader.readline(), SILENCE):
            match line.decode("ascii", "replace").split():
                case ["CONFIG", version] if version.isdigit():
                    connector.config_version = int(version)
                    self._world.changed("connector", connector.id)

    def _signed_in(self, token: str) -> Tunnel | None:
        """The tunnel that the token opens: living, and with just this secret."""
        try:
            facts = json.loads(base64.b64decode(token, validate=True))
            tunnel = self._world.tunnels.get(facts["t"])
        except (binascii.Error, ValueError, KeyError, TypeError):
            return None
        if tunnel is None or tunnel.deleted_at is not None or facts.get("a") != tunnel.account:
            return None
        return tunnel if facts.get("s") == tunnel.secret else None


async def _ping(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            await asyncio.sleep(PING)
            writer.write(b"PING\n")
            await writer.drain()
