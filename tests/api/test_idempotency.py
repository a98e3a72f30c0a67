"""One key, one container, one answer: in turn, at once, and whatever is killed."""

import contextlib
import datetime
import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.test import APIClient

from cloudflare.models import Publication, Zone
from containers.models import Container, Template
from tenants import idempotency
from tenants.models import AuditEvent, IdempotencyKey, Plan, Tenant, User
from tests.conftest import make_tenant
from tests.installation import environment
from tests.parts import Cloud, wait_until

URL = "/api/v1/containers/"
BODY = {"name": "box", "template": "hello"}
COMMITS = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(owner: User, tenant: Tenant, template: Template, memory: object, zone: Zone) -> APIClient:
    return client_of(owner)


def post(api: APIClient, key: str = "k-1", body: Any = None) -> HttpResponse:
    return api.post(URL, body or BODY, format="json", HTTP_IDEMPOTENCY_KEY=key)


@pytest.mark.django_db
def test_the_same_again_is_the_same_answer(api: APIClient) -> None:
    first, again = post(api), post(api)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert (again["Location"], again["ETag"]) == (first["Location"], first["ETag"])
    assert (first.headers.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert Container.objects.count() == 1
    assert AuditEvent.objects.filter(action="container:create").count() == 1


@pytest.mark.django_db
def test_spaces_and_order_make_no_other_request(api: APIClient) -> None:
    first = post(api)
    other = b'{ "template":"hello",   "name": "box"}'
    again = api.post(URL, other, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k-1")
    assert again.content == first.content


@pytest.mark.django_db
def test_another_request_needs_another_key(api: APIClient) -> None:
    post(api)
    refused = post(api, body=BODY | {"name": "other"})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert post(api, key="k-2", body=BODY | {"name": "other"}).status_code == 202
    assert Container.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256, "a\tb"])
def test_what_is_no_key(api: APIClient, key: str) -> None:
    refused = post(api, key=key)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_invalid")
    assert Container.objects.count() == 0


@pytest.mark.django_db
def test_keys_are_ones_own(api: APIClient, stranger: User) -> None:
    make_tenant("globex", stranger)
    assert post(api).json()["tenant"] == "acme"
    assert post(client_of(stranger)).json()["tenant"] == "globex"


@pytest.mark.django_db
def test_a_refusal_is_on_record_and_not_kept(api: APIClient, tenant: Tenant) -> None:
    pro, tenant.plan = tenant.plan, Plan.objects.get(code="free")
    tenant.save()
    assert post(api, key="first", body=BODY | {"name": "first"}).status_code == 202
    for _ in range(2):
        refused = post(api)
        assert (refused.status_code, refused.json()["code"]) == (422, "containers_limit")
    assert AuditEvent.objects.filter(outcome="refused", reason="containers_limit").count() == 2
    tenant.plan = pro
    tenant.save()
    assert post(api).status_code == 202, "the same key may be tried again"
    assert post(api, key="invalid", body={"name": "x"}).status_code == 400
    assert post(api, key="invalid", body=BODY | {"name": "x"}).status_code == 202, "for whatever it is"


@pytest.mark.django_db
def test_keys_are_forgotten_after_a_day(api: APIClient) -> None:
    post(api)
    IdempotencyKey.objects.update(created_at=timezone.now() - datetime.timedelta(hours=25), locked_until=timezone.now())
    assert post(api).json()["code"] == "name_taken", "it is a new request by now"
    assert idempotency.prune() == 0
    post(api, key="k-2", body=BODY | {"name": "other"})
    IdempotencyKey.objects.update(created_at=timezone.now() - datetime.timedelta(hours=25))
    assert idempotency.prune() == 1


@pytest.mark.django_db
def test_who_lost_the_claim_makes_nothing(api: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder that was too slow: another took the key over while it was at work."""
    from containers import admission

    create = admission.create

    def slow(**wanted: Any) -> Container:
        made = create(**wanted)
        IdempotencyKey.objects.update(locked_until=timezone.now() + datetime.timedelta(seconds=77))
        return made

    monkeypatch.setattr(admission, "create", slow)
    refused = post(api)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_in_flight")
    assert refused["Retry-After"] == "1"
    assert Container.objects.count() == 0


@COMMITS
def test_fifty_at_once_make_one(api: APIClient, owner: User) -> None:
    together = Barrier(50)

    def ask(number: int) -> HttpResponse:
        with contextlib.closing(connection):
            client = client_of(owner)
            together.wait()
            return post(client)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    heard = Counter(answer.status_code for answer in answers)
    assert set(heard) <= {202, 409}
    (body,) = {answer.content for answer in answers if answer.status_code == 202}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_flight"}
    assert all(answer["Retry-After"] for answer in answers if answer.status_code == 409)
    assert post(api).content == body, "who was told to ask again hears that very answer"
    assert Container.objects.count() == Publication.objects.count() == 1


def kill(cloud: Cloud, mark: str, owner: User, at: str) -> None:
    """Have another process create the container, and kill it when it is there."""
    wanted = json.dumps({"user": owner.email, "key": "k-1", "body": BODY, "at": at})
    env = environment(cloud, mark) | {"LEASE_SECONDS": "2", "ENGINE": "memory"}
    command = [sys.executable, "-m", "tests.api.poster", wanted]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.kill()


@COMMITS
def test_killed_before_it_committed(api: APIClient, owner: User, cloud: Cloud, mark: str) -> None:
    kill(cloud, mark, owner, "claim")
    assert Container.objects.count() == 0
    assert post(api).json()["code"] == "idempotency_in_flight", "nobody knows yet that it was killed"
    began = time.monotonic()
    made = wait_until(lambda: (answer := post(api)).status_code == 202 and answer, 10, 0.2)
    assert time.monotonic() - began < 6, "the claim ran out"
    assert post(api).content == made.content
    assert [str(pk) for pk in Container.objects.values_list("pk", flat=True)] == [made.json()["id"]]


@COMMITS
def test_killed_after_it_committed(api: APIClient, owner: User, cloud: Cloud, mark: str) -> None:
    kill(cloud, mark, owner, "commit")
    row = Container.objects.get()
    answer = post(api)
    assert (answer.status_code, answer["Idempotency-Replayed"]) == (202, "true")
    assert answer.json()["id"] == str(row.pk)
    assert answer["Location"].endswith(f"{URL}{row.pk}/")
    assert Container.objects.count() == 1
