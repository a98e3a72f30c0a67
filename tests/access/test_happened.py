"""The tab *Activity* of a container: what was done to it and to its people, for its members alone."""

import datetime
import re
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from access import sharing
from access.models import Grant
from containers import admission
from containers.models import Container
from tenants import audit
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tenants.refusal import Refused
from tests.access.conftest import page_of
from tests.conftest import converge, make_tenant

pytestmark = pytest.mark.django_db


def text(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.fixture
def at(container: Container) -> str:
    return f"/containers/{container.pk}/activity/"


def test_what_was_done_to_it_and_its_people(
    share: Any, container: Container, owner: User, guest: User, at: str
) -> None:
    grant = share(permission="operate")
    admission.stop(container, actor=guest, permission="operate")
    with pytest.raises(Refused):
        sharing.share(container, actor=guest, emails=["hal@example.com"])
    other = admission.create(actor=owner, tenant=container.tenant, template=container.template, name="other")
    page = page_of(owner).get(at)
    words = text(page)
    assert (
        "Share the container alice@example.com E-mail address: gina@example.com What they may do: Operate Until:"
        in words
    )
    assert "Stop the container gina@example.com done" in words
    assert "You may not share this container; ask one of its owners." in words
    assert page.content.decode().count('class="badge bad"') == 1
    assert "Today" in words
    assert other.name not in {row.target for row in page.context["rows"]}
    assert {row.target_id for row in page.context["rows"]} == {str(container.pk), str(grant.pk)}


def test_it_is_searched_and_taken_along(share: Any, container: Container, owner: User, at: str) -> None:
    share()
    admission.stop(container, actor=owner)
    client = page_of(owner)

    def found(**asked: str) -> set[str]:
        return {row.action for row in client.get(at, asked).context["rows"]}

    assert found(kind="people") == {"grant:create"}
    assert found(kind="running") == {"container:create", "container:stop"}
    assert found(outcome="refused") == found(actor="nobody") == found(kind="settings") == set()
    assert "matches the search" in text(client.get(at, {"actor": "nobody"}))
    assert "in Asia/Tokyo" not in text(client.get(at))
    client.cookies["timezone"] = "Asia/Tokyo"
    assert "in Asia/Tokyo" in text(client.get(at))
    file = b"".join(client.get(f"{at}export/", {"kind": "people"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert (file.count("grant:create"), file.count("container:stop")) == (1, 0)
    taken = AuditEvent.objects.get(action="audit:export")
    assert (taken.target_id, taken.detail) == (str(container.pk), {"asked": {"kind": "people"}})
    wrong = client.get(f"{at}export/", {"since": "soon"})
    assert wrong.headers["Location"] == f"{at}?since=soon"
    assert client.get(at, {"cursor": "nonsense"}).status_code == 404


def test_for_owners_alone(
    share: Any, container: Container, tenant: Tenant, guest: User, at: str, django_assert_max_num_queries: Any
) -> None:
    bob, stranger = (User.objects.create_user(f"{name}@example.com", "secret") for name in ("bob", "charlie"))
    Membership.objects.create(tenant=tenant, user=bob, role=Role.MEMBER)
    make_tenant("globex", stranger)
    share(permission="manage")
    for person in (bob, guest):
        refused = page_of(person).get(at)
        assert (refused.status_code, "shown to owners of its tenant alone" in text(refused)) == (403, True)
        assert f'href="{at}"' not in page_of(person).get(f"/containers/{container.pk}/").content.decode()
    member = page_of(bob)
    with django_assert_max_num_queries(15) as made:
        assert f'href="/containers/{container.pk}/visits/"' in member.get(f"/containers/{container.pk}/").text
    statements = [query["sql"] for query in made.captured_queries]
    roles = [each for each in statements if each.startswith('SELECT "tenants_membership"."role"')]
    assert len(roles) == 1, "tabs, what happened last and the way to all of it have one answer"
    assert not AuditEvent.objects.filter(reason="activity_hidden").exists(), "who only looks tries nothing"
    assert page_of(guest).get(f"{at}export/").status_code == 403
    assert AuditEvent.objects.get(reason="activity_hidden").actor == guest.email
    assert page_of(stranger).get(at).status_code == 404


def test_by_day_in_the_readers_zone(container: Container, owner: User, at: str) -> None:
    now = timezone.now().replace(hour=23, minute=30)  # the next day in Tokyo
    rows = AuditEvent.objects.filter(target_id=str(container.pk)).values()
    for days in (2, 3):
        AuditEvent.objects.create(**{**rows[0], "id": None, "at": now - datetime.timedelta(days=days)})
    client = page_of(owner)
    shown = f"{(now - datetime.timedelta(days=3)):%A, }{(now - datetime.timedelta(days=3)).day} "
    assert shown in text(client.get(at))
    client.cookies["timezone"] = "Asia/Tokyo"
    assert shown not in text(client.get(at))


def test_what_is_deleted_keeps_its_record_for_its_members(
    share: Any, container: Container, owner: User, at: str
) -> None:
    share()
    admission.remove(container, actor=owner)
    converge()
    assert Container.objects.get(pk=container.pk).deleted_at
    page = page_of(owner).get(at)
    assert "Delete the container" in text(page)
    assert 'class="tabs"' not in page.content.decode()
    assert Grant.objects.get().ended_how == "container"
    assert page_of(owner).get(f"/containers/{container.pk}/visits/").status_code == 200


def test_the_record_says_the_same_wherever_it_is_shown(container: Container, owner: User, tenant: Tenant) -> None:
    audit.record(
        Action.LOGS_OPEN, actor=owner, target=container, tenant=tenant, outcome=Outcome.REFUSED, why="Not you."
    )
    staff = User.objects.create_superuser("staff@example.com", "secret")
    event = AuditEvent.objects.get(action=Action.LOGS_OPEN)
    for person, address in (
        (owner, f"/containers/{container.pk}/activity/"),
        (owner, "/activity/"),
        (staff, "/admin/tenants/auditevent/"),
        (staff, f"/admin/tenants/auditevent/{event.pk}/change/"),
    ):
        page = text(page_of(person).get(address))
        assert "Read the log" in page, address
        assert ("container:logs:open" in page) == address.endswith("change/"), "the verb is for programs, and beside it"
        assert ("Why: Not you." in page) == (address != "/admin/tenants/auditevent/"), address
    found = page_of(staff).get("/admin/tenants/auditevent/", {"action": Action.LOGS_OPEN})
    assert [row.pk for row in found.context["cl"].queryset] == [event.pk]
    assert "Hand over ownership" in text(found), "the filter offers what nobody did yet, in the same words"
    client = page_of(owner)
    assert "Read the log" in client.get("/activity/", {"search": "read the LOG"}).content.decode()
    file = b"".join(client.get("/activity/export/").streaming_content).decode()  # type: ignore[attr-defined]
    assert "container:logs:open" in file
    assert "Read the log" not in file
