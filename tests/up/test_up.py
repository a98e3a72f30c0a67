"""One command brings everything up, keeps it up, and takes it down."""

import datetime
import os
import re
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.parts import docker_containers, docker_networks, slowness, wait_until
from tests.up.parts import Up, installation


def _ready_container(up: Up, token: str, name: str) -> Any:
    made = up.api("POST", "containers/", token, json={"name": name, "template": "hello"})
    assert made.status_code == 202, made.text
    where = made.headers["Location"]
    wait_until(lambda: up.api("GET", where, token).json()["ready"], 30)
    return up.api("GET", where, token).json()


def test_from_the_first_start_to_the_second(tmp_path: Path) -> None:
    with installation(tmp_path / "home", bare=True) as up:
        up.start()
        text = "".join(up.lines)
        for who in ("admin", "demo"):
            assert up.credentials[who]["password"] in text
        assert (up.home / "credentials.json").stat().st_mode & 0o777 == 0o600
        assert (up.home / "settings.env").stat().st_mode & 0o777 == 0o600
        arguments = " ".join(up.programs().values())
        for line in (up.home / "settings.env").read_text().splitlines():
            name, _, value = line.partition("=")
            if name in {"SECRET_KEY", "ENCRYPTION_KEYS", "CLOUDFLARE_API_TOKEN"}:
                assert value not in arguments
        assert f"mail is caught at http://localhost:{up.edge_port}/mailbox" in text
        asked = up.api("POST", "password-reset/", json={"email": up.credentials["demo"]["email"]})
        assert asked.status_code == 202, asked.text
        token = up.token()
        first = _ready_container(up, token, "one")
        credentials = up.credentials
        (mail,) = wait_until(lambda: up.mails(credentials["demo"]["email"]))
        assert f"http://localhost:{up.port}/password-reset/" in mail["text"]

        second = up.spawn()
        assert "is running from" in second.communicate(timeout=30)[0]
        assert second.returncode != 0

        access = f"containers/{first['id']}/access/"
        brief = {"email": "gina@example.com", "expires_in": 10}
        given = up.api("POST", access, token, json=brief).json()
        grant, visit = f"{access}{given['id']}/", {"email": "gina@example.com", "host": first["hostname"]}
        wait_until(lambda: up.api("GET", grant, token).json()["state"] == "active", 15)
        assert up.control("POST", "sessions", json=visit)["allowed"]

        began = time.monotonic()
        up.signal(signal.SIGINT)
        assert time.monotonic() - began < 5 * slowness()
        assert up.programs() == {}

        # It ends while nothing is there to end it.
        left = datetime.datetime.fromisoformat(given["expires_at"]) - datetime.datetime.now(datetime.UTC)
        time.sleep(max(0.0, left.total_seconds()))
        up.start()
        wait_until(lambda: up.api("GET", grant, token).json()["state"] == "expired", 30)
        assert not up.control("POST", "sessions", json=visit)["allowed"]
        assert up.credentials == credentials
        assert up.mails(credentials["demo"]["email"]) == [mail]
        assert up.api("GET", f"containers/{first['id']}/", token).json()["hostname"] == first["hostname"]
        wait_until(lambda: up.api("GET", f"containers/{first['id']}/", token).json()["ready"], 30)
        assert up.api("DELETE", f"containers/{first['id']}/", token).status_code == 202
        wait_until(lambda: up.api("GET", f"containers/{first['id']}/", token).status_code == 404, 30)
        wait_until(lambda: docker_containers(up.mark) == [], 30)
        wait_until(lambda: docker_networks(up.mark) == [f"{up.mark}-shared-connectors"], 30)


def test_one_is_followed_and_measured_and_twenty_more_meet_the_limit(tmp_path: Path) -> None:
    with installation(tmp_path / "home") as up:
        up.start()
        token = up.token()

        # A request is followed into the work that it made.
        up.fault(kind="status", status=503, method="POST", path="dns_records", times=1)
        body = {"name": "one", "template": "hello"}
        made = up.api("POST", "containers/", token, json=body, headers={"X-Request-ID": "from-a-front-end"})
        assert made.headers["X-Request-ID"] == "from-a-front-end"
        wait_until(lambda: up.api("GET", made.headers["Location"], token).json()["ready"], 30)
        logged = [line for line in up.logged("edge") if "cloudflare_broken" in line["message"]]
        assert [line["request_id"] for line in logged] == ["from-a-front-end"]
        forged = up.api("GET", "containers/", token, headers={"X-Request-ID": "two words"})
        assert re.fullmatch("[0-9a-f]{32}", forged.headers["X-Request-ID"])

        # The agent measures what runs.
        def numbers() -> Any:
            found = up.api("GET", f"containers/{made.json()['id']}/status/", token).json()
            return found if found["cpu_percent"] is not None else None

        found = wait_until(numbers, 20)
        assert found["state"] == "running"
        assert found["uptime"] > 0
        assert 0 < found["memory"]["used"] < found["memory"]["limit"] == 2 * 1024**3
        assert re.match(r"20\d\d-", found["sampled_at"])

        # Twenty at once where four are left of five.
        def ask(number: int) -> str:
            asked = up.api("POST", "containers/", token, json={"name": f"n{number}", "template": "hello"})
            return str(asked.json().get("code", asked.status_code))

        with ThreadPoolExecutor(20) as pool:
            heard = Counter(pool.map(ask, range(20)))
        assert heard == {"202": 4, "containers_limit": 16}
        assert len(up.api("GET", "containers/", token).json()["results"]) == 5


def test_whatever_dies_comes_back(tmp_path: Path) -> None:
    with installation(tmp_path / "home") as up:
        up.start()
        token = up.token()
        first = _ready_container(up, token, "one")
        assert up.process is not None
        for name in (
            "redis-server",
            "cloudflare.simulator",
            "celery -q -A config worker -Q celery",
            "celery -q -A config worker -Q edge",
            "celery -q -A config beat",
            "agent",
        ):
            pid = next(pid for pid, command in up.programs().items() if name in command and pid != up.process.pid)
            os.kill(pid, signal.SIGKILL)
            wait_until(
                lambda name=name, pid=pid: any(name in command for key, command in up.programs().items() if key != pid)
            )
        second = _ready_container(up, token, "two")
        wait_until(lambda: up.api("GET", f"containers/{first['id']}/", token).json()["ready"], 30)

        up.signal(signal.SIGKILL)  # and even without a word, nothing is left running
        wait_until(lambda: up.programs() == {}, 10)
        up.start()
        for container in (first, second):
            wait_until(lambda one=container: up.api("GET", f"containers/{one['id']}/", token).json()["ready"], 30)
        assert up.api("GET", up.url("/readyz")).json()["status"] == "ok"


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    import socket

    with installation(tmp_path / "home") as up, socket.socket() as taken:
        taken.bind(("127.0.0.1", up.port))
        taken.listen()
        process = up.spawn()
        text = process.communicate(timeout=30)[0]
        assert process.returncode != 0
        assert f"port {up.port} is in use; set PORT to another one" in text
        assert "Traceback" not in text


def test_a_home_that_is_too_deep_is_told(tmp_path: Path) -> None:
    with installation(tmp_path / ("deep" * 25)) as up:
        process = up.spawn()
        text = process.communicate(timeout=30)[0]
        assert process.returncode != 0
        assert "too long for Redis' socket in it; set WARREN_HOME to a shorter one" in text
        assert "Traceback" not in text
