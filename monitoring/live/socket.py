"""What all sockets have in common: who is there, what they may send and how much of it, and how it ends."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from autobahn.exception import Disconnected
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError
from django.utils import timezone, translation
from redis.exceptions import RedisError

from monitoring.live import hub, origins, pacing, visitors
from monitoring.live.codes import WORDS, Close
from monitoring.live.database import in_database
from monitoring.live.hub import Hub
from monitoring.live.pacing import TooOften
from monitoring.live.rights import Rights
from monitoring.live.snapshots import Snapshot
from monitoring.live.visitors import NotSignedIn, Visitor
from tenants import languages

log = logging.getLogger(__name__)

PING = 15.0  # seconds without a message after which one is sent, so that a page can tell silence from absence
PATIENCE = 5.0  # seconds that Redis may take until a socket is told to come again
MAX_TEXT = 16 * 1024  # characters in one message of a browser's
MAX_BYTES = 32 * 1024
RATE, BURST = 50.0, 200.0  # messages a second, and at once


class BadMessage(Exception):
    """Of the browser's: it means nothing here."""


class LiveSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """`held`: the containers whose rights it lives by. `watched`: those whose numbers it is shown."""

    channel_layer_alias = None  # sockets hang on the hub, which has the process's one channel
    visitor: Visitor
    held: frozenset[str] = frozenset()
    watched: frozenset[str] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hub: Hub | None = None
        self.over = False
        self._leaving: asyncio.Task[None] | None = None
        self._spoke = time.monotonic()
        self._allowance, self._counted = BURST, self._spoke

    # --- For subclasses ---------------------------------------------------------------------------------------
    async def opened(self) -> None:
        """The visitor is known, and the hub there."""

    async def heard(self, message: dict[str, Any]) -> None:
        """One of the browser's messages. Raises `BadMessage`."""
        raise BadMessage

    async def heard_bytes(self, data: bytes) -> None:
        """Raises `BadMessage`."""
        raise BadMessage

    async def judged(self, rights: Mapping[str, Rights]) -> None:
        """The rights on what is `held`, as they are now."""

    async def left(self) -> None:
        """The socket is closed, by whomever, and what it raises is logged."""

    # --- For the hub ------------------------------------------------------------------------------------------
    async def judge(self, now: Visitor | None, rights: Mapping[str, Rights]) -> None:
        if self.over:
            return
        if now is None:
            await self.end(Close.SIGNED_OUT)
            return
        self.visitor = now
        await self.judged(rights)

    @property
    def tenants(self) -> set[Any]:
        """The keys of the tenants that its rights are about."""
        return set()

    def take_fresh(self) -> set[str]:
        """The containers that it has not been told of yet; they count as told of from here on."""
        return set()

    def owe(self, container: str) -> None:
        """It could not be told after all."""

    async def shown(self, container: str, snapshot: Snapshot) -> None:
        """How a watched container is now."""

    async def numbers(self, at: str, parts: Mapping[str, str], text: str) -> None:
        """One pass of statistics: those of each container as JSON, and the whole message of them."""

    async def told(self, kind: str, container: str, text: str) -> None:
        """A message about a watched container."""

    async def measured(self, *, measuring: bool) -> None:
        """The agent went, or came back."""

    async def tick(self) -> None:
        """Every second."""
        if self.visitor.until and self.visitor.until <= timezone.now() and self.hub:
            self.hub.doubt([self])
        if time.monotonic() - self._spoke > PING:
            await self.tell("ping")

    # --- The socket's life ------------------------------------------------------------------------------------
    async def connect(self) -> None:
        given = visitors.headers(self.scope)
        if visitors.ticket(self.scope) is None and not origins.ours(given, self.scope.get("scheme", "ws")):
            await self.close()  # before it is accepted: HTTP 403
            return
        await self.accept()
        translation.activate(visitors.language(self.scope))
        try:
            self.visitor = await in_database(self._enter)
            if language := languages.chosen(self.visitor.user):
                translation.activate(language)
            async with asyncio.timeout(PATIENCE):
                found = await hub.current()
        except NotSignedIn:
            await self.end(Close.SIGNED_OUT)
        except TooOften:
            await self.end(Close.TOO_MANY)
        except (DatabaseError, RedisError, OSError, TimeoutError) as exc:
            log.warning("a socket could not be opened: %s", exc)
            await self.end(Close.UNAVAILABLE)
        else:
            if not found.add(self):
                await self.end(Close.TOO_MANY)
                return
            self.hub = found
            await self.opened()

    def _enter(self) -> Visitor:
        """Raises `NotSignedIn`, `TooOften`."""
        pacing.count(address=origins.address(self.scope))
        visitor = visitors.find(self.scope)
        pacing.count(person=str(visitor.user.pk))
        return visitor

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.over or self.hub is None:
            return
        if not self._allowed():
            await self.end(Close.TOO_MANY)
            return
        try:
            if bytes_data is not None:
                if len(bytes_data) > MAX_BYTES:
                    raise BadMessage
                await self.heard_bytes(bytes_data)
                return
            message = parsed(text_data or "")
            if message["type"] == "ping":
                await self.tell("pong")
            else:
                await self.heard(message)
        except BadMessage:
            await self.end(Close.BAD_MESSAGE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """From the first message to the last. Where a mistake or the server ends it in between, no `disconnect` comes:
        the hub is not to hold on to what nobody is at the other end of."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.over = True
            self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """One of the server's. Channels would look after connections to the database first, which takes a turn in a
        thread for every message of the browser's; `in_database` does that where there is one."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def disconnect(self, code: int) -> None:
        self.over = True
        self._leave()
        if self._leaving:
            await self._leaving

    async def end(self, code: Close, detail: str = "") -> None:
        """Say why, and close. What is said after that is lost; what there is to note is noted afterwards."""
        if self.over:
            return
        self.over = True
        self._leave()
        if code is not Close.OVER:
            await self.write(self.text("error", code=code.word, detail=detail or str(WORDS[code])))
        with contextlib.suppress(Disconnected, OSError):
            await self.close(int(code))  # autobahn takes no other kind of integer

    def _leave(self) -> None:
        if self.hub:
            self.hub.drop(self)
            self.hub = None
            self._leaving = asyncio.get_running_loop().create_task(self._left())

    async def _left(self) -> None:
        try:
            await self.left()
        except Exception:  # nobody waits for this task, and nobody would hear of it
            log.exception("what a closed socket leaves was not seen to")

    async def tell(self, kind: str, **facts: Any) -> None:
        if not self.over:
            await self.write(self.text(kind, **facts))

    @staticmethod
    def text(kind: str, **facts: Any) -> str:
        return json.dumps({"type": kind, **facts}, separators=(",", ":"))

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False) -> None:
        try:
            await super().send(text_data, bytes_data, close)
        except (Disconnected, OSError):
            self.over = True  # the browser has gone, and the server is about to say so

    async def write(self, text: str) -> None:
        self._spoke = time.monotonic()
        await self.send(text_data=text)

    def allow_one(self) -> None:
        """The message at hand does not count."""
        self._allowance += 1

    def charge(self, messages: float) -> None:
        """The message at hand counts for so many more."""
        self._allowance -= messages

    def _allowed(self) -> bool:
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted) * RATE) - 1
        self._counted = now
        return self._allowance >= 0


def parsed(text: str) -> dict[str, Any]:
    """One of a browser's messages: an object with a `type`. Raises `BadMessage`."""
    if len(text) > MAX_TEXT:
        raise BadMessage
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadMessage from exc
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadMessage
    return message


def whole(value: object, least: int, most: int) -> int:
    """A whole number within bounds, and no truth value. Raises `BadMessage`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadMessage
    return value
