"""The whole API against its own description: no fault, no answer that the schema does not have, no half-refused call.

Whatever is in the schema is tried, so a new endpoint needs nothing here. Each call is undone before the next one.
"""

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug import Client

from access import sharing
from cloudflare.models import Zone
from config.openapi.views import document
from config.wsgi import application
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants import authentication
from tenants.models import ApiToken, Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CASES = 256  # of a person, over all operations; the run is bounded by it
# What tells that the owner's calls get through to the work itself.
REACHED = {
    "POST /api/v1/containers/": 202,
    "GET /api/v1/containers/": 200,
    "GET /api/v1/containers/{id}/": 200,
    "DELETE /api/v1/containers/{id}/": 202,
    "GET /api/v1/containers/{id}/status/": 200,
    "GET /api/v1/containers/{id}/metrics/": 200,
    "GET /api/v1/containers/{id}/access/": 200,
    "POST /api/v1/containers/{id}/access/": 201,
    "PATCH /api/v1/containers/{id}/access/{grant}/": 200,
    "DELETE /api/v1/containers/{id}/access/{grant}/": 202,
    "GET /api/v1/shared/": 200,
}


@schemathesis.serializer("application/gzip")
def _as_it_is(context: Any, value: Any) -> bytes:
    """A file is sent as it is; what a case makes up in its place as text."""
    return value if isinstance(value, bytes) else str(value).encode()


FORGOTTEN = ("tenants_auditevent", "django_session", "axes_")  # a refusal may leave something there


@pytest.fixture
def container(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made


def _digest() -> dict[str, str]:
    """Of every table."""
    tables = [name for name in connection.introspection.table_names() if not name.startswith(FORGOTTEN)]
    rows = (f"SELECT '{name}', md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"{name}\" t" for name in tables)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(rows))
        return dict(cursor.fetchall())


class Caller:
    """Somebody who tries operations, and what was wrong with the answers."""

    def __init__(self, headers: dict[str, str], known: dict[str, Any]) -> None:
        self.headers, self.known = headers, known
        self.before: dict[str, str] = {}
        self.heard: dict[str, set[int]] = {}
        self.wrong: list[str] = []

    def try_out(self, operation: APIOperation, cases: int) -> None:
        """The example of the schema on what there is, then generated cases, valid and not, there and elsewhere."""
        names = [parameter.name for parameter in operation.path_parameters]
        there = {name: self.known.get(name, "1") for name in names}
        Client(application).get("/api/v1/templates/", headers=self.headers)  # that a token is in use may be noted
        self.before = _digest()
        self.call(_example(operation, there))
        for mode in GenerationMode:
            for known in (there, None):
                strategy = operation.as_strategy(generation_mode=mode, path_parameters=known)
                _generate(strategy, self.call, max(1, cases // 4))

    def call(self, case: Case) -> None:
        label = case.operation.label
        with transaction.atomic():
            answer = case.call(headers=self.headers)
            self.heard.setdefault(label, set()).add(answer.status_code)
            if 400 <= answer.status_code < 500 and (now := _digest()) != self.before:
                changed = [name for name in now if now[name] != self.before[name]]
                self.wrong.append(f"{label}: {answer.status_code}, and changed {changed}: {answer.content!r}")
            transaction.set_rollback(True)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            self.wrong.append(f"{label}: {failures}")


def _example(operation: APIOperation, there: dict[str, Any]) -> Case:
    described: dict[str, Any] = document()["paths"][operation.path][operation.method]
    for kind, media in described.get("requestBody", {}).get("content", {}).items():
        several: list[Any] = [example["value"] for example in media.get("examples", {}).values()]
        return operation.Case(path_parameters=there, body=[*several, media.get("example")][0], media_type=kind)
    return operation.Case(path_parameters=there)


def _generate(strategy: Any, call: Callable[[Case], None], cases: int) -> None:
    @settings(
        max_examples=cases,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def tried(case: Case) -> None:
        call(case)

    tried()


@pytest.fixture
def schema(db: None) -> Iterator[BaseSchema]:
    """Served by the application itself, which must not put away the connection that the test's transaction is on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("person", ["anonymous", "owner"])
def test_every_operation_keeps_to_the_schema(
    person: str, schema: BaseSchema, container: Container, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "NOTED", datetime.timedelta(days=1))  # or it may be, between two calls
    row, token = ApiToken.objects.create(user=owner)
    (grant,) = sharing.share(container, actor=owner, emails=["gina@example.com"], permission="view")
    known = {"id": str(container.pk), "slug": "hello", "tenant": "acme", "key": row.token_key, "grant": str(grant.pk)}
    headers = {"Authorization": f"Bearer {token}"} if person == "owner" else {}
    caller = Caller(headers, known)
    found = [result.ok() for result in schema.get_all_operations()]
    for operation in found:
        caller.try_out(operation, CASES // len(found))
    assert not caller.wrong, "\n\n".join(caller.wrong[:10])
    if person == "owner":
        for label, status in REACHED.items():
            assert status in caller.heard[label], (label, caller.heard[label])
    else:
        closed = {operation.label for operation in found if {} not in operation.definition.raw["security"]}
        assert {label for label in closed if min(caller.heard[label]) < 300} == set()
