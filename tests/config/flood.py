"""A socket that sends as many pieces as its address says, whether or not anybody reads, and closes when spoken to."""

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

from config.sockets import Sockets

PIECE = 64 * 1024


async def flood(scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    for number in range(scope["url_route"]["kwargs"]["pieces"]):
        await send({"type": "websocket.send", "bytes": number.to_bytes(2, "big") * (PIECE // 2)})
    if (await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.close", "code": 1000})


router = URLRouter([path("<int:pieces>/", flood)])
application = ProtocolTypeRouter({"websocket": Sockets(router)})
