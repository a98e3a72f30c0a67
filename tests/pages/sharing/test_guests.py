"""What guests see of a container, what is shared with them, and what one who manages decides."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from access import sharing
from access.models import Grant
from containers.models import Condition, Container
from tenants.models import AuditEvent, User
from tests.conftest import converge, make_tenant
from tests.pages.conftest import signed_in
from tests.pages.sharing.conftest import answering, days, give, text
from tests.pages.test_pages import without_id

pytestmark = pytest.mark.django_db


def test_a_guest_who_manages_decides_about_what_they_gave(
    alice: Client, people: str, box: Container, gina: User
) -> None:
    give(alice, people, permission="manage", end="day")
    give(alice, people, email="hal@example.com")
    own, hal = Grant.objects.get(email=gina.email), Grant.objects.get(email="hal@example.com")
    own.permission = "manage"
    client = signed_in(gina)
    page = client.get(people)
    form = page.context["form"]
    assert [value for value, _ in form.fields["end"].choices] == ["most", "at"]
    assert "hal@example.com given by alice@example.com View open it" in text(page), "they see everybody"
    assert f"{people}{hal.pk}/" not in page.content.decode()
    assert f"/shared/{own.pk}/leave/" in page.content.decode()
    assert give(client, people, email="ivy@example.com", permission="manage", end="most").status_code == 302
    ivy = Grant.objects.get(email="ivy@example.com")
    assert (ivy.via, ivy.expires_at) == (own, own.expires_at)
    assert f"{people}{ivy.pk}/revoke/" in client.get(people).content.decode()
    for path in ("", "revoke/"):
        refused = client.get(f"{people}{hal.pk}/{path}")
        assert (refused.status_code, "was given by alice@example.com" in text(refused)) == (403, True)
    assert client.post(f"{people}{hal.pk}/", {"permission": "view", "end": "day"}).status_code == 403
    assert "was given by alice" in text(client.post(f"{people}{hal.pk}/revoke/", follow=True))
    hal.refresh_from_db()
    assert (hal.ended_at, days(hal)) == (None, 7)
    assert AuditEvent.objects.filter(reason="not_yours_to_change", actor=gina.email).count() == 2
    ivan = User.objects.create_user("ivy@example.com", "secret")
    assert give(signed_in(ivan), people, email="jon@example.com", end="most").status_code == 302
    assert "Whom they let in is out as well: ivy@example.com, jon@example.com." in text(
        alice.get(f"{people}{own.pk}/revoke/")
    )
    sharing.change(own, actor=User.objects.get(email="alice@example.com"), permission="shell")
    assert client.get(people).status_code == client.get(f"{people}{ivy.pk}/").status_code == 403
    assert not AuditEvent.objects.filter(reason="not_shared").exists(), "who only looks tries nothing"
    posted = [give(client, people), client.post(f"{people}{ivy.pk}/"), client.post(f"{people}{ivy.pk}/revoke/")]
    assert {(answer.status_code, "may not share" in text(answer)) for answer in posted} == {(403, True)}
    tried = AuditEvent.objects.filter(reason="not_shared", actor=gina.email).values_list("action", "target")
    assert set(tried) == {("grant:create", str(box)), ("grant:change", str(ivy)), ("grant:revoke", str(ivy))}


BUTTONS = {"stop", "restart"}


def test_what_a_guest_sees_of_the_container(alice: Client, people: str, box: Container, gina: User) -> None:
    where, client = f"/containers/{box.pk}/", signed_in(gina)
    for permission in ("view", "operate", "shell", "manage"):
        give(alice, people, permission=permission)
        answering()
        page = client.get(where)
        source, words = page.content.decode(), text(page)
        assert "box belongs to Acme; alice@example.com shares it with you until" in words
        told = ("read its log, start, stop and restart it" in words, "share it with others" in words)
        assert told == (permission != "view", permission == "manage")
        assert (f'href="{people}"' in source) == (permission == "manage")
        buttons = set(re.findall(rf'action="{where}(\w+)/"', source))
        assert buttons == (set() if permission == "view" else BUTTONS)
        for name in ("activity", "settings", "data", "recreate", "duplicate", "rename", "delete"):
            assert f"{where}{name}/" not in source
        assert 'id="open"' in source
        assert without_id(client.get(f"{where}live/").content.decode()) == []
    whole = alice.get(where).content.decode()
    for name in ("activity", "settings", "rename", "delete"):
        assert f'href="{where}{name}/"' in whole
    assert set(re.findall(rf'action="{where}(\w+)/"', whole)) == BUTTONS


def test_shared_with_me(alice: Client, people: str, box: Container, gina: User) -> None:
    client = signed_in(gina)
    assert client.get("/").headers["Location"] == "/shared/"
    assert client.get("/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/shared/"
    assert "Nothing is shared with you" in text(client.get("/shared/"))
    give(alice, people, permission="operate")
    assert "Cloudflare does not let you in yet" in text(client.get("/shared/"))
    answering()
    page = client.get("/shared/")
    words = text(page)
    assert "box running" in words
    assert "Whose Acme given by alice@example.com You may open it" in words
    assert "Ends in 6 days" in words
    assert "open it and see how it is doing; read its log, start, stop and restart it" in words
    assert box.url in page.content.decode()
    Condition.objects.filter(type="Published").update(status=False)
    assert "It can't be opened at the moment" in text(client.get("/shared/"))
    grant = Grant.objects.get()
    assert "Leave box?" in text(client.get(f"/shared/{grant.pk}/leave/"))
    assert alice.get(f"/shared/{grant.pk}/leave/").status_code == 404
    assert alice.post(f"/shared/{grant.pk}/leave/").status_code == 404
    assert client.post(f"/shared/{grant.pk}/leave/").headers["Location"] == "/shared/"
    grant.refresh_from_db()
    assert grant.ended_how == "left"
    converge()
    assert "gina@example.com Operate Left by the guest" in text(alice.get(people))
    assert client.get(f"/containers/{box.pk}/").status_code == 404


def test_the_list_is_of_ones_own_tenant(alice: Client, people: str, box: Container, gina: User) -> None:
    """A guest who has a tenant as well: theirs in the list, what is shared behind the link in the header."""
    make_tenant("globex", gina)
    client = signed_in(gina)
    assert 'href="/shared/"' not in client.get("/").content.decode()
    give(alice, people)
    page = client.get("/").content.decode()
    assert ("box-acme" in page, 'href="/shared/"' in page) == (False, True)
    assert 'href="/shared/"' not in alice.get("/").content.decode()


def test_a_fragment_leads_away_from_what_is_not_shown_any_more(alice: Client, people: str, gina: User) -> None:
    give(alice, people, permission="manage")
    client, refreshed = signed_in(gina), {"HX-Request": "true"}
    assert client.get(people, headers=refreshed).status_code == 200
    Grant.objects.update(permission="view")
    left = client.get(people, headers=refreshed)
    assert (left.status_code, left.headers["HX-Redirect"]) == (200, people.removesuffix("people/"))
    assert "You may not share this container" in text(client.get(left.headers["HX-Redirect"]))
    assert client.get(people).status_code == 403
    Grant.objects.update(ended_at=timezone.now(), ended_how="revoked")
    assert client.get(people, headers=refreshed).headers["HX-Redirect"] == people.removesuffix("people/")


def test_mine_and_shared(alice: Client, people: str, gina: User) -> None:
    give(alice, people)
    client = signed_in(gina)
    assert 'aria-label="Whose containers"' not in client.get("/shared/").content.decode(), "she has none of her own"
    make_tenant("globex", gina)
    assert 'aria-label="Whose containers"' in client.get("/shared/").content.decode()
    fragment = client.get("/shared/", headers={"HX-Request": "true"}).content.decode()
    assert "<h1>" not in fragment
    assert 'hx-trigger="load delay:2s"' in fragment, "it asks again until the edge lets her in"
    answering()
    fragment = client.get("/shared/", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in fragment
    assert without_id(fragment) == []
