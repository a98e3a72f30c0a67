"""Sockets of this process, over the real channel layer, with the real database behind them."""

import asyncio
import itertools
import json
import re
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, Self

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from access.models import Grant
from config.asgi import application
from containers import observed
from containers.models import Container, ContainerStatus, Template
from monitoring.live import hub, wire
from monitoring.live.database import AT_ONCE, REVIEWS, in_database
from monitoring.live.link import Link
from tenants.models import Membership, Tenant, User
from tests.live import described
from tests.parts import slowness

_PORTS = itertools.count(1)
ORIGIN = "http://testserver"
NUMBERS = {
    "cpu_percent": 1.0,
    "memory": {"used": 2**20, "limit": 2**27, "percent": 0.78},
    "network": {"rx": 3, "tx": 4},
    "block": {"read": 5, "write": 6},
    "pids": 7,
}


class Page:
    """A browser's end of a socket."""

    def __init__(self, path: str, user: User | None, **headers: str) -> None:
        sent = {"host": "testserver", "origin": ORIGIN} | headers
        if user is not None:
            client = Client()
            client.force_login(user)
            sent["cookie"] = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
            self.client = client
        raw = [(name.encode(), value.encode()) for name, value in sent.items() if value]
        self.socket = WebsocketCommunicator(application, path, raw)
        self.client_end = self.socket.scope["client"] = ("127.0.0.1", next(_PORTS))
        self.address = re.sub(r"[0-9a-f-]{36}", "{id}", path.partition("?")[0])
        self.received = 0

    async def open(self) -> Self:
        accepted, code = await self.socket.connect(timeout=15)
        assert accepted, code
        return self

    async def say(self, **message: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(message))

    async def next(self, seconds: float = 15) -> dict[str, Any]:
        """The next message, whatever it is; `{"closed": code}` once the server has closed."""
        sent = await self.socket.receive_output(seconds * slowness())
        if sent["type"] == "websocket.close":
            return {"closed": sent["code"]}
        self.received += 1
        message: dict[str, Any] = json.loads(sent["text"])
        described.check(self.address, message)
        return message

    async def until(self, kind: str, **facts: Any) -> dict[str, Any]:
        """The first message of that kind with these facts; what comes before is passed over."""
        while True:
            message = await self.next()
            assert "closed" not in message or kind == "closed", message
            if kind in {message.get("type"), *message} and facts.items() <= message.items():
                return message

    async def closed(self) -> int:
        return int((await self.until("closed"))["closed"])

    async def silent(self, seconds: float = 0.3) -> bool:
        return bool(await self.socket.receive_nothing(seconds))

    async def leave(self) -> None:
        """To wait in vain has cancelled the socket, and its cancellation would skip whatever else a test tidies up."""
        if not self.socket.future.cancelled():
            await self.socket.disconnect()


Open = Callable[..., Any]


@pytest_asyncio.fixture
async def page(db: None) -> AsyncIterator[Open]:
    """`await page(user, path)`: an open socket."""
    opened: list[Page] = []

    async def open_one(user: User | None, path: str = "/ws/containers/", **headers: str) -> Page:
        made = await sync_to_async(Page)(path, user, **headers)
        opened.append(await made.open())
        return made

    yield open_one
    for each in opened:
        await each.leave()
    await (await hub.current()).close()
    await answered()


async def answered() -> None:
    """All that was asked of the database is done: who still writes there would meet whoever empties the tables."""
    together = threading.Barrier(AT_ONCE)
    await asyncio.gather(
        in_database(lambda: None, threads=REVIEWS), *(in_database(together.wait, 15) for _ in range(AT_ONCE))
    )


class FakeAgent:
    """Says what an agent says, and notes what the hubs ask of it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.leases: list[dict[str, Any]] = []
        self.closed: list[str] = []  # why streams were
        self.typed = b""
        self._more = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for message in self.link.messages():
            if message["type"] == "lease":
                self.leases.append(message)
                self._more.set()
            elif message["type"] == "stream.open":
                opened = {"type": "stream.opened", "stream": message["stream"], "agent": self.link.channel}
                await self.link.send(message["web"], opened)
            elif message["type"] == "stream.data":
                self.typed += message["data"]
                self._more.set()
            elif message["type"] == "stream.close":
                self.closed.append(message["reason"])
                self._more.set()

    async def here(self) -> None:
        await self.link.tell(wire.WEBS, {"type": "agent.here", "agent": self.link.channel, "at": 0.0})

    async def leased(self, *containers: Any) -> str:
        """The channel of the web process that asked for exactly these."""
        wanted = {str(container.pk) for container in containers}
        async with asyncio.timeout(15):
            while not self.leases or set(self.leases[-1]["containers"]) != wanted:
                self._more.clear()
                await self._more.wait()
        return str(self.leases[-1]["web"])

    async def has_closed(self, *reasons: str) -> None:
        async with asyncio.timeout(15):
            while self.closed != [*reasons]:
                self._more.clear()
                await self._more.wait()

    async def has_typed(self, text: bytes) -> None:
        async with asyncio.timeout(15):
            while self.typed != text:
                self._more.clear()
                await self._more.wait()

    async def statistics(self, web: str, at: str, *containers: Any, cpu: float = 1.0) -> None:
        numbers = {str(container.pk): {**NUMBERS, "cpu_percent": cpu} for container in containers}
        await self.link.send(web, {"type": "statistics", "at": at, "containers": numbers})


@pytest_asyncio.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    found = FakeAgent(await Link.open(wire.AGENTS))
    yield found
    found._hearing.cancel()


def make_box(tenant: Tenant, name: str) -> Container:
    template, _ = Template.objects.get_or_create(slug="hello", defaults={"name": "Hello", "image": "warren/hello"})
    row = Container.objects.create(
        tenant=tenant,
        template=template,
        name=name,
        hostname=f"{name}-{tenant.slug}.containers.localhost",
        engine_name=f"t-{name}",
        image=template.image,
        port=8080,
        memory=2**27,
        cpu=250,
        storage=2**30,
    )
    ContainerStatus.objects.get_or_create(container=row)
    return row


@pytest.fixture
def box(tenant: Tenant) -> Container:
    return make_box(tenant, "box")


@sync_to_async
def share(box: Container, guest: User, permission: str = "view", seconds: float | None = None) -> Grant:
    ends = timezone.now() + timedelta(seconds=seconds) if seconds else None
    return Grant.objects.create(
        container=box, email=guest.email, permission=permission, granter="alice@example.com", expires_at=ends
    )


@sync_to_async
def put_out(owner: User, box: Container, how: str, *pages: Page) -> None:
    """Take from somebody at these pages what they are there by."""
    if how == "signed out":
        for page in pages:
            page.client.logout()
    elif how == "password":
        owner.set_password("another")
        owner.save()
    elif how == "removed":
        Membership.objects.get(user=owner).delete()
    else:
        Container.objects.filter(pk=box.pk).update(deleted_at=timezone.now())
        observed.tell(box.pk)
