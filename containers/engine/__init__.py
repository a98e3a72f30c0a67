"""What runs the containers. The rest of Warren knows `Engine` and the values of `base`, never the Docker SDK."""

from functools import cache

from django.conf import settings

from containers.engine.base import Engine


@cache
def current() -> Engine:
    """The engine that `ENGINE` names, one per process."""
    if settings.ENGINE == "memory":
        from containers.engine.memory import MemoryEngine

        return MemoryEngine()
    from containers.engine.docker import DockerEngine

    return DockerEngine(
        settings.DOCKER_HOST or None,
        timeout=settings.DOCKER_TIMEOUT,
        starts=settings.DOCKER_STARTS,
        mark=settings.INSTALLATION,
    )


__all__ = ["Engine", "current"]
