"""New tenants of somebody who is here already: how many, and what they may be called."""

import re
from typing import Any

import pytest

from tenants import names, standing
from tenants.models import AuditEvent, Tenant, User
from tests.people.conftest import api, pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_registration")]


def create(person: User, name: str) -> Any:
    return api(person).post("/api/v1/tenants/", {"name": name}, format="json")


def test_how_many_somebody_may_own(owner: User, tenant: Tenant, settings: Any) -> None:
    settings.TENANTS_PER_PERSON = 2
    assert create(owner, "Second").status_code == 201
    refused = create(owner, "Third")
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (422, "tenants_limit", 2)
    assert AuditEvent.objects.get(action="tenant:create", outcome="refused").reason == "tenants_limit"
    standing.close(Tenant.objects.get(slug="second"), actor=owner)
    assert create(owner, "Third").status_code == 201, "only those that live count"
    settings.TENANTS_PER_PERSON = 0
    assert create(owner, "Fourth").status_code == 201


def test_a_new_tenant_is_no_way_around_a_suspension(owner: User, tenant: Tenant) -> None:
    standing.suspend(tenant, actor=None, reason="The invoice is overdue.")
    assert create(owner, "Other").json()["code"] == "tenant_suspended"
    standing.resume(tenant, actor=None)
    assert create(owner, "Other").status_code == 201


def test_names_that_no_slug_resembles(owner: User, settings: Any) -> None:
    settings.TENANTS_PER_PERSON = 0
    slugs = [create(owner, name).json()["slug"] for name in ("東京", "大阪", "京都", "神戸")]
    assert slugs[:2] == ["team", "team2"]
    assert all(re.fullmatch("team[a-z0-9]{5}", slug) for slug in slugs[2:]), slugs


def test_a_slug_that_nobody_chose_gives_way(owner: User, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = iter(["acme", "acme7"])
    monkeypatch.setattr(names, "free", lambda name: next(offered))  # as if somebody else had just been faster
    assert create(owner, "Acme").json()["slug"] == "acme7"


@pytest.mark.parametrize(
    "name", ["Win at evil.com", "www.evil", "https://evil", "write@evil", "evil\uff0ecom", "evil\u3002com"]
)
def test_names_hold_nothing_that_mail_makes_a_link_of(owner: User, tenant: Tenant, name: str) -> None:
    refused = create(owner, name)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "name_invalid", "name")
    assert "goes into mail" in refused.json()["detail"]
    for where in ("/api/v1/me/", "/api/v1/tenants/acme/"):
        assert api(owner).patch(where, {"name": name}, format="json").json()["code"] == "name_invalid"
    page = pages(owner).post("/tenants/new/", {"tenant_name": name, "slug": ""})
    assert page.context["form"].errors.keys() == {"tenant_name"}
    assert create(owner, "Dr. A. Smith & Co.").status_code == 201


def test_a_token_may_be_called_by_a_version(owner: User) -> None:
    answer = api(owner).post("/api/v1/tokens/", {"name": "ci-1.2"}, format="json")
    assert answer.json()["name"] == "ci-1.2"
