"""What the tests of a container's settings ask of the API, and of the engine behind it."""

from typing import Any

from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container

MIB = 1024**2
PASSWORD = "correct horse battery staple"


def change(api: APIClient, url: str, **settings: Any) -> Any:
    return api.patch(url, settings, format="json")


def settled(api: APIClient, box: str) -> bool:
    """Runs and is published as it is wanted now. No connector runs on this engine, so ready it is never."""
    body = api.get(box).json()
    published = next(row for row in body["conditions"] if row["type"] == "Published")
    return bool(body["lifecycle"] == "running" and published["observed_generation"] == body["generation"]) and bool(
        published["status"]
    )


def spec(memory: MemoryEngine) -> Any:
    return memory.specs[Container.objects.living().get(name="box").engine_name]


def seen(memory: MemoryEngine) -> Any:
    return memory.containers[Container.objects.living().get(name="box").engine_name]
