"""`…/containers/{id}/metrics/`: even columns that reach now, gaps where nothing was measured, and few queries."""

import time
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from access import sharing
from access.models import Grant
from containers.models import Container, Template
from monitoring.history import reading, rolling
from monitoring.models import History
from tenants.models import Tenant, User
from tests.history.conftest import NOW, box, row

pytestmark = pytest.mark.django_db
COLUMNS = (*reading.COLUMNS, "at")


@pytest.fixture
def container(tenant: Tenant, template: Template) -> Container:
    return box(tenant, template)


@pytest.fixture
def api(owner: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner)
    return client


def asked(api: APIClient, container: Container, at: int = NOW, **query: Any) -> Any:
    with time_machine.travel(at, tick=False):
        answer = api.get(f"/api/v1/containers/{container.pk}/metrics/", query)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert {len(body[name]) for name in COLUMNS} == {len(body["at"])}
    assert len(body["at"]) <= 1500
    steps = {later - earlier for earlier, later in zip(body["at"], body["at"][1:], strict=False)}
    assert steps <= {body["resolution"]}
    return body


def refused(api: APIClient, container: Container, **query: Any) -> Any:
    with time_machine.travel(NOW, tick=False):
        answer = api.get(f"/api/v1/containers/{container.pk}/metrics/", query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    return answer.json()


def test_an_hour_by_ten_seconds(api: APIClient, container: Container) -> None:
    row(container, NOW - 3600, cpu=12.345, memory=7).save()
    row(container, NOW - 10, samples=1, cpu_samples=0, cpu=None, cpu_max=None).save()
    row(container, NOW - 3610).save()
    body = asked(api, container)
    assert (body["resolution"], body["from"], body["to"]) == (10, NOW - 3600, NOW)
    assert body["at"] == list(range(NOW - 3600, NOW, 10))
    assert {name: body[name][0] for name in reading.COLUMNS} == {
        "cpu_percent": 12.35,
        "cpu_percent_max": 80.0,
        "memory_used": 7,
        "memory_used_max": 2000,
        "network_rx": 1,
        "network_tx": 2,
        "block_read": 3,
        "block_write": 4,
        "pids": 3,
    }
    assert body["cpu_percent"][1:] == [None] * 359, "a gap is a gap"
    assert body["memory_used"][1:] == [None] * 358 + [1000]


def test_the_line_reaches_now(api: APIClient, container: Container) -> None:
    """Of the coarse rows the newest are not there yet: what is missing is made of finer ones, and nothing twice."""
    History.objects.bulk_create([row(container, NOW + at, rx=1) for at in range(0, 3000, 10)])
    rolling.roll_up(NOW + 2430)
    now = NOW + 3000
    assert rolling.prune(NOW + 3600 + 2000) == 200, "and what went is in the coarse ones"
    for query, step in (({"range": "24h"}, 60), ({"range": "24h", "resolution": 900}, 900), ({"range": "30d"}, 1800)):
        body = asked(api, container, now, **query)
        assert body["resolution"] == step
        measured = [rx for rx in body["network_rx"] if rx is not None]
        assert sum(measured) == 300
        assert len(measured) == -(-3000 // step)
        assert body["at"][-1] + step >= now
        assert body["cpu_percent"][-1] == pytest.approx(50)


def test_whoever_asks_for_no_resolution_gets_one_that_fits(api: APIClient, container: Container) -> None:
    def step(hours: float, ago: float = 0) -> int:
        begins, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - s * 3600)) for s in (hours + ago, ago))
        return int(asked(api, container, **{"from": begins, "to": ends})["resolution"])

    assert step(1) == 10
    assert step(1.01) == 60
    assert step(0.5, ago=3) == 60, "finer rows are not kept for so long"
    assert step(24.9, ago=0) == 900
    assert step(1, ago=48) == 900
    assert step(24 * 20) == 1800
    assert asked(api, container, **{"from": "2027-01-15T08:59:33+01:00"})["at"] == [NOW - 30, NOW - 20, NOW - 10]
    assert asked(api, container, **{"from": "2027-01-15T07:59:33", "to": "2030-01-01"})["to"] == NOW


@pytest.mark.parametrize(
    "query",
    [
        {"range": "2h"},
        {"resolution": "30"},
        {"resolution": "ten"},
        {"from": "yesterday"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-14:00"},
        {"since": "2026-01-01"},
    ],
)
def test_what_cannot_be_read_is_refused(api: APIClient, container: Container, query: dict[str, str]) -> None:
    body = refused(api, container, **query)
    assert body["code"] == "invalid"
    assert list(body["errors"]) == list(query)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"range": "1h", "from": "2027-01-01"}, "range_invalid"),
        ({"to": "2027-01-01"}, "range_invalid"),
        ({"from": "2027-01-02", "to": "2027-01-01"}, "range_invalid"),
        ({"from": "2030-01-02"}, "range_invalid"),
        ({"range": "30d", "resolution": "900"}, "range_too_long"),
        ({"range": "24h", "resolution": "10"}, "range_too_long"),
        ({"from": "2001-01-01"}, "range_too_long"),
    ],
)
def test_what_makes_no_sense_is_refused(api: APIClient, container: Container, query: dict[str, str], code: str) -> None:
    body = refused(api, container, **query)
    assert body["code"] == code
    assert code == "range_invalid" or (body["limit"], body["points"] > 1500) == (1500, True)


def test_one_query_beside_who_may_see_it(
    api: APIClient, container: Container, owner: User, stranger: User, django_assert_num_queries: Any
) -> None:
    History.objects.bulk_create([row(container, NOW - at) for at in range(10, 3600, 10)])
    sharing.share(container, actor=owner, emails=[stranger.email], permission="view")
    Grant.objects.update(expires_at=None)
    for person in (owner, stranger):
        api.force_authenticate(person)
        for span in ("1h", "24h", "30d"):
            with django_assert_num_queries(2, connection=connection):
                asked(api, container, range=span)


def test_others_see_nothing(api: APIClient, container: Container, stranger: User) -> None:
    api.force_authenticate(stranger)
    assert api.get(f"/api/v1/containers/{container.pk}/metrics/").status_code == 404
    assert api.get(f"/api/v1/containers/{container.pk}/metrics/?range=2h").status_code == 404


def test_the_page_draws_what_the_api_tells(container: Container, owner: User, api: APIClient) -> None:
    row(container, NOW - 900, cpu=12.345, memory=7).save()
    client = Client()
    client.force_login(owner)
    there = f"/containers/{container.pk}/metrics/recorded/"
    for span in ("1h", "24h", "30d"):
        with time_machine.travel(NOW, tick=False):
            client.force_login(owner)
            assert client.get(there, {"range": span}).json() == asked(api, container, range=span)
    assert client.get(there, {"range": "2h"}).status_code == 404
