"""A port: when somebody last came to a container's address, as an expression over `Container` that lists show and order
by. `access` fills it; without it nobody ever came.
"""

import datetime
import re
from collections.abc import Callable
from typing import Any

from django.db.models import DateTimeField, Value

from containers.models import Container

_expression: Callable[[], Any] = lambda: Value(None, output_field=DateTimeField())  # noqa: E731


def plug(expression: Callable[[], Any]) -> None:
    global _expression
    _expression = expression


def expression() -> Any:
    """Of the last one who was let in; null where nobody ever was."""
    return _expression()


def started(container: Container) -> datetime.datetime | None:
    """When its program started, as the engine spells it, to the second; None where it never did. Reads the status."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", container.status.started_at)
    if not found or found[1].startswith("0001"):
        return None
    return datetime.datetime.fromisoformat(f"{found[1]}+00:00")
