"""What the sockets of logs and terminals have in common: one container, one permission, one stream."""

import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from django.db import Error as DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from monitoring.live.codes import Close
from monitoring.live.link import Message
from monitoring.live.rights import NONE, Rights
from monitoring.live.socket import LiveSocket, whole
from monitoring.live.stream import Stream

log = logging.getLogger(__name__)

PATIENCE = 60.0  # seconds for which a browser may acknowledge nothing of what it was given
STRIDE = 1024  # bytes: who acknowledges so many at a time may do so as often as they come
NOTHING_THERE = frozenset({"not_running", "no_shell", "unreadable"})  # said in words, and no reason to come again
CLOSES = {"idle": Close.IDLE, "too_many": Close.TOO_MANY}


class StreamSocket(LiveSocket):
    """Asks for its stream once it is known that the visitor may; ends with the permission."""

    needs: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stream: Stream | None = None
        self._rights: Rights | None = None
        self._given = self._acknowledged = 0
        self._moved = time.monotonic()

    @property
    def tenants(self) -> set[Any]:
        return {self._rights.tenant} if self._rights else set()

    @property
    def container(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["pk"])

    @property
    def asked(self) -> dict[str, str]:
        """The address's parameters; of one that came twice, the last."""
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
        return {name: values[-1] for name, values in query.items()}

    # --- For subclasses ---------------------------------------------------------------------------------------
    async def permitted(self) -> None:
        """They may: open the stream."""

    async def refused(self) -> None:
        """They see the container, and may not do this; the socket is closed."""

    async def stream_opened(self, facts: Message) -> None: ...

    async def stream_data(self, offset: int, data: bytes) -> None: ...

    async def stream_acked(self, offset: int) -> None: ...

    async def ended(self, exit_code: int | None) -> None:
        """The log or the shell is over, as it should be."""

    # --- For subclasses to call -------------------------------------------------------------------------------
    def given(self, offset: int) -> None:
        """The browser is given all before `offset`, and will acknowledge it."""
        if self._given == self._acknowledged:
            self._moved = time.monotonic()
        self._given = offset

    async def acknowledged(self, offset: object) -> None:
        """The browser has handled all before `offset`. Raises `BadMessage` for what cannot be."""
        now = whole(offset, self._acknowledged, self._given)
        if now - self._acknowledged >= STRIDE or self._acknowledged < now == self._given:
            self.allow_one()  # no flood: the server itself set the pace
        if now > self._acknowledged:
            self._acknowledged, self._moved = now, time.monotonic()
            if self.stream:
                await self.stream.acked(now)

    # --- The stream's end -------------------------------------------------------------------------------------
    async def stream_closed(self, code: str, detail: str, exit_code: int | None) -> None:
        if code == "ended":
            await self.ended(exit_code)
            await self.end(Close.OVER)
        elif code in NOTHING_THERE:
            await self.tell("error", code=code, detail=detail)
            await self.end(Close.OVER)
        else:
            await self.end(CLOSES.get(code, Close.UNAVAILABLE), detail)

    async def end(self, code: Close, detail: str = "") -> None:
        if self.stream:
            self.stream.reason = code.word
        await super().end(code, detail)

    # --- The socket's life ------------------------------------------------------------------------------------
    async def opened(self) -> None:
        if self.hub:
            self.held = frozenset({self.container})
            self.hub.watch(self.container, self)
            self.hub.ask(self)

    async def judged(self, rights: Mapping[str, Rights]) -> None:
        first, self._rights = self._rights is None, rights.get(self.container, NONE)
        if self._rights.gone:
            await self.end(Close.GONE)
        elif self.needs not in self._rights.permissions:
            sees = bool(self._rights.permissions)
            if self.hub and first and sees:
                self.hub.later(self._attempt(self.refused))
            lost = Close.NOT_FOUND if first else Close.REVOKED
            await self.end(Close.NOT_PERMITTED if sees else lost)
        elif first and self.hub:
            self.hub.later(self._attempt(self.permitted))  # everybody else's rights are not to wait for it

    async def _attempt(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except (DatabaseError, RedisError, OSError) as exc:
            log.warning("a stream could not be opened: %s", exc)
            await self.end(Close.UNAVAILABLE)

    async def tick(self) -> None:
        await super().tick()
        if self._given > self._acknowledged and time.monotonic() - self._moved > PATIENCE:
            await self.end(Close.TOO_SLOW)
        if self.hub and self._rights and self._rights.until and self._rights.until <= timezone.now():
            self.hub.doubt([self])
