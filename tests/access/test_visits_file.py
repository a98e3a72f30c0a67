"""Visits as a file: what is in it, and that it is sent in portions."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from containers.models import Container
from tenants.models import AuditEvent, User
from tests.access.conftest import page_of
from tests.access.visiting import api_of, came, csv_rows, fill, given, url

pytestmark = pytest.mark.django_db


def test_the_file(box: Container, owner: User) -> None:
    grant = given(box, "gina@example.com", "view")
    came(box, 1, grant=grant)
    came(box, 2, "=evil@example.com", allowed=False, ip=None)
    answer = api_of(owner).get(url(box, "export/"), headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="visits-box-acme.csv"' in answer.headers["Content-Disposition"]
    first, second = csv_rows(answer)
    assert (first["email"], first["allowed"], first["grant_id"]) == ("gina@example.com", "True", str(grant.pk))
    assert (second["email"], second["allowed"], second["ip"], second["grant_id"]) == (
        "'=evil@example.com",
        "False",
        "",
        "",
    )
    assert csv_rows(page_of(owner).get(f"/containers/{box.pk}/visits/export/", {"allowed": "false"})) == [second]
    on_record = AuditEvent.objects.filter(action="visits:export").order_by("pk")
    assert [row.detail for row in on_record] == [{"asked": {}}, {"asked": {"allowed": "false"}}]
    assert {row.target for row in on_record} == {str(box)}
    wrong = page_of(owner).get(f"/containers/{box.pk}/visits/export/", {"since": "soon"})
    assert wrong.headers["Location"] == f"/containers/{box.pk}/visits/?since=soon"


def test_the_file_holds_each_row_once(box: Container, owner: User) -> None:
    """Over the borders of its portions, which many rows of one moment stand on."""
    fill(box, 2500)
    emails = [row["email"] for row in csv_rows(api_of(owner).get(url(box, "export/")))]
    assert sorted(emails) == sorted(f"gina{number}@example.com" for number in range(1, 2501))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_daphne_streams_it_too(box: Container, owner: User) -> None:
    fill(box, 1500)

    async def download() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(owner)
        answer = await client.get(f"/containers/{box.pk}/visits/export/")
        return [chunk async for chunk in answer]

    assert len(async_to_sync(download)()) == 3
