"""The agent's one connection to the database, in a thread of its own: the loop never waits for it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from django.db import connections

Result = TypeVar("Result")
Job = Callable[[], None]


class Database:
    """A thread that nobody waits for at the end, unlike an executor's: a database that hangs holds up no exit."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def do(self, work: Callable[[], Result]) -> Result:
        """What it returns or raises; one after the other. Raises `RuntimeError` once this is closed."""
        if self._closed:
            raise RuntimeError("the agent's database is closed")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="database", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()

        def job() -> None:
            try:
                result = work()
            except Exception as exc:
                connections.close_all()  # it may be the connection that failed: the next job gets another
                self._back(loop, done, partial(done.set_exception, exc))
            else:
                self._back(loop, done, partial(done.set_result, result))

        self._jobs.put(job)
        return await done

    def close(self, timeout: float = 0.2) -> None:
        """Gives the connection back once what is under way is done, and waits a moment for that."""
        self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        connections.close_all()

    @staticmethod
    def _back(loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any], settle: Callable[[], None]) -> None:
        def once() -> None:
            if not done.done():  # nobody waits for it any more, else
                settle()

        with contextlib.suppress(RuntimeError):  # the loop is closed: the agent has ended
            loop.call_soon_threadsafe(once)
