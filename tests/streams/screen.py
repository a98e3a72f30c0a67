"""A browser with a terminal."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.live import described
from tests.live.conftest import Page
from tests.parts import slowness


class Screen:
    """It keeps what is shown, and acknowledges it."""

    def __init__(self, page: Page) -> None:
        self.page, self.shown, self.seen = page, bytearray(), set[str]()
        self.taken, self.last = 0, dict[str, Any]()

    async def type(self, data: bytes) -> None:
        await self.page.socket.send_to(bytes_data=data)

    async def until(self, holds: Callable[["Screen"], Any], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds * slowness()):
            while not holds(self):
                sent = await self.page.socket.receive_output(seconds * slowness())
                if sent["type"] == "websocket.close":
                    self.last = {"closed": sent["code"]}
                elif sent.get("bytes"):
                    self.shown += sent["bytes"]
                    await self.page.say(type="ack", bytes=len(self.shown))
                else:
                    self.last = json.loads(sent["text"])
                    described.check(self.page.address, self.last)
                    self.seen.add(self.last["type"])
                    self.taken = max(self.taken, self.last.get("bytes", 0))

    async def until_shown(self, words: bytes) -> None:
        await self.until(lambda s: words in s.shown or "closed" in s.last)
        assert words in self.shown, (self.shown[-300:], self.last)
