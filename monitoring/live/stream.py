"""A log or a terminal between a socket and an agent: bytes both ways, in acknowledged windows."""

import time
import uuid
from typing import TYPE_CHECKING, Any

from monitoring.live import wire
from monitoring.live.link import Message
from monitoring.live.windows import Inflow, Outflow

if TYPE_CHECKING:
    from monitoring.live.hub import Hub
    from monitoring.live.stream_socket import StreamSocket

OPENING = 5.0  # seconds that an agent has to answer


class Stream:
    """The socket hears `stream_opened`, `stream_data`, `stream_acked` and, once, `stream_closed`."""

    def __init__(self, hub: "Hub", socket: "StreamSocket") -> None:
        self.hub, self.socket = hub, socket
        self.id, self.agent = uuid.uuid4().hex, ""
        self.reason = ""  # why it is closed, for the agent's record
        self._acknowledged = self._told = 0  # `_told`: up to where the agent knows what has arrived
        self._inflow = Inflow()
        self._outflow = Outflow(self._pass_on, wire.INPUT_WINDOW)
        self._asked = time.monotonic()

    async def open(self, kind: str, container: str, options: dict[str, Any]) -> None:
        facts = {"type": "stream.open", "web": self.hub.link.channel, "stream": self.id, "kind": kind}
        await self.hub.link.tell(wire.AGENTS, {**facts, "container": container, **options})

    # --- From the browser -------------------------------------------------------------------------------------
    async def write(self, data: bytes) -> None:
        """Waits while a window of it is on its way."""
        await self._outflow.write(data)

    async def acked(self, offset: int) -> None:
        """The browser has handled all before `offset`."""
        self._acknowledged = offset
        await self._acknowledge()

    async def resize(self, columns: int, rows: int) -> None:
        await self._say("stream.resize", columns=columns, rows=rows)

    def close(self) -> None:
        """Nobody listens any more. The agent is told; if that gets lost, its lease runs out."""
        if self.hub.streams.pop(self.id, None):
            message = {"type": "stream.close", "stream": self.id, "reason": self.reason}
            link = self.hub.link  # whoever has it, where no agent has answered yet
            self.hub.later(link.send(self.agent, message) if self.agent else link.tell(wire.AGENTS, message))

    # --- From the agent ---------------------------------------------------------------------------------------
    async def take(self, kind: str, message: Message) -> None:
        match kind:
            case "stream.opened":
                self.agent = message["agent"]
                await self.socket.stream_opened(message)
            case "stream.data":
                offset = self._inflow.taken
                if fresh := self._inflow.take(message["offset"], message["data"]):
                    await self.socket.stream_data(offset, fresh)
                else:  # sent again: an acknowledgement may have been lost
                    await self._acknowledge()
            case "stream.ack":
                self._outflow.acked(message["offset"], message.get("arrived", 0))
                await self.socket.stream_acked(message["offset"])
            case "stream.closed":
                await self._over(message["code"], message["detail"], message.get("exit_code"))

    async def lost(self) -> None:
        """The agent that had it is gone, and the stream with it."""
        await self._over("agent_away", "", None)

    async def tick(self) -> None:
        if not self.agent and time.monotonic() - self._asked > OPENING:
            await self.lost()
        if self._told < self._inflow.taken:  # by a browser that is slow: it is not to be sent again
            await self._acknowledge()
        await self._outflow.resend()

    async def _over(self, code: str, detail: str, exit_code: int | None) -> None:
        if self.hub.streams.pop(self.id, None):
            await self.socket.stream_closed(code, detail, exit_code)

    async def _acknowledge(self) -> None:
        self._told = self._inflow.taken
        await self._say("stream.ack", offset=self._acknowledged, arrived=self._told)

    async def _pass_on(self, offset: int, data: bytes) -> None:
        await self._say("stream.data", offset=offset, data=data)

    async def _say(self, kind: str, **facts: Any) -> None:
        if self.agent:
            await self.hub.link.send(self.agent, {"type": kind, "stream": self.id, **facts})
