"""Who asks, what can be asked for, and how an answer counts: for the table of permissions."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLResolver, get_resolver, reverse

from containers.models import Container
from tenants.models import Invitation, Membership, Role, User

GUESTS = {"viewer": "view", "operator": "operate", "inmate": "shell", "manager": "manage"}
ROLES = ("anonymous", "stranger", "other", "member", "owner", "suspended", "staff", "superuser", *GUESTS)
FORMER = ("expired", "revoked")  # guests, once; strangers now
STRONGEST = ("anonymous", "owner", "superuser", "manager")  # of those outside, in a tenant, on the staff, and of guests
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def routes(patterns: Any = None, space: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every route there is: its full name (its pattern, if it has none), and the names of its parameters."""
    for found in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(found, URLResolver):
            yield from routes(found.url_patterns, f"{found.namespace}:" if found.namespace else space)
        else:
            if space == "admin:" and not found.name and "object_id" in str(found.pattern):
                continue  # Django's redirect from an object to its change page
            converters = getattr(found.pattern, "converters", None) or found.pattern.regex.groupindex
            yield f"{space}{found.name or found.pattern}", list(converters)


def address(name: str, parameters: list[str], container: Container, owner: User, asker: User | None = None) -> str:
    """The route's URL, about the owner's container where it is about one; of what is shared, about the asker's."""
    known = {"pk": container.pk, "verb": "restart", "slug": container.template.slug, "key": "unknown", "url": "nowhere"}
    known |= {"tenant": container.tenant.slug, "token": "unknown"}
    known |= {"member": Membership.objects.get(tenant=container.tenant, role=Role.MEMBER).pk}
    known |= {"invitation": getattr(Invitation.objects.filter(tenant=container.tenant).first(), "pk", 1)}
    known |= {"app_label": "containers", "id": owner.pk, "content_type_id": 1, "object_id": _row(name)}
    if "archive" in parameters:
        known["archive"] = container.archives.get(kind="import" if "import" in name else "export").pk
    if "grant" in parameters:
        mine = container.grants.filter(email=asker.email) if asker and "shared" in name else container.grants.none()
        known["grant"] = (mine.first() or container.grants.get(email="dora@example.com")).pk
    if name == "admin:(?P<url>.*)$":
        return "/admin/nowhere/"
    return reverse(name, kwargs={parameter: known[parameter] for parameter in parameters})


def _row(name: str) -> Any:
    """The key of a row of the admin page's model."""
    for model in admin.site._registry:
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            row = model._default_manager.first()
            return row.pk if row else 1
    return 1


def session(person: User | None) -> str:
    """Signed in once: to sign in anew for each question would take as long as all the rest."""
    client = Client()
    if person is None:
        return ""
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


_handler = ClientHandler(enforce_csrf_checks=False)  # one for all: each would build the whole chain of middleware anew


def ask(session: str, method: str, url: str) -> str:
    """One word for what came of it, and nothing of it stays."""
    client = Client(raise_request_exception=False)
    client.handler = _handler
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    with transaction.atomic():
        answer = client.generic(method, url, b"{}" if "/api/" in url else b"", content_type="application/json")
        transaction.set_rollback(True)
    return word(answer)


def word(answer: HttpResponse) -> str:
    """`in` includes what was let in and then found wanting: an empty form is no question of permission."""
    where = answer.headers.get("Location", "")
    if answer.status_code == 401 or where.startswith(("/sign-in/", "/admin/login/")):
        return "sign-in"
    words = {403: "refused", 404: "hidden", 405: "-"}
    return words.get(answer.status_code, "in" if answer.status_code < 500 else "BROKEN")
