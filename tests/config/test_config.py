"""Probes, logs, checks and secrets at rest: what an operator relies on without looking."""

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from cloudflare.models import Account, Tunnel
from config.logs import MaskSecrets, mask
from tenants.encryption import Reencrypted, reencrypt
from tenants.models import Tenant


def test_healthz_needs_nothing() -> None:
    assert Client().get("/healthz", headers={"host": "anything.invalid"}).json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_names_the_part_that_failed(settings: Any) -> None:
    assert Client().get("/readyz").json() == {"status": "ok", "database": "ok", "migrations": "ok", "redis": "ok"}
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere"}
    }
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["redis"], answer.json()["database"]) == ("failed", "ok")
    assert "nowhere" not in answer.content.decode()


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("calling with Authorization: Bearer %s", ("abcdefghijklmnop1234567890",)),
        ("token=%s", ("eyJhIjoiYWNjb3VudCIsInQiOiJ0dW5uZWwiLCJzIjoic2VjcmV0In0=",)),
        ("the key is only-for-tests-only-for-tests-only-for-tests-only-for-tests- here", ()),
        ('{"tunnel_secret": "%s"}', ("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==",)),
        ("password: correcthorsebatterystaple", ()),
    ],
)
def test_no_secret_reaches_a_log(message: str, args: tuple[str, ...]) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskSecrets())
    logger = logging.getLogger("tests.secrets")
    logger.propagate = False
    logger.handlers = [handler]
    logger.warning(message, *args)
    try:
        raise ValueError(message % args)
    except ValueError:
        logger.exception("failed")
    text = stream.getvalue()
    assert "***" in text
    for secret in (*args, "only-for-tests-only", "correcthorse"):
        assert secret not in text


def test_logs_are_json(capfd: pytest.CaptureFixture[str]) -> None:
    from django.conf import settings
    from django.utils.log import configure_logging

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    logging.getLogger("containers.loop").warning("something %s", "happened")
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "containers.loop", "something happened")


@pytest.mark.parametrize(
    ("setting", "value", "id_"),
    [
        ("INSTALLATION", "toolong", "warren.E001"),
        ("INSTALLATION", "A-b", "warren.E001"),
        ("ENCRYPTION_KEYS", [], "warren.E002"),
        ("ENCRYPTION_KEYS", ["rubbish"], "warren.E002"),
        ("ALLOWED_HOSTS", ["warren.example.com"], "warren.E003"),
        ("NETWORK_POOL", "8.8.8.0/24", "warren.E004"),
        ("NETWORK_POOL", "rubbish", "warren.E004"),
        ("ENGINE", "podman", "warren.E005"),
        ("CLOUDFLARE_ACCOUNT_ID", "", "warren.W001"),
        ("CONTAINER_URL", "https://fixed/", "warren.W002"),
        ("ENGINE", "memory", "warren.W003"),
        ("PUBLIC_URL", "", "warren.E006"),
        ("PUBLIC_URL", "warren.example.com", "warren.E006"),
        ("TRUSTED_PROXIES", ["10.0.0.1/8"], "warren.E007"),
        ("ACCESS_AUDIENCE", "0" * 64, "warren.E008"),
        ("ACCESS_TEAM_DOMAIN", "team.cloudflareaccess.com", "warren.E008"),
        ("ACCESS_STAFF_IDP", "9d1b", "warren.E008"),
        ("ACCESS_SESSION_DURATION", "1d", "warren.E009"),
        ("EMAIL_URL", "", "warren.W004"),
        ("TRUSTED_PROXIES", [], "warren.W005"),
    ],
)
def test_checks(settings: Any, setting: str, value: Any, id_: str) -> None:
    settings.CONTAINERS_DOMAIN = "containers.example.com"
    settings.REGISTRATION_OPEN = settings.BEHIND_PROXY = True
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.CLOUDFLARE_API_TOKEN = settings.CLOUDFLARE_ACCOUNT_ID = settings.CLOUDFLARE_ZONE_ID = "set"
    assert id_ not in {message.id for message in run_checks(include_deployment_checks=True)}
    setattr(settings, setting, value)
    assert id_ in {message.id for message in run_checks(include_deployment_checks=True)}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ACCESS_TEAM_DOMAIN", "https://team.cloudflareaccess.com"),
        ("ACCESS_AUDIENCE", "warren"),
        ("ACCESS_CERTS_URL", "http://team.cloudflareaccess.com/cdn-cgi/access/certs"),
    ],
)
def test_what_access_vouches_by(settings: Any, setting: str, value: str) -> None:
    settings.ACCESS_TEAM_DOMAIN, settings.ACCESS_AUDIENCE = "team.cloudflareaccess.com", "0f" * 32
    settings.ACCESS_CERTS_URL = "https://team.cloudflareaccess.com/cdn-cgi/access/certs"
    assert "warren.E008" not in {message.id for message in run_checks()}
    setattr(settings, setting, value)
    assert "warren.E008" in {message.id for message in run_checks()}


