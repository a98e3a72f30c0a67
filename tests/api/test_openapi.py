"""The description of the API, the page that is made of it, and whom other sites' pages may call it for."""

import ast
import json
from html import escape
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse

from config.openapi.codes import CODES
from config.openapi.complete import operations
from config.openapi.views import document
from tenants.models import Tenant, User
from tests.test_shape import APPS, ROOT

pytestmark = pytest.mark.django_db


# For people who can't sign in yet, or not any more: these look at no token.
OPEN = {f"/api/v1/{name}/" for name in ("sign-up", "sign-up/confirm", "password-reset", "password-reset/confirm")}
# What is accepted there can be looked at nowhere.
UNSEEN = {f"/api/v1/{name}/" for name in ("sign-up", "password-reset", "tenants/{tenant}")}


def test_every_operation_is_described() -> None:
    for path, method, operation in operations(document()):
        label = f"{method} {path}"
        assert operation["summary"], label
        assert "_" not in operation["summary"], label
        names = {name for scheme in operation["security"] for name in scheme}
        assert names <= {"bearer", "cookieAuth"}, label
        assert "bearer" in names or path in OPEN, label
        assert {"400", "401", "403", "429", "default"} <= set(operation["responses"]), label
        for status, answer in operation["responses"].items():
            if "$ref" not in answer:
                assert {"X-Request-ID", "RateLimit", "RateLimit-Policy"} <= set(answer["headers"]), label
                assert ("Location" in answer["headers"]) == (status == "202" and path not in UNSEEN), label
                assert ("`Location`" in answer["description"]) == ("Location" in answer["headers"]), label
                assert answer["description"], label


def test_a_delete_that_takes_a_body_says_so() -> None:
    asked = {
        path: operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path, method, operation in operations(document())
        if method == "delete" and "requestBody" in operation
    }
    assert asked == {"/api/v1/me/": "ClosingRequest", "/api/v1/tenants/{tenant}/": "DeletionRequest"}


def _bodies() -> Any:
    for path, method, operation in operations(document()):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media in body.get("content", {}).values():
                yield f"{method} {path}", media


def test_examples_are_examples() -> None:
    whole = document()
    for label, media in _bodies():
        given = [example["value"] for example in media.get("examples", {}).values()] or [media["example"]]
        for value in given:
            schema = {**media["schema"], "components": whole["components"]}
            jsonschema.Draft202012Validator(schema).validate(value), label


def test_every_code_is_listed() -> None:
    """Whatever a `Refused` says in the sources stands in the schema."""
    listed = {code for codes in CODES.values() for code in codes}
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused" and node.args:
                    code = node.args[0]
                    assert not isinstance(code, ast.Constant) or code.value in listed, (path, code.value)


def test_the_document_is_served_to_everybody() -> None:
    answer = Client().get("/api/schema/")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    assert answer.json() == json.loads(json.dumps(document()))


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere() -> None:
    page = Client().get(reverse("api-docs")).text
    for path, _, operation in operations(document()):
        assert f'id="{operation["operationId"]}"' in page
        assert path in page
        assert escape(operation["summary"]) in page
    assert "curl -X POST http://testserver/api/v1/containers/" in page
    assert "Idempotency-Key" in page
    for word in ("https://cdn", "<script>", "style=", "onclick"):
        assert word not in page
    assert page.count("<script") == 3, "those of every page"


@pytest.fixture
def elsewhere(settings) -> str:
    settings.CORS_ALLOWED_ORIGINS = ["https://front.example"]
    return "https://front.example"


def test_another_sites_page_may_call_where_it_is_allowed(elsewhere: str, owner: User, tenant: Tenant) -> None:
    asked = {"HTTP_ORIGIN": elsewhere, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    asked["HTTP_ACCESS_CONTROL_REQUEST_HEADERS"] = "authorization,idempotency-key"
    first = Client().options("/api/v1/containers/", **asked)
    assert first["Access-Control-Allow-Origin"] == elsewhere
    allowed = first["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "idempotency-key", "if-match"} <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in first.headers
    answer = Client().get("/api/v1/containers/", HTTP_ORIGIN=elsewhere)
    exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
    assert {"Location", "ETag", "RateLimit", "Retry-After", "X-Request-ID", "Idempotency-Replayed"} <= exposed
    assert "Access-Control-Allow-Origin" not in Client().get("/sign-in/", HTTP_ORIGIN=elsewhere).headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://front.example.evil.example"])
def test_nobody_else_may(elsewhere: str, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in Client().get("/api/v1/containers/", HTTP_ORIGIN=origin).headers


def test_by_default_no_other_site_may(settings) -> None:
    assert settings.CORS_ALLOWED_ORIGINS == []
    answer = Client().get("/api/v1/containers/", HTTP_ORIGIN="https://front.example")
    assert "Access-Control-Allow-Origin" not in answer.headers
