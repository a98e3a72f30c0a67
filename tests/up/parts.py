"""Warren as an operator starts it: `manage.py up` in a home of its own."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.parts import docker_cleanup, process_number, wait_until
from tests.up import migrated

ROOT = Path(__file__).resolve().parents[2]


_given = set[int]()


def free_port() -> int:
    """One that nobody else takes, also while nothing listens on it: each process of a run has a range of its own, below
    those from which an installation picks its own and from which the kernel gives ports to connections; and none is
    given twice."""
    first = 10_000 + 500 * process_number()
    while True:
        port = random.SystemRandom().randrange(first, first + 500)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


class Up:
    """An installation: its home, its ports, and the process while it runs."""

    def __init__(self, home: Path, *, bare: bool = False) -> None:
        self.bare = bare
        self.home, self.port, self.edge_port, self.mail_port = home, free_port(), free_port(), free_port()
        self.settings: dict[str, str] = {}  # beside those that every test needs
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """A user's: nothing of the test run's own."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "DOCKER_HOST") if name in os.environ}
        ports = {"PORT": str(self.port), "EDGE_PORT": str(self.edge_port), "SMTP_PORT": str(self.mail_port)}
        unhurried = {"API_RATE": "", "API_COSTLY_RATE": "", "LINGER_SECONDS": "1"}  # tests wait by asking again
        return {**kept, **ports, **unhurried, **self.settings, "WARREN_HOME": str(self.home)}

    def spawn(self) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "up"]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def start(self) -> None:
        """Returns at the ready line."""
        if not self.bare and not self.home.exists():
            self.home.mkdir(0o700)
            migrated.put(self.home / "warren.sqlite3", self.home.parent)
        self.lines = []
        self.process = self.spawn()
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        wait_until(lambda: self.ready or (self.process and self.process.poll() is not None), 60)
        assert self.ready, "".join(self.lines)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.lines.extend(process.stdout)
        process.stdout.close()

    @property
    def ready(self) -> bool:
        return any(line.startswith("Warren is ready: http://") for line in self.lines)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(20)

    def programs(self) -> dict[int, str]:
        """Processes of this installation that live: by environment, or by folder, for Redis wipes its environment."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                named = f"WARREN_HOME={self.home}\0".encode() in (folder / "environ").read_bytes()
                if named or (folder / "cwd").readlink() == self.home:
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        return found

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((self.home / "credentials.json").read_text())
        return found

    @property
    def mark(self) -> str:
        return self._setting("INSTALLATION")

    def _setting(self, name: str) -> str:
        text = (self.home / "settings.env").read_text()
        return next(line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{name}="))

    def logged(self, program: str) -> list[dict[str, Any]]:
        lines = (self.home / "log" / f"{program}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def fault(self, **fault: Any) -> None:
        """Have the simulated Cloudflare fail."""
        self.control("POST", "faults", json=fault)

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What the mailbox holds for this address, the newest first."""
        found: list[dict[str, Any]] = self.control("GET", "mail", params={"to": to})
        return found

    def control(self, method: str, path: str, **more: Any) -> Any:
        """Ask the simulator's own interface."""
        headers = {"Authorization": f"Bearer {self._setting('CLOUDFLARE_API_TOKEN')}"}
        url = f"http://localhost:{self.edge_port}/_simulator/{path}"
        answer = requests.request(method, url, headers=headers, timeout=20, **more)
        answer.raise_for_status()
        return answer.json()

    def url(self, path: str = "/") -> str:
        return f"http://localhost:{self.port}{path}"

    def api(self, method: str, path: str, token: str = "", **more: Any) -> requests.Response:
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        url = path if path.startswith("http") else self.url(f"/api/v1/{path}")
        return requests.request(method, url, headers=headers, timeout=20, **more)

    def token(self) -> str:
        return str(self.api("POST", "tokens/", json=self.credentials["demo"]).json()["token"])


@contextlib.contextmanager
def installation(home: Path, *, bare: bool = False) -> Iterator[Up]:
    """In a folder of the test's `tmp_path`; `bare`: not even its database is there before it starts."""
    up = Up(home, bare=bare)
    try:
        yield up
    finally:
        if up.process is not None and up.process.poll() is None:
            up.signal(signal.SIGINT)
        for pid in up.programs():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if (home / "settings.env").exists():
            docker_cleanup(up.mark)
