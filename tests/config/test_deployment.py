"""compose.yaml, the Dockerfile and docs/deployment.md say the same, and what an operator must be able to rely on."""

import json
import os
import re
import shlex
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from config import celery
from config.embedded import programs
from tenants import pulse

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DOCUMENT = (ROOT / "docs" / "deployment.md").read_text()
DOCUMENTS = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "warren:latest"}
SOCKET = "/var/run/docker.sock"
OPTIONS = {"-v", "-q", "-Q", "celery", "edge", "--pool", "threads", "--concurrency", "--schedule", "--pidfile"} | {
    f"--without-{part}" for part in ("mingle", "gossip", "heartbeat")
}


def _command(name: str) -> list[str]:
    command = OURS[name].get("command") or json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1])
    return shlex.split(command) if isinstance(command, str) else command


def _mounts(service: Any) -> dict[str, str]:
    """Target → source."""
    found = [mount if isinstance(mount, dict) else None for mount in service["volumes"]]
    short = [mount.split(":") for mount in service["volumes"] if isinstance(mount, str)]
    return {mount["target"]: mount["source"] for mount in found if mount} | {words[1]: words[0] for words in short}


def _rows() -> dict[str, tuple[str, str]]:
    """Program → its command and what is said of the socket, as the document's table has it."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| (.+?) \|$", DOCUMENT, re.MULTILINE)
    return {name: (" ".join(re.findall(r"`([^`]+)`", command)), socket) for name, command, socket in rows}


def test_the_document_names_each_program_and_its_command() -> None:
    assert set(_rows()) == set(OURS)
    for name, (said, _) in _rows().items():
        run = " ".join(_command(name))
        words = [word for word in said.split() if word != "manage.py"]
        assert [word for word in words if word not in run] == [], name


@pytest.mark.parametrize("name", sorted(OURS))
def test_only_who_needs_the_socket_has_it(name: str) -> None:
    said = _rows()[name][1]
    assert (SOCKET in _mounts(OURS[name])) == said.startswith("yes")
    assert ("group_add" in OURS[name]) == said.startswith("yes")
    assert ("pid" in OURS[name]) == (name == "agent")


def test_the_web_tier_and_beat_have_no_socket() -> None:
    assert not {SOCKET} & {*_mounts(SERVICES["web"]), *_mounts(SERVICES["beat"])}


@pytest.mark.parametrize("name", sorted(OURS))
def test_secrets_come_from_a_file(name: str) -> None:
    """An environment that compose sets is shown by `docker inspect`."""
    (home,) = re.findall(r"\bWARREN_HOME=(\S+)", DOCKERFILE)
    assert _mounts(OURS[name])[f"{home}/settings.env"] == "./secrets.env"
    (mount,) = [mount for mount in OURS[name]["volumes"] if isinstance(mount, dict)]
    assert mount["read_only"]
    assert not mount["bind"]["create_host_path"], "Docker would make a folder of that name"


def test_the_two_files_hold_what_is_needed() -> None:
    files = {name: set(re.findall(r"^ +([A-Z_]+)=", text, re.MULTILINE)) for name, text in _files().items()}
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    table = DOCUMENTS["configuration.md"].partition("## Needed in production")[2].partition("The token needs")[0]
    needed = set(re.findall(r"`([A-Z_]+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE))))
    assert {"SECRET_KEY", "ENCRYPTION_KEYS", "CLOUDFLARE_API_TOKEN", "EMAIL_URL"} == files["secrets.env"]
    assert needed - files["secrets.env"] - set(OURS["web"]["environment"]) <= files[".env"]
    assert asked <= files[".env"]
    assert not files[".env"] & files["secrets.env"]
    for kept_out in (".gitignore", ".dockerignore"):
        assert {"*.env", "*.dump"} <= set((ROOT / kept_out).read_text().split()), kept_out


def _files() -> dict[str, str]:
    return dict(re.findall(r"cat >(\S*\.env) <<END\n(.+?)\n +END", DOCUMENT, re.DOTALL))


def test_they_run_as_they_do_on_one_machine(tmp_path: Path) -> None:
    def options(command: Any) -> list[str]:
        return [word for word in command if word in OPTIONS or (word.isdigit() and len(word) < 4)]

    for program in programs.workers(tmp_path):
        assert options(_command(program.name)) == options(program.command), program.name


def test_archives_are_shared() -> None:
    where = OURS["web"]["environment"]["ARCHIVE_ROOT"]
    assert _mounts(OURS["web"])[where] == _mounts(OURS["worker"])[where] == "archives"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_log_fills_the_disk(name: str) -> None:
    assert set(SERVICES[name]["logging"]["options"]) == {"max-size", "max-file"}


def test_what_the_documents_have_people_type_exists() -> None:
    for name, text in DOCUMENTS.items():
        for command in re.findall(r"manage\.py (\w+)", text):
            assert command in get_commands(), f"{name}: manage.py {command}"
        for rest in re.findall(
            r"docker compose (?:exec(?: -T)?|stop|logs(?: -f)?) ([a-z ]+?)(?: [a-z]+_|`|\n| python)", text
        ):
            assert rest.split()[0] in SERVICES, f"{name}: {rest}"


def test_the_image_has_the_python_that_is_tested() -> None:
    (image,) = re.findall(r"^ARG BASE=python:(\d+\.\d+)-", DOCKERFILE, re.MULTILINE)
    assert f'python_version = "{image}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"web", "prepare"}))
def test_a_program_that_hangs_is_unhealthy(name: str, settings: Any, tmp_path: Path) -> None:
    (home,) = re.findall(r"\bWARREN_HOME=(\S+)", DOCKERFILE)
    kind, command = SERVICES[name]["healthcheck"]["test"]
    assert (kind, home in command) == ("CMD-SHELL", True)
    asked = command.replace(home, str(tmp_path))
    settings.WARREN_HOME = tmp_path
    assert subprocess.run(asked, shell=True, stderr=subprocess.DEVNULL, check=False).returncode, "it did nothing yet"
    pulse.touch(name)
    assert subprocess.run(asked, shell=True, check=False).returncode == 0
    long_ago = time.time() - 600
    os.utime(tmp_path / "alive" / name, (long_ago, long_ago))
    assert subprocess.run(asked, shell=True, check=False).returncode


def test_each_queue_has_its_program(settings: Any, tmp_path: Path) -> None:
    settings.WARREN_HOME = tmp_path
    for queue in ("celery", "edge"):
        request = SimpleNamespace(delivery_info={"routing_key": queue})
        celery.worked(task=SimpleNamespace(request=request))
    celery.rang()
    assert {path.name for path in (tmp_path / "alive").iterdir()} == {"worker", "edge", "beat"}
