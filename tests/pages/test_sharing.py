"""The pages for sharing, as HTML: what the forms take, what they say, and what a guest sees of a container."""

import datetime
import json
import re
import zoneinfo
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access import sharing
from access.models import Grant
from containers import admission
from containers.models import Condition, Container, Template
from tenants import attention
from tenants.models import AuditEvent, Membership, Plan, Role, Tenant, User
from tests.conftest import converge, make_tenant
from tests.pages.test_admin import act
from tests.pages.test_pages import without_id

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(answer: Any) -> str:
    """The words of a page, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: Any, zone: Any) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made


@pytest.fixture
def alice(owner: User, box: Container) -> Client:
    return signed_in(owner)


@pytest.fixture
def gina(db: None) -> User:
    return User.objects.create_user("gina@example.com", "secret", name="Gina")


@pytest.fixture
def people(box: Container) -> str:
    return f"/containers/{box.pk}/people/"


def give(client: Client, people: str, **fields: Any) -> Any:
    return client.post(people, {"email": "gina@example.com", "permission": "view", "end": "week", **fields})


def answering() -> None:
    """As behind a connector, which the engine in memory does not run."""
    converge()
    Condition.objects.update(status=True, message="")


def days(grant: Grant) -> float | None:
    return grant.expires_at and round((grant.expires_at - timezone.now()) / DAY, 2)


def test_from_the_form_to_the_record(alice: Client, people: str, box: Container) -> None:
    assert "The members of Acme may do everything here. alice@example.com" in text(alice.get(people))
    assert "Shared with nobody yet" in text(alice.get(f"/containers/{box.pk}/"))
    several = "Gina@example.com, Hal <hal@example.com>\r\n\r\nivy@example.com; "
    answer = give(alice, people, email=several, permission="operate", note="Have a look.")
    assert answer.headers["Location"] == f"{people}#main", "or the browser keeps the form's own fragment"
    assert "Shared with 3 people" in text(alice.get(people))
    rows = {grant.email: grant for grant in Grant.objects.all()}
    assert set(rows) == {"gina@example.com", "hal@example.com", "ivy@example.com"}
    gina = rows["gina@example.com"]
    assert (gina.permission, gina.note, days(gina), gina.granter) == ("operate", "Have a look.", 7, "alice@example.com")
    waiting = alice.get(people)
    row = "gina@example.com given by you Operate and its log, start, stop"
    assert f"{row} waiting for Cloudflare since" in text(waiting)
    assert f'data-refresh="grants state" hx-get="{people}" hx-trigger="refresh, every 30s"' in waiting.content.decode()
    converge()
    assert f"{row} active since" in text(alice.get(people))
    assert "Shared with 3 people" in text(alice.get(f"/containers/{box.pk}/"))

    asked = alice.get(f"{people}{gina.pk}/revoke/")
    assert "In Warren they are out at once. At box-acme.containers.localhost they are out within seconds" in text(asked)
    assert '<section class="card narrow" id="ask"' in asked.content.decode(), "the dialog shows this part"
    alice.post(f"{people}{gina.pk}/revoke/")
    fragment = alice.get(people, headers={"HX-Request": "true"})
    assert re.search(rf"{row} ending at the edge… since \S+ UTC \u2013 none", text(fragment)), "its end matters no more"
    assert "<h1>" not in fragment.content.decode()
    assert f"{gina.pk}/revoke/" not in fragment.content.decode(), "there is nothing left to decide"
    converge()
    fragment = alice.get(people, headers={"HX-Request": "true"})
    assert "gina@example.com Operate Revoked by alice@example.com" in text(fragment)
    assert 'id="ended" hx-swap-oob="true"' in fragment.content.decode()
    assert alice.get(f"{people}{gina.pk}/revoke/").headers["Location"] == people


def test_what_a_form_refuses_stands_at_its_field(alice: Client, people: str, tenant: Tenant) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=bob, role=Role.MEMBER)
    soon = f"{timezone.now() - DAY:%Y-%m-%dT%H:%M}"
    for field, said, fields in (
        ("email", "This field is required", {"email": ""}),
        ("email", "at least one", {"email": ", ;"}),
        ("email", "'gina' is not an e-mail address", {"email": "gina, hal@example.com"}),
        ("email", "at most 100 addresses", {"email": "\n".join(f"p{n}@example.com" for n in range(101))}),
        ("email", "bob@example.com is a member", {"email": "gina@example.com\nbob@example.com"}),
        ("permission", "not one of the available", {"permission": "delete"}),
        ("end", "not one of the available", {"end": "keep"}),
        ("until", "Say when it is to end", {"end": "at"}),
        ("until", "Enter a valid date", {"end": "at", "until": "soon"}),
        ("until", "That moment has passed", {"end": "at", "until": soon}),
        ("note", "at most 500 characters", {"note": "x" * 501}),
    ):
        answer = give(alice, people, **fields)
        assert set(answer.context["form"].errors) == {field}, fields
        assert said in text(answer), fields
        assert "Not shared with anybody" in text(answer)
        assert f'action="{people}#ask"' in answer.content.decode(), "the browser stays where the error stands"
        assert '" data-open>' in answer.content.decode(), "and the dialog opens with it"
    at_once = give(alice, people, email="gina", end="at", note="Look at https://evil.example")
    assert set(at_once.context["form"].errors) == {"email", "until", "note"}
    assert not Grant.objects.exists()


def test_until_when(alice: Client, people: str) -> None:
    def offered() -> list[str]:
        return [value for value, _ in alice.get(people).context["form"].fields["end"].choices]

    assert offered() == ["day", "week", "month", "at", "never"]
    assert alice.get(people).context["form"]["end"].value() == "week"
    give(alice, people, email="a@example.com", end="at", until=f"{timezone.now() + 2 * DAY:%Y-%m-%dT%H:%M}")
    give(alice, people, email="b@example.com", end="never")
    give(alice, people, email="c@example.com", end="day")
    found = {grant.email[0]: days(grant) for grant in Grant.objects.all()}
    assert (found["a"], found["b"], found["c"]) == (pytest.approx(2, abs=0.01), None, 1)
    Plan.objects.update(grant_days=3)
    assert offered() == ["day", "most", "at"]
    assert alice.get(people).context["form"]["end"].value() == "most"
    give(alice, people, email="d@example.com", end="most")
    assert days(Grant.objects.get(email="d@example.com")) == 3
    too_far = give(alice, people, end="at", until=f"{timezone.now() + 9 * DAY:%Y-%m-%dT%H:%M}")
    assert "allows access for 3 days" in too_far.context["form"].errors["until"][0]
    Plan.objects.update(grant_days=7)
    assert offered() == ["day", "week", "at"]


def test_a_person_is_changed_and_lasts_longer(alice: Client, people: str) -> None:
    give(alice, people, end="day")
    grant = Grant.objects.get()
    one = f"{people}{grant.pk}/"
    form = alice.get(one).context["form"]
    assert (form["permission"].value(), form["end"].value()) == ("view", "keep")
    alice.post(one, {"permission": "shell", "end": "keep"})
    grant.refresh_from_db()
    assert (grant.permission, days(grant)) == ("shell", 1)
    alice.post(f"{one}extend/")
    alice.post(one, {"permission": "operate", "end": "keep"})
    grant.refresh_from_db()
    assert (grant.permission, days(grant)) == ("operate", 8)
    alice.post(one, {"permission": "operate", "end": "never"})
    assert "Extend a week" not in text(alice.get(people))
    assert "has no end" in text(alice.post(f"{one}extend/", follow=True))
    Plan.objects.update(grant_days=3)
    give(alice, people, email="hal@example.com", end="day")
    other = Grant.objects.get(email="hal@example.com")
    assert "choose an end before" in text(alice.post(f"{people}{other.pk}/extend/", follow=True))
    assert days(other) == 1


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


def test_the_people_cost_the_same_however_many(alice: Client, people: str, box: Container, owner: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert alice.get(people).status_code == 200
        return len(made)

    sharing.share(box, actor=owner, emails=["a@example.com"], permission="view")
    queries()
    few = queries()
    sharing.share(box, actor=owner, emails=[f"p{n}@example.com" for n in range(60)], permission="view")
    assert queries() == few
    assert "Page 1 of 2" in text(alice.get(people))
    Grant.objects.update(ended_at=timezone.now(), ended_how="revoked", out_at=timezone.now())
    second = alice.get(people, {"ended": "2"}).content.decode()
    assert all(
        words in second for words in ("Page 2 of 2", 'href="?ended=1#ended"', '<details class="card section" open>')
    )


def test_addresses_as_people_write_them(alice: Client, people: str) -> None:
    """Also without chips: white space parts them like commas, and each that is wrong says why, to the chips as well."""
    pasted = "Gina Gray <gina@example.com> hal@example.com;ivy@example.com\tgina@example.com"
    assert give(alice, people, email=pasted).status_code == 302
    assert set(Grant.objects.values_list("email", flat=True)) == {
        f"{name}@example.com" for name in ("gina", "hal", "ivy")
    }
    page = give(alice, people, email="jo, kim@example, lou@example.com", end="day")
    assert page.context["form"].errors["email"] == [
        "'jo' is not an e-mail address. Write it as name@example.com.",
        "'kim@example' is not an e-mail address. Write it as name@example.com.",
    ]
    told = re.search(r'data-wrong="([^"]+)"', page.content.decode())
    assert told
    assert set(json.loads(unescape(told[1]))) == {"jo", "kim@example"}
    page = give(alice, people, email="gina@example.com", end="day")
    assert "gina@example.com has more, or for longer, already" in page.context["form"].errors["email"][0]


def test_an_end_is_in_the_zone_that_the_form_names(alice: Client, people: str) -> None:
    """Whatever the browser has told of the reader's zone by the time that it is sent."""
    until, utc = timezone.now().replace(second=0, microsecond=0) + 3 * DAY, datetime.UTC
    assert "Date and time (UTC)" in text(alice.get(people))
    alice.cookies["timezone"] = "Asia/Tokyo"
    page = alice.get(people)
    assert "Date and time (Asia/Tokyo)" in text(page)
    assert page.context["form"]["zone"].value() == "Asia/Tokyo"
    typed = f"{until.astimezone(zoneinfo.ZoneInfo('Asia/Tokyo')):%Y-%m-%dT%H:%M}"
    give(alice, people, email="a@example.com", end="at", until=typed, zone="Asia/Tokyo")
    give(alice, people, email="b@example.com", end="at", until=typed)
    give(alice, people, email="c@example.com", end="at", until=f"{until:%Y-%m-%dT%H:%M}", zone="UTC")
    give(alice, people, email="d@example.com", end="at", until=typed, zone="../etc/passwd")
    assert {grant.expires_at.astimezone(utc) for grant in Grant.objects.all() if grant.expires_at} == {until}
    assert Grant.objects.count() == 4


