"""The people of a container: what the forms take, what they say, and what is on record."""

import datetime
import json
import re
import zoneinfo
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import sharing
from access.models import Grant
from containers.models import Container
from tenants.models import Membership, Plan, Role, Tenant, User
from tests.conftest import converge
from tests.pages.sharing.conftest import DAY, days, give, text

pytestmark = pytest.mark.django_db


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
        ("email", "Give at least one e-mail address.", {"email": ""}),
        ("email", "at least one", {"email": ", ;"}),
        ("email", "'gina' is not an e-mail address", {"email": "gina, hal@example.com"}),
        ("email", "at most 100 go at once", {"email": "\n".join(f"p{n}@example.com" for n in range(101))}),
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
        assert f'action="{people}"' in answer.content.decode(), "a fragment would keep the keyboard from the error"
        assert answer.content.decode().count(" autofocus") == 1
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


def test_while_the_tenant_is_suspended_access_can_be_taken_alone(alice: Client, people: str, box: Container) -> None:
    give(alice, people)
    Container.objects.update(suspended=True)
    page = alice.get(people).content.decode()
    grant = Grant.objects.get()
    assert "nobody new can be let in" in page
    assert ('id="ask"' in page, f"{people}{grant.pk}/extend/" in page) == (False, False)
    assert f"{people}{grant.pk}/revoke/" in page
