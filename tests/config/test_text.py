"""Pages come in the reader's zone and colours, and what is text goes out compressed."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants import tokens
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def test_text_is_compressed_for_who_understands_it(page: Client) -> None:
    whole = page.get("/account/")
    small = page.get("/account/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in whole.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.content) < len(whole.content) / 2
    sheet = page.get("/static/css/warren.css", headers={"Accept-Encoding": "gzip"})
    assert sheet.headers["Content-Encoding"] == "gzip"
    sheet.close()
    font = page.get("/static/vendor/figtree-5.3.0.woff2", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in font.headers
    font.close()


@pytest.mark.parametrize("name", ["Europe/Berlin", "Nowhere/Land", "../../etc/passwd", "\x00", "x" * 5000, "Europe"])
def test_a_zone_is_only_ever_one(page: Client, name: str) -> None:
    page.cookies["timezone"] = name
    assert page.get("/account/").status_code == 200


def test_the_api_speaks_utc(page: Client, tenant: Tenant) -> None:
    page.cookies["timezone"] = "Europe/Berlin"
    assert page.get(f"/api/v1/tenants/{tenant.slug}/").json()["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("chosen", "drawn"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><b>', "")]
)
def test_light_or_dark_as_chosen(page: Client, chosen: str, drawn: str) -> None:
    page.cookies["theme"] = chosen
    head = page.get("/account/").content.decode().partition("<head>")[0]
    assert head.split() == f'<!doctype html> <html lang="en"{drawn}>'.split()


def test_the_style_page_is_for_staff(page: Client, owner: User) -> None:
    assert page.get("/style/").status_code == 403
    owner.is_staff = True
    owner.save()
    assert b"Every component" in page.get("/style/").content


def test_a_nul_names_nothing_that_is_there(page: Client, owner: User, tenant: Tenant) -> None:
    _, secret = tokens.create(actor=owner, scope="read")
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    for answer in (
        api.delete("/api/v1/tokens/%00/"),
        page.get("/account/tokens/%00/revoke/"),
    ):
        assert answer.status_code == 404
    assert page.get("/containers/new/?tenant=a%00b").status_code == 403
    assert page.post("/switch/", {"tenant": "\0"}).status_code == 302