def test_what_a_revocation_brings_is_said_first(alice: Client, people: str, box: Container) -> None:
    give(alice, people)
    at = f"{people}{Grant.objects.get().pk}/revoke/"
    asked = text(alice.get(at))
    assert ("everybody on it reconnects" in asked, "stays until it is closed" in asked) == (True, False)
    assert "Whom they let in" not in asked
    assert "told by mail" not in asked
    Container.objects.update(resets_connections=False)
    Grant.objects.update(invited_at=timezone.now())
    asked = text(alice.get(at))
    assert ("everybody on it reconnects" in asked, "stays until it is closed" in asked) == (False, True)
    assert "They are told by mail" in asked


def test_an_end_that_is_near_is_marked(alice: Client, people: str) -> None:
    give(alice, people, end="day")
    give(alice, people, email="hal@example.com")
    page = alice.get(people).content.decode()
    assert re.findall(r'class="badge wait">(in [^<]+)<', page) == ["in 23\u00a0hours"]
    assert "in 6\u00a0days" in page


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


def test_while_the_tenant_is_suspended_access_can_be_taken_alone(alice: Client, people: str, box: Container) -> None:
    give(alice, people)
    Container.objects.update(suspended=True)
    page = alice.get(people).content.decode()
    grant = Grant.objects.get()
    assert "nobody new can be let in" in page
    assert ('id="ask"' in page, f"{people}{grant.pk}/extend/" in page) == (False, False)
    assert f"{people}{grant.pk}/revoke/" in page


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


