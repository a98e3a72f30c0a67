"""A new container for the old one: variables, secrets and the image change, the data stays."""

import contextlib
import json
from typing import Any

import docker
import pytest
from django.conf import settings as django_settings
from django.db import connection
from rest_framework.test import APIClient

from containers.models import Container, ContainerStatus
from tenants.models import AuditEvent
from tests.conftest import converge
from tests.docker.settings.conftest import B, inside, seen, volumes
from tests.installation import celery
from tests.parts import Cloud, wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PASSWORD = "correct horse battery staple"


def test_a_changed_environment_makes_one_new_container_and_keeps_the_data(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str
) -> None:
    inside(client, "sh", "-c", "echo mine >/data/mine.txt")
    before, kept = seen(client).id, volumes(client, docker_mark)
    api.patch(box, {"environment": {"PLAIN": "1"}, "secrets": {"KEY": PASSWORD}}, format="json")
    converge()
    assert seen(client).id != before
    assert inside(client, "sh", "-c", "echo $PLAIN/$KEY/$WARREN_CONTAINER") == f"1/{PASSWORD}/box\n"
    assert inside(client, "cat", "/data/mine.txt") == "mine\n"
    assert (volumes(client, docker_mark), seen(client).attrs["RestartCount"]) == (kept, 0)
    settled = seen(client).id
    ContainerStatus.objects.all().ring()
    converge()
    assert seen(client).id == settled


def test_recreate_restarts_once_and_keeps_the_data(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str
) -> None:
    inside(client, "sh", "-c", "echo mine >/data/mine.txt; echo other >/tmp/other.txt")
    kept, label = volumes(client, docker_mark), f"warren.container={Container.objects.get().pk}"
    since = client.info()["SystemTime"]
    api.post(f"{box}recreate/")
    converge()
    body = api.get(box).json()
    assert body["lifecycle"] == "running"
    assert inside(client, "cat", "/data/mine.txt") == "mine\n"
    assert "other.txt" not in inside(client, "ls", "/tmp")
    assert volumes(client, docker_mark) == kept
    until = client.info()["SystemTime"]
    events = client.api.events(since=_seconds(since), until=_seconds(until) + 1, decode=True, filters={"label": label})
    acts = [event["Action"] for event in events if event["Type"] == "container"]
    assert [act for act in acts if act in {"create", "start", "destroy"}] == ["destroy", "create", "start"]


def _seconds(engine_time: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(engine_time[:19] + "+00:00").timestamp())


def test_a_secret_is_nowhere_but_in_the_container(
    api: APIClient, box: str, client: docker.DockerClient, cloud: Cloud, docker_mark: str, capfd: Any
) -> None:
    """Through a real worker, whose log and whose messages are looked through."""
    import redis
    from django.core.cache import cache

    cache.clear()
    messages: list[bytes] = []
    with contextlib.closing(redis.Redis.from_url(django_settings.REDIS_URL)) as broker:
        api.patch(box, {"secrets": {"KEY": PASSWORD}}, format="json")
        messages = [row for key in broker.keys("*") if broker.type(key) == b"list" for row in broker.lrange(key, 0, -1)]
    assert any(b"reconcile_container" in message for message in messages)
    assert PASSWORD.encode() not in b"".join(messages)
    with celery(cloud, docker_mark, LOG_LEVEL="DEBUG"):
        wait_until(lambda: f"KEY={PASSWORD}" in _environment(client), 40)
        wait_until(lambda: api.get(box).json()["lifecycle"] == "running")
    logged = "".join(capfd.readouterr())
    assert "reconcile_container" in logged
    assert PASSWORD not in logged
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert PASSWORD not in str(cursor.fetchall()), table
    assert PASSWORD not in str(list(AuditEvent.objects.values()))
    assert PASSWORD not in json.dumps(api.get(box).json())
    assert PASSWORD not in json.dumps(seen(client).labels)


def _environment(client: docker.DockerClient) -> list[str]:
    """Nothing while one container takes the place of another."""
    with contextlib.suppress(docker.errors.NotFound):
        return list(seen(client).attrs["Config"]["Env"])
    return []


def test_the_notes_are_kept(api: APIClient, box: str, client: docker.DockerClient) -> None:
    """The template that shows it all, as its visitors use it."""
    wait_until(lambda: seen(client).exec_run([B, "wget", "-qO", "-", "http://127.0.0.1:8080/"]).exit_code == 0)
    body = "text=a+%3Cb%3E+%26+c"
    post = f"POST / HTTP/1.0\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body.replace('%', '%%')}"
    assert "303 See Other" in inside(client, "sh", "-c", f"printf '{post}' | nc 127.0.0.1 8080")
    api.post(f"{box}recreate/")
    converge()
    wait_until(lambda: seen(client).exec_run([B, "wget", "-qO", "-", "http://127.0.0.1:8080/"]).exit_code == 0)
    assert "a &lt;b&gt; &amp; c" in inside(client, "wget", "-qO", "-", "http://127.0.0.1:8080/")
