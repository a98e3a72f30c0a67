"""The internet's side: a visitor's request through simulated DNS, Access and tunnel to the container and back.

One request a connection. Access sees the head; after that, bytes pass as they are, in both directions at once, so
that streams stay streams, a websocket is a pipe, and a slow reader slows the writer down.
"""

import asyncio
import contextlib
import json
import secrets
from urllib.parse import urlsplit

from cloudflare.simulator import edge_pages, login
from cloudflare.simulator.evaluate import Judge, Visitor
from cloudflare.simulator.http1 import CHUNK, Head, Malformed, answer, body, read_head
from cloudflare.simulator.login import Login
from cloudflare.simulator.people import Session
from cloudflare.simulator.relay import Pipe, Relay
from cloudflare.simulator.state import App, Tunnel, World
from cloudflare.simulator.tokens import Signer

# What a visitor must not be able to say to the container in Cloudflare's name.
OURS = {
    "cf-access-jwt-assertion",
    "cf-access-authenticated-user-email",
    "cf-connecting-ip",
    "cf-ray",
    "x-forwarded-for",
    "x-forwarded-proto",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "expect",
}
HEAD_TIMEOUT = 30.0


class Edge:
    def __init__(self, world: World) -> None:
        self._world = world
        self.signer = Signer(world)
        self.login = Login(world, self.signer)
        self.relay = Relay(world)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen for connectors; returns where."""
        return await self.relay.start(host, port)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.relay.stop()

    def serves(self, host: str) -> bool:
        """Whether a request for this host is the edge's, and not the API's."""
        return host == self._world.team_domain or host.endswith(f".{self._world.domain}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a visitor."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = await asyncio.wait_for(read_head(reader), HEAD_TIMEOUT)
            if head is not None:
                await self._request(head, reader, writer)
        except Malformed as exc:
            writer.write(answer(400, edge_pages.trouble("Bad request", str(exc))))
        except (ConnectionError, TimeoutError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            writer.close()

    async def _request(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = head.get("host").partition(":")[0].lower()
        ip = (writer.get_extra_info("peername") or ("",))[0]
        if host == self._world.team_domain:
            form = await _form(reader, head)
            writer.write(self.login.serve(head, form, ip))
            return
        record = self._world.record_for(host)
        app = self._world.app_for(host)
        if record is None:
            # At Cloudflare the name would not resolve at all; here every name leads to this server.
            text = f"{host} is not in DNS. (Error 1016)"
            writer.write(answer(530, edge_pages.trouble("No such address", text)))
            return
        session, refusal = self._admit(app, head, host, ip) if app else (None, None)
        if refusal is not None:
            writer.write(refusal)
            return
        tunnel = self._world.tunnels.get(record.tunnel_id)
        await self._forward(tunnel, head, host, ip, session, reader, writer)

    def _admit(self, app: App, head: Head, host: str, ip: str) -> tuple[Session | None, bytes | None]:
        """The visitor's session, or the answer that keeps them out."""
        path = urlsplit(head.first[1]).path
        if path == "/cdn-cgi/access/authorized":
            return None, self.login.authorized(head, host)
        if path == "/cdn-cgi/access/certs":
            return None, answer(200, json.dumps(self.signer.keys()), kind="application/json")
        session = self.signer.session_of(login.cookies(head).get(login.APP_COOKIE, ""), app)
        if path == "/cdn-cgi/access/get-identity":
            return None, login.identity(self._world, session)
        if path == "/cdn-cgi/access/logout":
            if session:
                session.revoked = True
                self._world.changed("session", session.id)
            gone = f"{login.APP_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
            return None, answer(
                200, edge_pages.trouble("Signed out", "You are signed out here."), headers=[("Set-Cookie", gone)]
            )
        preflight = head.first[0] == "OPTIONS" and app.fields.get("options_preflight_bypass")
        if session is None and not preflight and not Judge(self._world.groups).bypassed(app, Visitor("", ip)):
            port = head.get("host").partition(":")[2]
            to = login.local_path(head.first[1])
            return None, self.login.redirect(app, host, f":{port}" if port.isdigit() else "", to)
        return session, None

    async def _forward(
        self,
        tunnel: Tunnel | None,
        head: Head,
        host: str,
        ip: str,
        session: Session | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        pipe = await self.relay.open(tunnel, host) if tunnel and tunnel.deleted_at is None else None
        if pipe is None:
            text = "The tunnel has no connector at the moment. (Error 1033)"
            writer.write(answer(530, edge_pages.trouble("Tunnel error", text)))
            return
        try:
            pipe[1].write(self._for_origin(head, ip, session).encode())
            await _exchange(head, (reader, writer), pipe)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            pipe[1].close()

    def _for_origin(self, head: Head, ip: str, session: Session | None) -> Head:
        """The head as the container gets it: Cloudflare's own headers are set here, and by nobody else."""
        added = [
            ("Cf-Connecting-Ip", ip),
            ("X-Forwarded-For", ip),
            ("X-Forwarded-Proto", "http"),
            ("Cf-Ray", _ray()),
        ]
        if session is not None:
            token = login.cookies(head).get(login.APP_COOKIE, "")
            added += [
                ("Cf-Access-Jwt-Assertion", token),
                ("Cf-Access-Authenticated-User-Email", session.email),
            ]
        added.append(("Connection", "Upgrade" if head.upgrades else "close"))
        return Head(head.first, [*head.without(OURS), *added])


async def _exchange(head: Head, visitor: Pipe, origin: Pipe) -> None:
    """The body one way and the answer the other, at once; ends with the answer, or with the visitor."""
    if head.get("expect").lower() == "100-continue":
        visitor[1].write(b"HTTP/1.1 100 Continue\r\n\r\n")
    sending = asyncio.create_task(_send(head, visitor[0], origin[1]))
    answering = asyncio.create_task(_answer(head, origin[0], visitor[1]))
    try:
        await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() and sending.exception() is None:
            await answering
        if answering.done():
            answering.result()
        elif error := sending.exception():
            raise error
    finally:
        for task in (sending, answering):
            task.cancel()
        await asyncio.gather(sending, answering, return_exceptions=True)


async def _send(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A pipe for an upgraded connection, else the body and then the wait for a visitor who goes away."""
    if head.upgrades:
        await _pour(reader, writer)
        writer.write_eof()
        return
    async for part in body(reader, head):
        writer.write(part)
        await writer.drain()
    while await reader.read(CHUNK):  # a second request on this connection is not served
        continue
    raise ConnectionResetError("the visitor went away")


async def _answer(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        seen = await read_head(reader)
        while seen is not None and seen.first[1].startswith("1") and seen.first[1] != "101":
            seen = await read_head(reader)
    except (Malformed, ConnectionError):
        seen = None
    if seen is None:
        text = "The container behind this address does not answer. It may be stopped, or still starting."
        writer.write(answer(502, edge_pages.trouble("Bad gateway", text)))
        return
    if seen.first[1] != "101":
        kept = seen.without({"connection", "keep-alive", "cf-ray"})
        seen = Head(seen.first, [*kept, ("Cf-Ray", _ray()), ("Connection", "close")])
    writer.write(seen.encode())
    await _pour(reader, writer)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(CHUNK):
        writer.write(part)
        await writer.drain()


async def _form(reader: asyncio.StreamReader, head: Head) -> bytes:
    found = b""
    if head.first[0] == "POST":
        async for part in body(reader, head):
            found += part
            if len(found) > login.MAX_FORM:
                raise Malformed("the form is too large")
    return found


def _ray() -> str:
    return f"{secrets.token_hex(8)}-SIM"
