"""A second engine, on a file system that can limit what a container writes."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import wait_until

_CGROUPS = Path("/sys/fs/cgroup")
PREFIX = "warren-btrfs-"  # of the folder of such an engine, and of its cgroups


@pytest.fixture
def btrfs() -> Iterator[str]:
    """The address of an engine on btrfs that is there for this test alone."""
    _without_cgroups(f"{PREFIX}*")  # of runs that were killed; all else of theirs went by itself
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([Path(__file__).parent / "btrfs-engine", folder], stdout=log, stderr=log)
        try:
            wait_until(lambda: _listens(process, folder), 60)
            yield f"unix://{folder}/docker.sock"
        finally:
            process.kill()
            process.wait(30)
            wait_until(lambda: _without_cgroups(folder.name), 30)
            shutil.rmtree(folder)


def _listens(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Whether it takes connections; it then answers them as soon as it is up."""
    assert process.poll() is None, (folder / "log").read_text()[-2000:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(folder / "docker.sock"))
        return True
    return False


def _without_cgroups(name: str) -> bool:
    """Remove these cgroups and tell whether none is left; the kernel lets one go once its last process is gone."""
    tops = [*_CGROUPS.glob(name), *_CGROUPS.glob(f"*/{name}")]  # version 2 of them, and version 1
    left = False
    for top in tops:
        try:
            for folder in sorted(top.rglob("*/"), reverse=True):  # those inside come first
                folder.rmdir()
            top.rmdir()
        except OSError:
            left = True
    return not left
