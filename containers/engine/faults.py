"""From the Docker SDK's errors to ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker.errors import APIError, DockerException

from containers.engine.base import DiskFull, EngineAway, EngineError, EngineRefusal


@contextmanager
def translated(*, absent_is_fine: bool = False) -> Iterator[None]:
    """Raise ours for the SDK's; with `absent_is_fine`, a 404 ends the block quietly instead.

    No answer is `EngineAway` and never "absent": an engine that is away says nothing about its containers.
    """
    try:
        yield
    except APIError as exc:
        if exc.status_code == 404 and absent_is_fine:
            return
        if "no space left on device" in str(exc.explanation):  # and a path of the host's, which is nobody's business
            raise DiskFull(
                "There is no room left on the disk where containers are kept. Tell whoever runs Warren; "
                "it is tried again by itself."
            ) from exc
        message = f"The engine refused: {exc.explanation or exc.status_code}"
        if exc.status_code == 400:
            raise EngineRefusal(message) from exc
        raise EngineError(message) from exc
    except (requests.exceptions.RequestException, DockerException, OSError) as exc:
        raise EngineAway(f"The Docker engine does not answer ({type(exc).__name__}).") from exc
