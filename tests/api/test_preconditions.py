"""ETag and If-Match: a change counts only if nobody was faster."""

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cloudflare.models import Zone
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import AuditEvent, Tenant, User
from tests.conftest import converge


@pytest.fixture
def api(owner: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner)
    return client


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> str:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return f"/api/v1/containers/{made.pk}/"


@pytest.mark.django_db
def test_the_tag_names_what_is_wanted(api: APIClient, box: str) -> None:
    tag = api.get(box)["ETag"]
    assert api.get(box)["ETag"] == tag == '"1"'
    assert api.get(box, HTTP_ACCEPT_ENCODING="gzip")["ETag"] == tag, (
        "compressed, it would be a weak one, that fits nothing"
    )
    changed = api.post(f"{box}stop/", HTTP_IF_MATCH=tag)
    assert (changed.status_code, changed["ETag"]) == (202, '"2"')
    converge()
    assert api.get(box)["ETag"] == '"2"', "what is merely observed changes no tag"


@pytest.mark.django_db
@pytest.mark.parametrize("tag", ['"7"', 'W/"1"', "1", "", '"1', '"2", "3"'])
def test_another_tag_changes_nothing(api: APIClient, box: str, tag: str) -> None:
    for method, path in (("post", f"{box}stop/"), ("post", f"{box}retry/"), ("delete", box)):
        refused = getattr(api, method)(path, HTTP_IF_MATCH=tag)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        assert refused["Content-Type"] == "application/problem+json"
    row = Container.objects.get()
    assert (row.desired, row.generation) == ("running", 1)
    assert AuditEvent.objects.filter(outcome="refused", reason="precondition_failed").count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"'])
def test_whichever_fits(api: APIClient, box: str, tag: str) -> None:
    assert api.delete(box, HTTP_IF_MATCH=tag).status_code == 202


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_ten_at_once_one_is_first(box: str, owner: User) -> None:
    """It is checked under the row's lock: looked at before, all ten would fit."""
    together = Barrier(10)

    def ask(number: int) -> int:
        with contextlib.closing(connection):
            client = APIClient()
            client.force_authenticate(owner)
            together.wait()
            return int(client.post(f"{box}retry/", HTTP_IF_MATCH='"1"').status_code)

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(ask, range(10))) == {202: 1, 412: 9}
    assert Container.objects.get().generation == 2
