"""Handles on the real parts that tests drive: the simulator over HTTP, the engine over its socket."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import docker
import requests
from docker.errors import APIError, NotFound


def wait_until(holds: Callable[[], Any], seconds: float = 20.0, pause: float = 0.05) -> Any:
    """The first true answer; fails when none comes in time, which is longer on a machine that is busy. Asking takes a
    quarter of it at most, lest many who wait have all of the machine.
    """
    deadline = time.monotonic() + seconds * slowness()
    asked = time.monotonic()
    while not (found := holds()):
        now = time.monotonic()
        assert now < deadline, f"{holds} did not hold within {seconds} s"
        time.sleep(min(1.0, max(pause, 3 * (now - asked))))
        asked = time.monotonic()
    return found


def process_number() -> int:
    """Which of the processes that test at the same time this one is, from 0."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def slowness() -> float:
    """How many times longer than on processors of its own a piece of work takes on this machine at the moment."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass
class Cloud:
    """A simulator in a process of its own."""

    facts: dict[str, str]
    process: subprocess.Popen[str]

    @classmethod
    @contextlib.contextmanager
    def launch(cls, *options: str) -> Iterator[Self]:
        command = [sys.executable, "-m", "cloudflare.simulator", "--port", "0", "--tunnel-host", "0.0.0.0", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield cls(json.loads(process.stdout.readline()), process)
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()

    @property
    def tunnel_port(self) -> str:
        return self.facts["tunnel"].rpartition(":")[2]

    @property
    def edge_port(self) -> str:
        return self.facts["edge"].rpartition(":")[2]

    def settings(self) -> dict[str, str]:
        return {
            "CLOUDFLARE_API_URL": self.facts["api"],
            "CLOUDFLARE_API_TOKEN": self.facts["token"],
            "CLOUDFLARE_ACCOUNT_ID": self.facts["account_id"],
            "CLOUDFLARE_ZONE_ID": self.facts["zone_id"],
            "CLOUDFLARE_RATE": "100000/300",  # tests of the rate set their own
            "CONTAINERS_DOMAIN": self.facts["domain"],
            "CONTAINER_URL": f"http://{{hostname}}:{self.edge_port}/",
            "CONNECTOR_IMAGE": "warren/connector:latest",
            "CONNECTOR_EDGE": f"gateway:{self.tunnel_port}",
        }

    def api(self, method: str, path: str, token: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.facts['token']}"}
        path = path.replace("{account}", self.facts["account_id"]).replace("{zone}", self.facts["zone_id"])
        return requests.request(method, self.facts["api"] + path, headers=headers, timeout=20, **more)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.facts['token']}"}
        url = f"{self.facts['edge']}/_simulator/{path}"
        answer = requests.request(method, url, headers=headers, json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def reset(self) -> None:
        """Nothing exists, nothing fails, nothing was counted."""
        self.control("DELETE", "world")

    def state(self) -> Any:
        return self.control("GET", "state")

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "calls")["calls"]
        return found

    def writes(self) -> list[str]:
        return [f"{row['method']} {row['path']}" for row in self.calls() if row["method"] != "GET"]

    def fault(self, **fault: Any) -> None:
        self.control("POST", "faults", fault)

    def heal(self) -> None:
        self.control("DELETE", "faults")

    def sign_in(self, email: str, host: str, login_method: str = "", claims: Any = None) -> str | None:
        """The Cookie header that lets this person into the host; None if they are refused.

        `login_method`: id of an identity provider; the one-time PIN, if nothing else is said.
        """
        body = {"email": email, "host": host, "login_method": login_method, "claims": claims}
        found: str | None = self.control("POST", "sessions", body)["cookie"]
        return found

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        """What the mailbox holds, the newest first."""
        found: list[dict[str, Any]] = self.control("GET", f"mail?to={quote(to)}")
        return found

    def visit(self, host: str, path: str = "/", cookie: str | None = None, **more: Any) -> requests.Response:
        """A request at the edge, redirects shown and not followed."""
        headers = {
            "Host": f"{host}:{self.edge_port}",
            **({"Cookie": cookie} if cookie else {}),
            **more.pop("headers", {}),
        }
        method = more.pop("method", "GET")
        url = self.facts["edge"] + path
        return requests.request(method, url, headers=headers, allow_redirects=False, timeout=20, **more)

    def hostnames(self) -> set[str]:
        return {row["fields"]["name"] for row in self.state()["records"].values()}

    def applications(self) -> set[str]:
        return {row["fields"]["domain"] for row in self.state()["apps"].values()}

    def tunnels(self) -> set[str]:
        return {row["name"] for row in self.state()["tunnels"].values() if row["deleted_at"] is None}


def docker_containers(mark: str) -> list[str]:
    """Names of an installation's containers at the real engine."""
    with contextlib.closing(docker.from_env()) as client:
        rows = client.api.containers(all=True, filters={"label": f"warren.installation={mark}"})
        return sorted(row["Names"][0].lstrip("/") for row in rows)


def docker_networks(mark: str) -> list[str]:
    with contextlib.closing(docker.from_env()) as client:
        return sorted(row["Name"] for row in client.api.networks(filters={"label": f"warren.installation={mark}"}))


def docker_volumes(mark: str) -> list[str]:
    with contextlib.closing(docker.from_env()) as client:
        found = client.api.volumes(filters={"label": f"warren.installation={mark}"})
        return [row["Name"] for row in found["Volumes"] or []]


def docker_put(container: str, path: str, content: bytes) -> None:
    """Write a file into a container, running or not."""
    folder, _, name = path.rpartition("/")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    with contextlib.closing(docker.from_env()) as client:
        assert client.api.put_archive(container, folder, buffer.getvalue())


def docker_get(container: str, path: str) -> bytes:
    with contextlib.closing(docker.from_env()) as client:
        data = b"".join(client.api.get_archive(container, path)[0])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        assert file is not None
        return file.read()


def docker_cleanup(mark: str) -> None:
    with contextlib.closing(docker.from_env()) as client:
        label = {"label": f"warren.installation={mark}"}
        for row in client.api.containers(all=True, filters=label):
            with contextlib.suppress(NotFound, APIError):
                client.api.remove_container(row["Id"], force=True, v=True)
        for row in client.api.networks(filters=label):
            with contextlib.suppress(NotFound, APIError):
                client.api.remove_network(row["Id"])
        for row in client.api.volumes(filters=label)["Volumes"] or []:
            with contextlib.suppress(NotFound, APIError):
                client.api.remove_volume(row["Name"])
