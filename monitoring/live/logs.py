"""`/ws/containers/{id}/logs/`: what a container writes, line by line."""

import contextlib
from typing import Any

from containers import visibility
from containers.models import Container
from monitoring.live import lines, parameters
from monitoring.live.codes import Close
from monitoring.live.database import in_database
from monitoring.live.lines import Line, Reader
from monitoring.live.link import Message
from monitoring.live.socket import BadMessage
from monitoring.live.stream_socket import StreamSocket
from tenants import audit
from tenants.events import Action
from tenants.origin import Origin, origin
from tenants.refusal import Refused
from tenants.words import gettext as _

TAIL, MOST = 200, 10_000  # lines from before: unless said otherwise, and at most


class LogsSocket(StreamSocket):
    needs = "operate"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reader = Reader()

    async def permitted(self) -> None:
        try:
            options = _options(self.asked)
        except ValueError as exc:
            await self.end(Close.BAD_MESSAGE, str(exc))
            return
        name = await in_database(lambda: Container.objects.values_list("engine_name", flat=True).get(pk=self.container))
        if self.hub:
            await self.hub.stream(self, "logs", self.container, name=name, **options)

    async def refused(self) -> None:
        """The attempt is put on record, by being judged once more."""
        with contextlib.suppress(Refused):
            await in_database(self._require)

    def _require(self) -> None:
        container = Container.objects.select_related("tenant").get(pk=self.container)
        here = origin.set(Origin(ip=self.visitor.ip))
        facts: dict[str, Any] = {"actor": self.visitor.asks, "target": container, "tenant": container.tenant}
        try:
            with audit.refusals(Action.LOGS_OPEN, **facts):
                visibility.require(self.visitor.asks, container, self.needs)
        finally:
            origin.reset(here)

    async def heard(self, message: dict[str, Any]) -> None:
        if message["type"] != "ack":
            raise BadMessage
        await self.acknowledged(message.get("offset"))

    async def stream_opened(self, facts: Message) -> None:
        await self.tell("opened")

    async def stream_data(self, offset: int, data: bytes) -> None:
        since = self._reader.end
        found = list(self._reader.feed(data))
        if self._reader.end > since:
            shown = [_shown(line) for line in found if line.kind in lines.STREAMS]
            self.given(self._reader.end)
            await self.tell("lines", **{"from": since, "to": self._reader.end, "lines": shown})
        for line in found:
            if line.kind == lines.ENDED:
                said = _("It has ended. What it writes when it runs again comes here, too.")
                if line.text:
                    said = _("It ended with exit code %(code)s. What it writes when it runs again comes here, too.")
                await self.tell("ended", at=line.at, detail=said % {"code": line.text})
            elif line.kind == lines.STARTED:
                await self.tell("started", at=line.at)


def _shown(line: Line) -> dict[str, Any]:
    part = line.kind in lines.PARTS
    return {"at": line.at, "stream": lines.STREAMS[line.kind], "text": line.text, "part": part}


def _options(asked: dict[str, str]) -> dict[str, Any]:
    """Raises `ValueError`, with words for people."""
    return {
        "tail": parameters.number(asked, "tail", TAIL, 0, MOST),
        "after": parameters.moment(asked, "after"),
        "follow": parameters.truth(asked, "follow", usual=True),
    }
