"""A container that keeps data, and the archives that go out of it and into it."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tests.api.conftest import URL
from tests.conftest import converge


def tar(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o640
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.ARCHIVE_ROOT = str(tmp_path / "archives")
    return tmp_path / "archives"


@pytest.fixture
def api(api: APIClient) -> APIClient:
    Template.objects.create(slug="notes", name="Notes", image="warren/notes:latest", data_folder="/data")
    return api


@pytest.fixture
def box(api: APIClient) -> str:
    url: str = api.post(URL, {"name": "box", "template": "notes"}, format="json").headers["Location"]
    converge()
    return url


def export(api: APIClient, box: str) -> Any:
    return api.post(f"{box}exports/")


def restore(api: APIClient, box: str, data: bytes) -> Any:
    return api.post(f"{box}imports/", data, content_type="application/gzip")


def content(memory: MemoryEngine) -> list[str]:
    """Of the volume that the container uses now."""
    return names(memory.contents[memory.specs[Container.objects.get(name="box").engine_name].volume])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
