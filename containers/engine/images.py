"""Builds the small images that come with Warren, on a static busybox: no registry is asked."""

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from docker import APIClient
from docker.errors import ImageNotFound

from containers.engine.base import EngineRefusal
from containers.engine.faults import translated

RESET = Path(__file__).parent.parent / "images" / "reset"
LABEL = "warren.context"


def build_small(name: str, folder: Path, host: str | None = None) -> str:
    """Have the image `warren/<name>:latest` made from this folder; does nothing if it is there. Returns its name."""
    return _build(name, _context(folder), host)


def build_reset(host: str | None = None) -> str:
    """Have the image made that ends connections; does nothing if it is there. Returns its name.

    It holds this host's own `ss`, for it runs on a kernel of the same architecture and needs nothing else.
    """
    return _build("reset", {**_context(RESET), **_linked("ss", "iproute2")}, host)


def _build(name: str, files: dict[str, tuple[bytes, int]], host: str | None) -> str:
    image, digest = f"warren/{name}:latest", _digest(files)
    with translated():
        api = APIClient(base_url=host, version="auto", timeout=120)
        try:
            labels = api.inspect_image(image)["Config"]["Labels"] or {}
        except ImageNotFound:
            labels = {}
        if labels.get(LABEL) == digest:
            return image
        wanted = {"tag": image, "labels": {LABEL: digest}, "network_mode": "none"}  # nothing is fetched
        for event in api.build(fileobj=_tar(files), custom_context=True, rm=True, decode=True, **wanted):
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


def _linked(program: str, package: str) -> dict[str, tuple[bytes, int]]:
    """A program with its loader, as `ld.so`, and its libraries: run by that loader, it needs no paths of this host."""
    found = shutil.which(program)
    if found is None:
        raise EngineRefusal(f"{program} is missing; install it: apt-get install {package}")
    said = subprocess.run(["ldd", found], capture_output=True, text=True, check=False).stdout
    loader = re.search(r"^\s*(/\S+) \(", said, re.MULTILINE)
    if loader is None:
        raise EngineRefusal(f"What {found} is linked to could not be read.")
    libraries = {f"lib/{name}": path for name, path in re.findall(r"^\s*(\S+) => (/\S+)", said, re.MULTILINE)}
    paths = {program: found, "ld.so": loader[1], **libraries}
    return {name: (Path(path).read_bytes(), 0o755) for name, path in paths.items()}


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
