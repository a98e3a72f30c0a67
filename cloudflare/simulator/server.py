"""One server for both halves: the first request on a connection says by its host which half it is for."""

import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from cloudflare.simulator import api  # noqa: F401  (registers the calls)
from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.routing import find
from cloudflare.simulator.control import Control, Journal
from cloudflare.simulator.edge import Edge
from cloudflare.simulator.faults import Fault, Faults
from cloudflare.simulator.http1 import MAX_HEAD
from cloudflare.simulator.mailbox import Mailbox
from cloudflare.simulator.mailbox_pages import MailboxPages
from cloudflare.simulator.overview import overview
from cloudflare.simulator.persistence import Keeper
from cloudflare.simulator.ratelimit import RateLimit
from cloudflare.simulator.state import World, new_id
from cloudflare.simulator.violations import Watch

API = "/client/v4"
HOLD = 60.0  # seconds after which a held call goes on by itself


class Simulator:
    """`await start(…)`, then `await stop()`."""

    def __init__(self, world: World, *, state: Path | None = None, speed: float = 1.0, control_token: str = "") -> None:
        self.world = world
        self._keeper = Keeper(world, state) if state else None
        if self._keeper:
            world.listeners.append(self._keeper)
        world.listeners.append(Watch(world))
        self.edge, self._mailbox = Edge(world), Mailbox(world)
        self._faults, self._limit, self._journal = Faults(), RateLimit(speed=speed), Journal()
        control = Control(world, self.edge, self._faults, self._limit, self._journal, control_token or world.token)
        app = web.Application(client_max_size=4 * 1024**2)
        app.add_routes(control.routes())
        app.router.add_route("*", API + "/{path:.*}", self._api)
        app.router.add_get("/", self._page)
        app.add_routes(MailboxPages(world).routes())
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        self._server: asyncio.Server | None = None

    async def start(
        self, host: str, port: int, tunnel_host: str, tunnel_port: int, smtp_port: int = 0
    ) -> dict[str, str]:
        """Listen; returns the facts that others need to know. Mail is taken from this machine alone."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Front(self._runner, self.edge), host, port)
        bound = self._server.sockets[0].getsockname()[1]
        tunnel = await self.edge.start(tunnel_host, tunnel_port)
        smtp = await self._mailbox.start("127.0.0.1", smtp_port)
        return {
            "api": f"http://{host}:{bound}{API}",
            "edge": f"http://{host}:{bound}",
            "tunnel": f"{tunnel[0]}:{tunnel[1]}",
            "smtp": f"{smtp[0]}:{smtp[1]}",
            "token": self.world.token,
            "account_id": self.world.account_id,
            "zone_id": self.world.zone_id,
            "domain": self.world.domain,
        }

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._mailbox.stop()
        self._faults.clear()
        await self.edge.stop()
        await self._runner.cleanup()
        if self._keeper:
            self._keeper.save()

    async def _page(self, request: web.Request) -> web.Response:
        return overview(self.world)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        began, method, path = time.monotonic(), request.method, "/" + request.match_info["path"]
        raw = await request.read()
        striking = self._faults.striking(method, path)
        if any(fault.kind == "dropped" for fault in striking):
            return self._break(request, began)
        await _wait(striking, "hold_before")
        status, body, headers = self._answer(request, path, raw, striking)
        await _wait(striking, "hold_after")
        if any(fault.kind == "lost" for fault in striking):
            return self._break(request, began)
        delay = sum(fault.ms for fault in striking if fault.kind == "latency") / 1000
        if delay:
            await asyncio.sleep(max(0.0, delay - (time.monotonic() - began)))
        self._journal.add(method, path, status, began)
        return web.json_response(body, status=status, headers={**headers, "cf-ray": f"{new_id()[:16]}-SIM"})

    def _answer(
        self, request: web.Request, path: str, raw: bytes, striking: list[Fault]
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """The whole work of a call, without a pause in it: nobody sees half of a change."""
        headers, admitted = self._limit.hit(request.headers.get("Authorization", ""), time.monotonic())
        try:
            if not admitted:
                raise Refusal(429, 10429, "Rate limited. Please wait and consider throttling your request speed")
            for fault in striking:
                if fault.kind == "status":
                    if fault.retry_after is not None:
                        headers["Retry-After"] = f"{fault.retry_after:g}"
                    raise Refusal(fault.status, 10000 + fault.status, "a fault of the simulator")
            reply = self._call(request, path, raw)
        except Refusal as refusal:
            return refusal.status, refusal.body(), headers
        return reply.status, reply.body(), headers

    def _call(self, request: web.Request, path: str, raw: bytes) -> Reply:
        credential = request.headers.get("Authorization", "")
        if not credential.startswith("Bearer "):
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if credential != f"Bearer {self.world.token}":
            raise Refusal(403, 10000, "Authentication error")
        handler, ids = find(self.world, request.method, path)
        try:
            body = json.loads(raw) if raw else None
        except (ValueError, RecursionError):
            raise Refusal(400, 6007, "Malformed JSON in request body") from None
        return handler(self.world, Call(request.query, body, ids, self.world.max_page))

    def _break(self, request: web.Request, began: float) -> web.Response:
        self._journal.add(request.method, "/" + request.match_info["path"], 0, began)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


async def _wait(striking: list[Fault], kind: str) -> None:
    for fault in striking:
        if fault.kind == kind:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(fault.released.wait(), HOLD)


class _Front(asyncio.Protocol):
    """Reads the first head, then hands the connection, with what was read, to the half that it is for."""

    def __init__(self, runner: web.AppRunner, edge: Edge) -> None:
        self._runner, self._edge = runner, edge
        self._read = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, _ = self._read.partition(b"\r\n\r\n")
        if not end and len(self._read) < MAX_HEAD:
            return
        assert self._transport is not None
        if self._edge.serves(_host(head)):
            reader = asyncio.StreamReader(limit=MAX_HEAD)
            protocol: asyncio.Protocol = asyncio.StreamReaderProtocol(reader, self._edge.serve)
        else:
            server = self._runner.server
            assert server is not None
            protocol = server()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._read)


def _host(head: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"host":
            return value.strip().decode("latin-1").rpartition("]")[2].partition(":")[0].lower()
    return ""
