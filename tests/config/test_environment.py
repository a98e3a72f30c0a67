"""The settings that an embedded installation makes for itself at its first start."""

import secrets
import socket
from pathlib import Path

import pytest

from config.embedded import environment


def _settings(home: Path) -> dict[str, str]:
    lines = (home / "settings.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARREN_HOME", str(tmp_path))
    monkeypatch.delenv("SMTP_PORT", raising=False)
    return tmp_path


def test_a_port_that_somebody_listens_on_is_not_chosen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        while True:  # a port in the range that is chosen from
            taken = 20_000 + secrets.randbelow(10_000)
            try:
                other.bind(("127.0.0.1", taken))
            except OSError:
                continue
            break
        other.listen()
        drawn, chance = [taken - 20_000, taken - 20_000], secrets.randbelow
        monkeypatch.setattr(environment.secrets, "randbelow", lambda below: drawn.pop() if drawn else chance(below))
        environment.ensure()
    assert not drawn
    assert str(taken) not in (_settings(home)["TUNNEL_PORT"], _settings(home)["SMTP_PORT"])


def test_what_was_made_once_is_kept(home: Path) -> None:
    environment.ensure()
    first = _settings(home)
    environment.ensure()
    assert _settings(home) == first


@pytest.mark.parametrize(("name", "value"), [("PORT", "eighty"), ("EDGE_PORT", "80000"), ("EDGE_PORT", "-25")])
def test_what_is_no_port_is_told(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=f"warren: {name} is '{value}', and no port"):
        environment.ensure()


def test_a_home_that_can_not_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WARREN_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(SystemExit, match="can't be made: Not a directory"):
        environment.ensure()
