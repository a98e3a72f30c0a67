"""Builds the small images that come with Warren, on a static busybox and nothing else: no registry is asked."""

import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound

from containers.engine.base import EngineRefusal
from containers.engine.faults import translated

LABEL = "warren.context"


def build_small(name: str, folder: Path, host: str | None = None) -> str:
    """Have the image `warren/<name>:latest` made from this folder; does nothing if it is there. Returns its name."""
    image, files = f"warren/{name}:latest", _context(folder)
    digest = _digest(files)
    with translated():
        api = APIClient(base_url=host, version="auto", timeout=120)
        try:
            labels = api.inspect_image(image)["Config"]["Labels"] or {}
        except ImageNotFound:
            labels = {}
        if labels.get(LABEL) == digest:
            return image
        for event in api.build(
            fileobj=_tar(files), custom_context=True, tag=image, labels={LABEL: digest}, rm=True, decode=True
        ):
            if "error" in event:
                raise EngineRefusal(f"The image {image} could not be built: {event['error']}")
    return image


def _context(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Name → content and mode of every file, the static busybox among them."""
    files = {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o755 | 0o444)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {**files, "busybox": (_busybox().read_bytes(), 0o755)}


def _busybox() -> Path:
    found = shutil.which("busybox")
    if found is None:
        raise EngineRefusal("A static busybox is missing; install it: apt-get install busybox-static")
    linked = subprocess.run(["ldd", found], capture_output=True, text=True, check=False)
    if "=>" in linked.stdout:
        raise EngineRefusal(f"{found} is not static; install one that is: apt-get install busybox-static")
    return Path(found)


def _digest(files: dict[str, tuple[bytes, int]]) -> str:
    found = hashlib.sha256()
    for name, (content, mode) in files.items():
        found.update(f"{name} {mode:o} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def _tar(files: dict[str, tuple[bytes, int]]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    buffer.seek(0)
    return buffer
