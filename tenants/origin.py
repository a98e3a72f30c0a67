"""From where the work at hand was asked for: in a request, and in the tasks that a request rang."""

import re
from contextvars import ContextVar
from dataclasses import dataclass

_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")


@dataclass(frozen=True, slots=True)
class Origin:
    ip: str | None = None
    request_id: str = ""


origin: ContextVar[Origin] = ContextVar("origin", default=Origin())


def acceptable(request_id: str) -> bool:
    """Whether an id from outside may stand in log and audit rows as it is."""
    return _ID.fullmatch(request_id) is not None
