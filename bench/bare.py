"""The least that can fan out under Daphne: one subscription in the process, a list of sockets, the text as it came.

It knows nobody, asks for nothing and takes no acknowledgement: the floor under `live`.
"""

import asyncio
import os
from typing import Any

from redis.asyncio import Redis

CHANNEL = "bench.bare"
_sockets: list[Any] = []
_tasks: list[asyncio.Task[None]] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    if not _tasks:
        _tasks.append(asyncio.create_task(_hear()))
    await receive()
    await send({"type": "websocket.accept"})
    _sockets.append(send)
    await send({"type": "websocket.send", "text": '{"type":"hello"}'})
    while (await receive())["type"] != "websocket.disconnect":
        continue
    _sockets.remove(send)


async def _hear() -> None:
    ear = Redis.from_url(os.environ["REDIS_URL"]).pubsub()
    await ear.subscribe(CHANNEL)
    async for message in ear.listen():
        if message["type"] == "message":
            event = {"type": "websocket.send", "text": message["data"].decode()}
            for send in _sockets:
                await send(event)