@pytest.fixture
def staff(db: None) -> Client:
    return signed_in(User.objects.create_superuser("staff@example.com", "secret"))


def test_staff_revoke_and_resync(staff: Client, alice: Client, people: str, box: Container) -> None:
    give(alice, people)
    give(alice, people, email="hal@example.com")
    converge()
    gina, hal = Grant.objects.get(email="gina@example.com"), Grant.objects.get(email="hal@example.com")
    before = [row.rings for row in box.publications.all()]
    change = reverse("admin:access_grant_change", args=[gina.pk])
    shown = staff.get(change).content.decode()
    assert all(f'name="action" value="{action}"' in shown for action in ("revoke", "resync"))
    assert f"{reverse('admin:cloudflare_publication_changelist')}?container__id__exact={box.pk}" in shown
    looking = User.objects.create_user("support@example.com", "secret", is_staff=True)
    looking.user_permissions.set(Permission.objects.filter(codename="view_grant"))
    shown = signed_in(looking).get(change)
    assert (shown.status_code, 'value="revoke"' in shown.content.decode()) == (200, False)
    assert "1 container is looked at now." in text(act(staff, "access_grant", "resync", gina, hal))
    assert [row.rings for row in box.publications.all()] == [count + 1 for count in before]
    assert AuditEvent.objects.get(action="admin:reconcile").target_id == str(box.pk)
    assert "1 is revoked." in text(act(staff, "access_grant", "revoke", gina))
    assert AuditEvent.objects.get(action="grant:revoke").actor == "staff@example.com"
    assert "0 are revoked." in text(act(staff, "access_grant", "revoke", gina))
    listed = reverse("admin:access_grant_changelist")
    Grant.objects.filter(pk=hal.pk).update(expires_at=None)
    for state, email in (("active", "hal@"), ("ending", "gina@")):
        words = text(staff.get(listed, {"state": state}))
        assert [each in words for each in ("hal@", "gina@")] == [each == email for each in ("hal@", "gina@")]
    converge()
    assert "gina@" in text(staff.get(listed, {"state": "revoked"}))
    assert "gina@" not in text(staff.get(listed, {"state": "ending"}))
    assert "grants (2)" in text(staff.get(reverse("admin:containers_container_change", args=[box.pk])))
    assert "gina@" in text(staff.get(listed, {"q": "box-acme", "ended_how": "revoked"}))


