"""Secrets: told to the container and to nobody else, and not to be guessed from what is to be seen of it."""

import logging
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from containers import doorbell, specs
from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus
from tenants.models import AuditEvent
from tests.api.conftest import URL
from tests.api.settings.parts import PASSWORD, change, seen, spec
from tests.conftest import converge

pytestmark = pytest.mark.django_db


def test_a_secret_is_told_to_the_container_and_to_nobody_else(
    api: APIClient, box: str, memory: MemoryEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(doorbell, "send", lambda task, pk: sent.append((task, pk)))
    with caplog.at_level(logging.DEBUG):
        told = [change(api, box, secrets={"KEY": PASSWORD}).content.decode()]
        told.append(change(api, box, secrets={"KEY": PASSWORD, "1": PASSWORD}).content.decode())
        told.append(change(api, box, secrets={"KEY": [PASSWORD]}).content.decode())
        converge()
        told += [api.get(where).content.decode() for where in (box, URL, f"{box}status/")]
    assert spec(memory).environment["KEY"] == PASSWORD
    assert PASSWORD not in "".join(told)
    assert PASSWORD not in caplog.text
    assert PASSWORD not in str(sent)
    assert PASSWORD not in str(list(AuditEvent.objects.values()))
    assert PASSWORD not in str(dict(spec(memory).labels))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM containers_container")
        assert PASSWORD not in str(cursor.fetchall())


def test_the_label_of_a_container_does_not_tell_whether_a_guess_is_right(
    api: APIClient, box: str, memory: MemoryEngine, settings
) -> None:
    change(api, box, secrets={"KEY": "0000"})
    converge()
    mine = spec(memory).labels["warren.spec"]
    settings.SECRET_KEY = "another installation's" * 3

    assert specs.digests(Container.objects.get())[0] != mine
    settings.SECRET_KEY_FALLBACKS = ["only-for-tests-" * 4]
    assert mine in specs.acceptable(Container.objects.get())


def test_a_lost_key_replaces_nobody(api: APIClient, box: str, memory: MemoryEngine, settings) -> None:
    change(api, box, secrets={"KEY": "0000"})
    converge()
    before = seen(memory)
    settings.SECRET_KEY = "quite another one" * 4
    ContainerStatus.objects.ring()
    converge()
    assert seen(memory) == before
    row = Container.objects.get()
    assert specs.seen(row, before.labels) in specs.acceptable(row)
    for label, text in (("warren.volume", "of a restore"), ("warren.revision", "0"), ("warren.spec-key", "")):
        assert specs.seen(row, before.labels | {label: text}) not in specs.acceptable(row), label
    change(api, box, secrets={"KEY": "1111"})
    converge()
    assert seen(memory).id != before.id
    assert spec(memory).environment["KEY"] == "1111"
