"""What a form does that is refused: what was typed stays, the field is marked, and keyboard and reader come to it."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from containers.engine.memory import MemoryEngine
from tenants import invitations
from tenants.mail import links
from tenants.models import Plan, User
from tests.errors.world import World

pytestmark = pytest.mark.django_db
PASSWORD = "it was typed, and is a secret"
_EMPTY = {"input", "meta", "link", "img", "br", "use", "path", "source"}


class Seen(HTMLParser):
    """The tags of a page, and the text under each `id`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, str] = {}
        self.legends: dict[int, str] = {}  # by the tag of the group
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self.text.setdefault(found.get("id", ""), "")
        if tag not in _EMPTY:
            self._open.append(found.get("id", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for name in self._open:
            self.text[name] += data
        if self.tags and self.tags[-1][0] == "legend":
            group = next(found for tag, found in reversed(self.tags) if tag == "fieldset")
            self.legends.setdefault(id(group), data)

    @property
    def led(self) -> dict[str, str]:
        """Where the keyboard begins, of all that ask for it: browsers take the first."""
        return next(found for _tag, found in self.tags if "autofocus" in found)

    def named(self, group: dict[str, str]) -> str:
        """What a group of choices is called: by its legend, or by what its tag names."""
        label = group.get("aria-labelledby")
        return self.text[label] if label else self.legends.get(id(group), "")

    def said(self, of: dict[str, str]) -> str:
        return " ".join(self.text[name] for name in of.get("aria-describedby", "").split())


@dataclass(frozen=True)
class Sent:
    """A form, and what is led to: the field, or a group of choices, and a part of what is said there."""

    where: str  # BOX, DATA and the like are filled in
    typed: str  # as in an address
    leads: str
    said: str
    who: str = "alice"


NOBODY = ""
FORMS = [
    Sent("/sign-in/", "username=alice@example.com&password=PASSWORD", "password", "Check both", NOBODY),
    Sent("/sign-up/", "email=nobody", "email", "valid email", NOBODY),
    Sent("/password-reset/", "email=nobody", "email", "valid email", NOBODY),
    Sent("/password-reset/RESET/", "password=123", "password", "too short", NOBODY),
    Sent("/sign-up/FRESH/", "name=www.x.org&password=PASSWORD&tenant_name=New", "name", "goes into mail", NOBODY),
    Sent("/invitations/INVITED/", "name=New&password=123", "password", "too short", NOBODY),
    Sent("/account/password/", "current_password=PASSWORD&password=PASSWORD", "current_password", "not your present"),
    Sent("/account/close/", "current_password=PASSWORD", "current_password", "not your password"),
    Sent("/account/", "name=www.x.org&language=", "name", "goes into mail"),
    Sent("/account/tokens/", "name=nightly&scope=read&expires_in_days=0", "expires_in_days", "greater than"),
    Sent("/account/tokens/", "name=nightly", "Scope", "required"),
    Sent("/tenants/new/", "tenant_name=Other&slug=acme", "slug", "is taken"),
    Sent("/tenants/acme/name/", "name=www.x.org", "name", "goes into mail"),
    Sent("/tenants/acme/delete/", "slug=acne", "slug", "The short name is acme"),
    Sent("/tenants/acme/members/", "email=bob@example.com&role=owner", "email", "member already"),
    Sent("/containers/new/", "name=box&template=hello", "name", "There is a container box"),
    Sent("/containers/new/", "name=site", "Template", "Choose what"),
    Sent("/containers/new/", "name=site&template=hello&size=x", "Size", "x is not one"),
    Sent("/containers/BOX/settings/", "label=mine&port=0&memory=64&cpu=1&generation=1", "port", "greater than"),
    Sent("/containers/BOX/rename/", "name=notes", "name", "There is a container notes"),
    Sent("/containers/BOX/duplicate/", "name=No", "name", "lower-case"),
    Sent("/containers/BOX/delete/", "name=bax", "name", "not its name"),
    Sent("/containers/DATA/data/restore/", "", "file", "required"),
    Sent("/containers/bulk/", "verb=delete&container=BOX&word=no", "word", "Nothing was deleted"),
    Sent("/containers/BOX/people/", "email=bob@example.com&permission=view&end=day&note=Hello", "email", "is a member"),
    Sent("/containers/BOX/people/", "email=x@x.org&permission=view&end=at&until=2020-01-01T10:00", "until", "passed"),
    Sent("/containers/BOX/people/", "email=&permission=view&end=day", "email", "Give at least one"),
    Sent("/containers/BOX/people/", "email=x@x.org&end=day", "What they may do", "required"),
    Sent("/containers/BOX/people/GRANT/", "permission=view&end=at", "until", "Say when"),
]


@pytest.fixture
def world(zone: Any, memory: MemoryEngine) -> World:
    return World.build(memory)


def _signed_in(person: User | None) -> Client:
    client = Client()
    if person:
        client.force_login(person)
    return client


def test_every_form_leads_to_what_is_wrong_and_keeps_the_rest(world: World) -> None:
    wrong = {}
    with override_settings(REGISTRATION_OPEN=True, EMAIL_URL="smtp://localhost"):
        invited = invitations.invite(world.acme, actor=world.alice, email="new@example.com", role="member")
        named = {"BOX": str(world.box.pk), "DATA": str(world.data.pk), "GRANT": str(world.grant.pk)}
        named |= {"RESET": links.password(world.bob), "FRESH": links.sign_up("fresh@example.com")}
        named |= {"INVITED": links.invitation(invited), "PASSWORD": PASSWORD}
        for sent in FORMS:
            where = "/".join(named.get(part, part) for part in sent.where.split("/"))
            typed = {name: named.get(text, text) for name, text in parse_qsl(sent.typed, keep_blank_values=True)}
            page = _signed_in(getattr(world, sent.who) if sent.who else None).post(where, typed).content.decode()
            if told := _amiss(Seen(page), page, typed, sent):
                wrong[sent] = told
    assert wrong == {}


def _amiss(seen: Seen, page: str, typed: dict[str, str], sent: Sent) -> list[str]:
    told, led = [], seen.led
    if sent.leads not in {led.get("name"), seen.named(led)}:
        told.append(f"leads to {led}")
    if sent.said not in seen.said(led):
        told.append(f"says there {seen.said(led)!r}")
    if len([1 for _tag, found in seen.tags if "autofocus" in found]) != 1:
        told.append("leads to several")
    if not any(found.get("aria-invalid") == "true" for _tag, found in seen.tags):
        told.append("marks nothing")
    ids = {name for _tag, found in seen.tags for name in found.get("aria-describedby", "").split()}
    if dangling := ids - set(seen.text):
        told.append(f"describes by {dangling}, which is not there")
    if PASSWORD in page:
        told.append("shows a password")
    # A word that confirms something is typed anew, and there is no button for a choice that there is not.
    anew = {"word", "size", *(name for name in typed if "password" in name)}
    kept = {found.get("value") for _tag, found in seen.tags} | {text.strip() for text in seen.text.values()}
    return told + [f"lost {text}" for name, text in typed.items() if name not in anew and text not in {*kept, ""}]


def test_what_is_about_no_field_is_led_to_as_well(world: World) -> None:
    client = _signed_in(world.alice)
    world.plan(max_guests=1, max_containers=2)
    for path, sent in [
        ("/containers/new/", {"name": "third", "template": "hello"}),
        (f"/containers/{world.box.pk}/people/", {"email": "x@example.com", "permission": "view", "end": "day"}),
    ]:
        seen = Seen(client.post(path, sent).content.decode())
        assert (seen.led["class"], seen.led["tabindex"]) == ("message error", "-1"), path


def test_so_is_why_somebody_is_sent_elsewhere(world: World) -> None:
    page = Client().get("/password-reset/rubbish/", follow=True).content.decode()
    assert Seen(page).led["class"] == "message error"


def test_a_wrong_password_marks_both_that_may_be_wrong(world: World) -> None:
    page = Client().post("/sign-in/", {"username": "alice@example.com", "password": PASSWORD}).content.decode()
    seen = Seen(page)
    marked = [found for _tag, found in seen.tags if found.get("aria-invalid") == "true"]
    assert [found["name"] for found in marked] == ["username", "password"]
    assert {seen.said(found).strip() for found in marked} == {
        "No account has this address with this password. Check both; capital letters count."
    }
    fresh = Seen(Client().get("/sign-in/").content.decode())
    assert [found for _tag, found in fresh.tags if "aria-invalid" in found] == []
    assert fresh.led["name"] == "username"


def test_what_is_too_large_is_said_at_the_file(world: World) -> None:
    Plan.objects.update(storage=2**20)
    type(world.data).objects.filter(pk=world.data.pk).update(storage=2**20)
    client = _signed_in(world.alice)
    sent = {"file": SimpleUploadedFile("x.tar", b"0" * 4_000_000)}
    seen = Seen(client.post(f"/containers/{world.data.pk}/data/restore/", sent).content.decode())
    assert seen.led["name"] == "file"
    assert "larger than the 1 MiB" in seen.said(seen.led)