def test_an_end_that_hangs_needs_attention(staff: Client, alice: Client, people: str) -> None:
    give(alice, people)
    give(alice, people, email="hal@example.com")
    grant = Grant.objects.get(email="gina@example.com")
    alice.post(f"{people}{grant.pk}/revoke/")
    assert attention.items() == [], "a few seconds are nothing"
    Grant.objects.filter(pk=grant.pk).update(ended_at=timezone.now() - datetime.timedelta(seconds=42))
    Grant.objects.filter(email="hal@example.com").update(expires_at=timezone.now() - datetime.timedelta(minutes=5))
    index = staff.get("/admin/")
    words = text(index)
    assert "Nothing does." not in words
    both = r"hal@example\.com and gina@example\.com may still get into box-acme\.\S+ For 5.minutes\. No worker"
    assert re.search(both, words)
    row = grant.container.publications.get()
    assert reverse("admin:cloudflare_publication_change", args=[row.pk]) in index.content.decode()
    support = signed_in(User.objects.create_user("support@example.com", "secret", is_staff=True))
    assert "gina@" not in text(support.get("/admin/"))
    converge()
    Grant.objects.filter(email="hal@example.com").update(out_at=timezone.now())
    assert "Needs attention Nothing does." in text(staff.get("/admin/"))
