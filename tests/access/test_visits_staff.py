"""Visits in the admin: the search, the download, and a list that counts no more than it shows."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from containers.models import Container
from tenants.models import AuditEvent, User
from tests.access.conftest import page_of
from tests.access.visiting import came, csv_rows, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db: None) -> Client:
    return page_of(User.objects.create_superuser("staff@example.com", "secret"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Gina@Example.com", {"gina@example.com"}),
        ("gina", {"gina@example.com", "gina@example.com.evil"}),
        ("192.0.2.9", {"charlie@example.com"}),
        ("RAY2", {"gina@example.com.evil"}),
        ("box-acme", {"gina@example.com", "gina@example.com.evil", "charlie@example.com"}),
        ("nobody", set()),
    ],
)
def test_staff_search_everything(words: str, found: set[str], box: Container, staff: Client) -> None:
    came(box, 1)
    came(box, 2, "gina@example.com.evil")
    came(box, 3, "charlie@example.com", ip="192.0.2.9")
    page = staff.get(reverse("admin:access_visit_changelist"), {"q": words})
    assert {visit.email for visit in page.context["cl"].result_list} == found
    on_record = AuditEvent.objects.get(action="visits:view")
    assert (on_record.actor, on_record.detail) == ("staff@example.com", {"asked": {"q": words}})


def test_staff_download_what_they_chose(box: Container, staff: Client) -> None:
    one, _ = came(box, 1), came(box, 2)
    form = {"action": "download", "_selected_action": [str(one.pk)]}
    (row,) = csv_rows(staff.post(reverse("admin:access_visit_changelist"), form))
    assert row["ray_id"] == "ray1"
    assert AuditEvent.objects.get(action="visits:export").actor == "staff@example.com"


def test_the_admins_list_counts_no_more_than_it_shows(
    box: Container, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.visits.admin.MOST", 150)
    fill(box, 500)
    with CaptureQueriesContext(connection) as made:
        page = staff.get(reverse("admin:access_visit_changelist"))
    assert page.context["cl"].result_count == 150
    counts = [query["sql"] for query in made if "COUNT(" in query["sql"] and "access_visit" in query["sql"]]
    assert counts
    assert all("LIMIT 150" in sql for sql in counts)


def test_a_nul_is_looked_for_in_vain_and_the_look_is_on_record(box: Container, staff: Client) -> None:
    """PostgreSQL takes none, neither in a text nor in JSON."""
    url = reverse("admin:access_visit_changelist")
    assert staff.get(url, {"q": "gi\0na"}).status_code == 200
    assert AuditEvent.objects.get(action="visits:view").detail == {"asked": {"q": "gina"}}
