"""Refusals of how something was asked, by the API or by a page's address, whatever it was."""

import secrets
from typing import Any

from django.test import override_settings
from rest_framework.test import APIClient

from tenants import idempotency
from tests.errors.world import NOBODY, Cause, World

KEY = "HTTP_IDEMPOTENCY_KEY"


def _keyed(w: World, key: str, name: str) -> Any:
    return w.api(w.alice, "post", "containers/", {"name": name, "template": "hello"}, **{KEY: key})


def _reused(w: World) -> Any:
    _keyed(w, "one", "site")
    return _keyed(w, "one", "other")


def _in_flight(w: World) -> Any:
    for _ in range(2):
        found = idempotency.claim(w.alice, "containers", "one", idempotency.digest("the same"))
    return found


def _throttled(w: World) -> Any:
    client = APIClient(REMOTE_ADDR=f"192.0.2.{secrets.randbelow(200)}")
    client.force_authenticate(w.charlie)
    with override_settings(API_RATE=f"1/{3000 + secrets.randbelow(500)}"):
        client.get("/api/v1/me/")
        return client.get("/api/v1/me/")


def _metrics(w: World, **query: str) -> Any:
    return w.of(w.box, "metrics/", query, method="get", format=None)


CAUSES: dict[str, Cause] = {
    "Leaves out a field": lambda w: w.api(w.alice, "post", "containers/", {"name": "site"}),
    "Sends what is no JSON": lambda w: w.api(
        w.alice, "post", "containers/", "{", format=None, content_type="application/json"
    ),
    "Sends another kind of body": lambda w: w.api(
        w.alice, "post", "containers/", "name=site", format=None, content_type="text/plain"
    ),
    "Sends more than is taken at a time": lambda w: w.api(
        w.alice, "post", "containers/", {"name": "x" * 3 * 2**20, "template": "hello"}
    ),
    "Accepts no JSON": lambda w: w.api(w.alice, "get", "containers/", format=None, HTTP_ACCEPT="image/png"),
    "Uses a method that is not there": lambda w: w.api(w.alice, "put", "containers/", {}),
    "Asks for what is not there, by the API": lambda w: w.api(w.alice, "get", f"containers/{NOBODY}/", format=None),
    "Asks for an address that is not there, by the API": lambda w: w.api(w.alice, "get", "nowhere/", format=None),
    "Asks for a page of a list that is not there": lambda w: w.api(
        w.alice, "get", "containers/", {"page": "99"}, format=None
    ),
    "Makes up a cursor": lambda w: w.api(w.alice, "get", "audit/", {"cursor": "rubbish"}, format=None),
    "Filters by what there is not": lambda w: w.api(w.alice, "get", "containers/", {"colour": "red"}, format=None),
    "Asks too often": _throttled,
    "Sends a key that is none": lambda w: _keyed(w, "x" * 300, "site"),
    "Sends a key for another request": _reused,
    "Sends a key whose first request is still at work": _in_flight,
    "Asks for metrics of no possible time": lambda w: _metrics(w, range="1h", to="2026-01-01T00:00:00Z"),
    "Asks for metrics that end before they begin": lambda w: _metrics(
        w, **{"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    ),
    "Asks for too many points": lambda w: _metrics(w, range="30d", resolution="10"),
    "Opens an address that is mistyped": lambda w: w.page(w.alice, "/nowhere/"),
    "Opens a container that was deleted, or is not theirs": lambda w: w.page(w.charlie, f"/containers/{w.box.pk}/"),
    "Opens a tenant that is not theirs": lambda w: w.page(w.charlie, "/tenants/acme/"),
    "Opens the address of a button": lambda w: w.page(w.alice, "/switch/"),
    "Opens the page that creates, without a tenant": lambda w: w.page(w.charlie, "/containers/new/"),
}
