"""What somebody is refused in: two containers of alice's, her team, a guest, and ways to ask as each of them."""

import datetime
import html
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from access import sharing
from access.models import Grant
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Membership, Plan, Role, Tenant, User
from tenants.refusal import Refused
from tests.conftest import converge, make_tenant

PASSWORD = "correct horse battery"
DAY = datetime.timedelta(days=1)
NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Answer:
    """`said`: each sentence that somebody reads as the reason; `code`: for programs, empty on a page."""

    status: int
    code: str
    said: list[str]


@dataclass(frozen=True)
class World:
    alice: User  # owns Acme
    bob: User  # is on the team
    charlie: User  # is a stranger
    gina: User  # may manage the box, as a guest, for two days
    acme: Tenant
    hello: Template
    notes: Template
    box: Container  # runs, without a data folder
    data: Container  # runs, with one
    grant: Grant  # gina's
    memory: MemoryEngine

    @classmethod
    def build(cls, memory: MemoryEngine) -> "World":
        alice, bob, charlie, gina = (
            User.objects.create_user(f"{name}@example.com", "secret", name=name.title())
            for name in ("alice", "bob", "charlie", "gina")
        )
        acme = make_tenant("acme", alice)
        Membership.objects.create(tenant=acme, user=bob, role=Role.MEMBER)
        hello = Template.objects.create(slug="hello", name="Hello", image="warren/hello:latest", port=8080)
        notes = Template.objects.create(slug="notes", name="Notes", image="warren/notes:latest", data_folder="/data")
        box = admission.create(actor=alice, tenant=acme, template=hello, name="box")
        data = admission.create(actor=alice, tenant=acme, template=notes, name="notes")
        ends = timezone.now() + 2 * DAY
        (grant,) = sharing.share(box, actor=alice, emails=[gina.email], permission="manage", expires_at=ends)
        converge()
        return cls(alice, bob, charlie, gina, acme, hello, notes, box, data, grant, memory)

    def fresh(self) -> "World":
        """With rows as they are kept: what was caused before may have written into these."""
        rows = {field.name: getattr(self, field.name) for field in fields(self)}
        again = {name: type(row)._default_manager.get(pk=row.pk) for name, row in rows.items() if hasattr(row, "pk")}
        return World(**{**rows, **again})

    def plan(self, **limits: Any) -> None:
        Plan.objects.filter(pk=self.acme.plan_id).update(**limits)

    def api(self, person: User | None, method: str, path: str, body: Any = None, **more: Any) -> Any:
        client = APIClient()
        if person:
            client.force_authenticate(person)
        return getattr(client, method)(f"/api/v1/{path}", body, **{"format": "json", **more})

    def page(self, person: User | None, path: str, form: dict[str, Any] | None = None, **more: Any) -> Any:
        """What stands there, after whatever leads elsewhere; with a form, after it was sent."""
        client = Client(raise_request_exception=False)
        if person:
            client.force_login(person)
        if form is None:
            return client.get(path, follow=True, **more)
        return client.post(path, form, follow=True, **more)

    def create(self, name: str = "site", template: str = "hello", **more: Any) -> Any:
        return self.api(self.alice, "post", "containers/", {"name": name, "template": template, **more})

    def of(self, container: Container, verb: str = "", body: Any = None, *, by: User | None = None, **more: Any) -> Any:
        how = more.pop("method", "post")
        return self.api(by or self.alice, how, f"containers/{container.pk}/{verb}", body, **more)

    def share(self, *emails: str, by: User | None = None, **more: Any) -> Any:
        return self.of(self.box, "access/", {"emails": list(emails) or ["dora@example.com"], **more}, by=by)

    def going(self) -> None:
        admission.remove(self.box, actor=self.alice)


Cause = Callable[[World], Any]


def answer(caused: Callable[[], Any]) -> Answer:
    """What came of it, however it was asked; spaces that keep words together are spaces."""
    found = _answer(caused)
    return replace(found, said=[text.replace("\xa0", " ") for text in found.said])


def _answer(caused: Callable[[], Any]) -> Answer:
    try:
        found = caused()
    except Refused as exc:
        return Answer(exc.status, exc.code, [str(exc)])
    if isinstance(found, str):
        return Answer(0, "", [found])
    assert isinstance(found, HttpResponse), found
    if "problem+json" in found.headers["Content-Type"]:
        body = found.json()
        assert (body["status"], body["title"] != "Error") == (found.status_code, True)
        return Answer(found.status_code, body["code"], [body["detail"], *_fields(body.get("errors"))])
    return Answer(found.status_code, "", _alerts(found.content.decode()))


def _fields(errors: Any) -> Iterator[str]:
    match errors:
        case {"message": str(message)}:
            yield message
        case dict():
            for each in errors.values():
                yield from _fields(each)
        case list():
            for each in errors:
                yield from _fields(each)


_ALERTS = re.compile(
    r'<(?P<tag>p|li|div|section)[^>]*class="(?:wrong|message (?:error|warning|info)[^"]*)"[^>]*>(.*?)</(?P=tag)>',
    re.DOTALL,
)
_ERROR_PAGE = re.compile(r'<section class="card narrow flow">(.*?)</section>', re.DOTALL)


def _alerts(page: str) -> list[str]:
    """The reasons on a page: beside fields, in messages, or all that an error page says."""
    found = [text for _tag, text in _ALERTS.findall(page)]
    found += [text for section in _ERROR_PAGE.findall(page) for text in re.findall("<p>(.*?)</p>", section, re.DOTALL)]
    plain = (html.unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", text, flags=re.DOTALL)) for text in found)
    return [re.sub(r" (?=[.,;:])", "", " ".join(text.split())) for text in plain]
