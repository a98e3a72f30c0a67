"""How settings are read: what an operator mistyped is said in one line that names it, and never taken for something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.reading import Env

env = Env()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env.ENVIRON, "cache", False)


@pytest.mark.parametrize(("word", "read"), [("on", True), ("True ", True), ("0", False), ("OFF", False), ("", True)])
def test_switches(monkeypatch: pytest.MonkeyPatch, word: str, read: bool) -> None:
    monkeypatch.setenv("HTTPS", word)
    assert env.bool("HTTPS", default=True) is read


def test_a_switch_is_not_off_because_its_word_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS", "enabled")
    with pytest.raises(ImproperlyConfigured, match="HTTPS is 'enabled'"):
        env.bool("HTTPS", default=True)


def test_a_list_may_have_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "one.example.com, two.example.com,")
    assert env.list("ALLOWED_HOSTS", default=[]) == ["one.example.com", "two.example.com"]


def test_a_file_ends_its_last_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With it a token is no header that could be sent."""
    (tmp_path / "token").write_text("abc\n")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN_FILE", str(tmp_path / "token"))
    assert env.str("CLOUDFLARE_API_TOKEN", default="") == "abc"
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match=r"CLOUDFLARE_API_TOKEN_FILE: .*none can't be read"):
        env.str("CLOUDFLARE_API_TOKEN", default="")


@pytest.mark.parametrize("rate", ["600", "600/minute", "600/0", "-1/60"])
def test_a_rate_that_is_none(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("API_RATE", rate)
    with pytest.raises(ImproperlyConfigured, match="API_RATE is "):
        env.limit("API_RATE", default="600/60")


def test_no_limit_where_there_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_RATE", "")
    assert env.limit("API_RATE", default="600/60") == ""
    with pytest.raises(ImproperlyConfigured):
        env.rate("API_RATE", default="600/60")


def test_one_of_a_few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    assert env.one_of("LOG_LEVEL", "INFO", "DEBUG") == "DEBUG"
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(ImproperlyConfigured, match="LOG_LEVEL is 'loud', and not one of INFO, DEBUG"):
        env.one_of("LOG_LEVEL", "INFO", "DEBUG")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("url", ["postgress://u:secret@h/x", "postgres://u:sec/ret@h/x", "postgres://u:secret@h/"])
def test_an_address_of_no_database(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not such as") as told:
        env.database("DATABASE_URL", default="sqlite://:memory:")
    assert "sec" not in str(told.value)


@pytest.mark.parametrize("url", ["mail.example.com", "smtp+tls://u:sec#ret@h:587", "smtp+tls://u:secret@", "x://h"])
def test_an_address_of_no_mail_server(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL is not such as") as told:
        env.mail_server("EMAIL_URL")
    assert "sec" not in str(told.value)


def test_a_command_says_it_in_one_line() -> None:
    assert _told("new_key", DATABASE_POOL="many") == "warren: DATABASE_POOL is 'many', and no number.\n"


def test_a_command_says_at_once_why_the_database_does_not_answer() -> None:
    """A pool would try for 20 seconds and then not know."""
    told = _told("migrate", DATABASE_URL="postgres://warren:secret@127.0.0.1:1/warren")
    assert told.startswith("warren: the database does not answer: connection failed: ")
    assert "Connection refused" in told
    assert len(told.splitlines()) == 1


def _told(command: str, **settings: str) -> str:
    failed = subprocess.run(
        [sys.executable, "manage.py", command],
        env={**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )
    assert failed.returncode == 1
    return failed.stderr
