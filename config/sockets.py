"""Turns away sockets at addresses that there are none at: Channels would raise, and the server log it as a fault.

All others are kept from sending without end to who does not read.
"""

from typing import Any

from channels.routing import URLRouter

from config.unread import Unread


class Sockets:
    def __init__(self, router: URLRouter) -> None:
        self._router = router

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix("/")
        if any(route.pattern.match(path) for route in self._router.routes):
            await self._router(scope, receive, Unread.before(send))
        else:
            await send({"type": "websocket.close"})  # before it is accepted: HTTP 403
