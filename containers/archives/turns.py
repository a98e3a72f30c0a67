"""Whose turn it is: copying data takes a thread for long, and a worker's other work must find some free."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from django.conf import settings


@contextmanager
def turn() -> Iterator[bool]:
    """Whether this process may copy one more archive now (`ARCHIVES_AT_ONCE`); never waits."""
    free = _free(settings.ARCHIVES_AT_ONCE)
    taken = free.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            free.release()


@cache
def _free(count: int) -> BoundedSemaphore:
    return BoundedSemaphore(count)
