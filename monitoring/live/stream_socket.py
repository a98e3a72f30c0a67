"""What the sockets of logs and terminals have in common: one container, one permission, one stream."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from django.utils import timezone

from monitoring.live.codes import Close
from monitoring.live.link import Message
from monitoring.live.rights import NONE, Rights
from monitoring.live.socket import LiveSocket
from monitoring.live.stream import Stream


class StreamSocket(LiveSocket):
    """Asks for its stream once it is known that the visitor may; ends with the permission."""

    needs: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stream: Stream | None = None
        self._rights: Rights | None = None

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

    async def stream_opened(self, facts: Message) -> None: ...

    async def stream_data(self, offset: int, data: bytes) -> None: ...

    async def stream_acked(self, offset: int) -> None: ...

    async def stream_closed(self, code: str, detail: str, exit_code: int | None) -> None: ...

    # --- The socket's life ------------------------------------------------------------------------------------
    async def opened(self) -> None:
        if self.hub:
            self.held = frozenset({self.container})
            self.hub.watch(self.container, self)
            self.hub.doubt([self])

    async def judged(self, rights: Mapping[str, Rights]) -> None:
        first, self._rights = self._rights is None, rights.get(self.container, NONE)
        if self._rights.gone:
            await self.end(Close.GONE)
        elif self.needs not in self._rights.permissions:
            had_none = first and not self._rights.permissions
            refusal = Close.NOT_PERMITTED if first else Close.REVOKED
            await self.end(Close.NOT_FOUND if had_none else refusal)
        elif first:
            await self.permitted()

    async def tick(self) -> None:
        await super().tick()
        if self.hub and self._rights and self._rights.until and self._rights.until <= timezone.now():
            self.hub.doubt([self])