@pytest.mark.django_db
def test_secrets_at_rest(settings: Any) -> None:
    Account.objects.create(name="x", account_id="x", api_token="very secret")
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_token FROM cloudflare_account")
        stored = cursor.fetchone()[0]
    assert "very secret" not in stored
    assert Account.objects.get().api_token == "very secret"
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    assert Account.objects.get().api_token == "very secret"
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ImproperlyConfigured, match=r"Account\.api_token was encrypted with a key"):
        Account.objects.get()


@pytest.mark.django_db
def test_an_old_key_can_go_once_nothing_needs_it(settings: Any, tenant: Tenant) -> None:
    account = Account.objects.create(name="x", account_id="x", api_token="very secret")
    Tunnel.objects.create(tenant=tenant, account=account, secret="of a tunnel")
    old = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    Account.objects.create(name="y", account_id="y", api_token="of today")
    assert reencrypt() == Reencrypted(all=3, anew=2)
    assert reencrypt() == Reencrypted(all=3, anew=0)
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert [row.api_token for row in Account.objects.order_by("name")] == ["very secret", "of today"]
    assert Tunnel.objects.get().secret == "of a tunnel"
    settings.ENCRYPTION_KEYS = old
    with pytest.raises(CommandError, match=r"(Account\.api_token|Tunnel\.secret).*put that key back"):
        call_command("reencrypt")


def test_an_unreadable_settings_file_is_said_to_be_so(tmp_path: Path) -> None:
    """Whoever runs the tests may read everything: a folder in its place is unreadable for them, too."""
    (tmp_path / "settings.env").mkdir()
    told = subprocess.run(
        [sys.executable, "manage.py", "new_key"],
        env={**os.environ, "WARREN_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.startswith(f"warren: {tmp_path / 'settings.env'} can't be read by user {os.getuid()}")
    assert len(told.stderr.splitlines()) == 1


def test_errors_show_nothing_of_their_cause(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.views import APIView

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(APIView, "initial", broken)
    answer = Client(raise_request_exception=False).get("/api/v1/containers/")
    assert answer.status_code == 500
    assert b"secret detail" not in answer.content
    assert b"Traceback" not in answer.content


def test_doorbells_are_not_acknowledged() -> None:
    from config.celery import app

    assert app.amqp.queues["celery"].no_ack
    assert all(task.Request == app.Task.Request for name, task in app.tasks.items() if not name.startswith("celery."))
    assert app.Task.Request == "config.unacknowledged:Unacknowledged"


@pytest.mark.parametrize("where", ["invitations", "sign-up", "password-reset"])
def test_links_in_mail_are_masked_in_logs(where: str) -> None:
    assert mask(f"Not Found: /{where}/MzQ.abc:def-_/ {where}") == f"Not Found: /{where}/***/ {where}"
    assert mask(f"POST /{where}/ 200") == f"POST /{where}/ 200"
    assert mask("POST /api/v1/invitations/accept/") == "POST /api/v1/invitations/accept/"


def test_a_refused_link_is_no_more_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    """Django logs a refusal with the request beside its words."""
    from django.conf import settings
    from django.utils.log import configure_logging

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    assert Client(enforce_csrf_checks=True).post("/invitations/MzQ.abcdef-secret/").status_code == 403
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert line["request"] == "<WSGIRequest: POST '/invitations/***/'>"
    assert line["status_code"] == 403
    assert "secret" not in str(line)
