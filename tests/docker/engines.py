"""A second engine, which a test may do with as it likes."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.parts import wait_until

_CGROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def second_engine(program: Path, prefix: str) -> Iterator[str]:
    """The address of an engine that `program` runs in the folder that it is given, until it is killed.

    `prefix` is how the names of that folder and of the engine's cgroups begin.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, folder], stdout=log, stderr=log)
        try:
            wait_until(lambda: _listens(process, folder), 60)
            yield f"unix://{folder}/docker.sock"
        finally:
            process.kill()
            process.wait(30)
            wait_until(lambda: without_cgroups(folder.name), 30)
            shutil.rmtree(folder, ignore_errors=True)


def _listens(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Whether it takes connections; it then answers them as soon as it is up."""
    assert process.poll() is None, (folder / "log").read_text()[-2000:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(folder / "docker.sock"))
        return True
    return False


def without_cgroups(name: str) -> bool:
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
