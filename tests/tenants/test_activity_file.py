"""The audit log as a file: what is in it, that no cell is a formula, and that it is sent in portions."""

import tracemalloc

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from rest_framework.test import APIClient

from tenants.events import Action
from tenants.models import AuditEvent, Tenant, User
from tests.tenants.recorded import API, fill, rows

pytestmark = pytest.mark.django_db


def test_the_file_holds_what_was_asked_for_and_is_itself_on_record(api: APIClient, tenant: Tenant) -> None:
    fill(tenant, 2500)
    answer = api.get(API + "export/", {"outcome": "refused"}, headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "activity-acme.csv" in answer.headers["Content-Disposition"]
    found = rows(answer.streaming_content)
    assert [row["target"] for row in found] == [f"box-{number}" for number in range(10, 2501, 10)]
    assert found[0]["at"].endswith("+00:00")
    assert "T" in found[0]["at"]
    on_record = AuditEvent.objects.get(action=Action.AUDIT_EXPORT)
    assert (on_record.actor, on_record.tenant, on_record.detail) == (
        "alice@example.com",
        "acme",
        {"asked": {"outcome": "refused"}},
    )
    wrong = api.get(API + "export/", {"outcome": "maybe"}, headers={"Accept": "text/csv"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(api: APIClient, tenant: Tenant, start: str) -> None:
    evil = f'{start}HYPERLINK("http://evil.example";"ä, b")'
    AuditEvent.objects.create(action="x", outcome="done", tenant_id=str(tenant.pk), target=evil, detail={"was": evil})
    (row,) = rows(api.get(API + "export/").streaming_content)[1:]
    assert row["target"] == f"'{evil}"
    assert row["detail"].startswith("{")


def test_twenty_thousand_rows_take_no_more_memory_than_a_few(api: APIClient, tenant: Tenant) -> None:
    fill(tenant, 20_000)
    answer = api.get(API + "export/")
    tracemalloc.start()
    lines = sum(chunk.count(b"\r\n") for chunk in answer.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 20_002  # the names of the columns, and the row about this download
    assert peak < 4 * 1024**2, "the file as a whole takes 7"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("path", ["/activity/export/", API + "export/"])
def test_daphne_streams_it_too(owner: User, tenant: Tenant, path: str) -> None:
    """An iterator of the other kind would be gathered up first, with a warning, which fails the test."""
    fill(tenant, 2500)

    async def download() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(owner)
        answer = await client.get(path)
        return [chunk async for chunk in answer]

    chunks = async_to_sync(download)()
    assert len(chunks) == 4
    assert {"box-1", "box-2500"} <= {row["target"] for row in rows(chunks)}
