"""Django's database from an event loop: in threads, whose connections go back to the pool after each call."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections

T = TypeVar("T")
AT_ONCE = 4
_THREADS = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="live")
REVIEWS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="review")  # waits for nobody else's questions


async def in_database(call: Callable[..., T], *args: Any, threads: ThreadPoolExecutor = _THREADS) -> T:
    """What `call` returns or raises. It goes on where whoever waits for it is cancelled."""
    return await asyncio.get_running_loop().run_in_executor(threads, _fresh, call, args)


def _fresh(call: Callable[..., T], args: tuple[Any, ...]) -> T:
    close_old_connections()  # one that broke meanwhile
    try:
        return call(*args)
    finally:
        close_old_connections()
