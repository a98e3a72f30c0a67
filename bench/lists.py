"""A page of 25 out of 2,000 containers: requests a second, beside a plain ModelSerializer view of the same rows.

Both are asked through the whole WSGI application, with a token, one after the other in turn; no socket is between, for
its cost is the same for both and would make them look more alike than they are.
"""

import io
import json
import statistics
import time

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from containers import conditions
from containers.models import Condition, Container, ContainerStatus, EngineState, Template
from tenants.models import ApiToken, Membership, Plan, Role, Tenant, User

ROWS = 2000
PAGE = 25
ROUNDS = 15
REQUESTS = 40
OURS, PLAIN = "/api/v1/containers/", "/api/v1/plain/"
LEAST = 2.5
MOST_QUERIES = 4


def _rows(tenant: Tenant, template: Template) -> None:
    made = Container.objects.bulk_create(
        Container(
            tenant=tenant,
            template=template,
            name=f"c{number}",
            hostname=f"c{number}-{tenant.slug}.containers.localhost",
            engine_name=f"bench-lists-{number}",
            image=template.image,
            port=80,
            memory=2**27,
            cpu=250,
            storage=2**30,
        )
        for number in range(ROWS)
    )
    kept = {"observed_generation": 1, "state": EngineState.RUNNING, "next_check_at": None}
    ContainerStatus.objects.bulk_create(ContainerStatus(container=row, **kept) for row in made)
    found = [blank for row in made for blank in conditions.blank(row, {})]
    for condition in found:
        condition.status, condition.reason, condition.observed_generation = True, "Running", 1
        condition.changed_at = condition.met_at = timezone.now()
    Condition.objects.bulk_create(found)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


class _Program:
    """The application as a WSGI server calls it."""

    def __init__(self, token: str) -> None:
        self.application = get_wsgi_application()
        self.token = token

    def get(self, path: str) -> bytes:
        heard: list[str] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": f"per_page={PAGE}",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
        }
        answer = self.application(environ, lambda status, headers: heard.append(status))
        body = b"".join(answer)
        answer.close()
        assert heard == ["200 OK"], (heard, body)
        return body

    def rate(self, path: str) -> float:
        began = time.perf_counter()
        for _ in range(REQUESTS):
            self.get(path)
        return REQUESTS / (time.perf_counter() - began)


def _program() -> _Program:
    owner = User.objects.create_user("lists@example.com", "secret")
    plan = Plan.objects.get(code="enterprise")
    tenant = Tenant.objects.create(slug="lists", name="Lists", plan=plan)
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    template, _ = Template.objects.get_or_create(slug="echo", defaults={"name": "Echo", "image": "warren/echo:latest"})
    _rows(tenant, template)
    _, token = ApiToken.objects.create(user=owner)
    return _Program(token)


def run() -> int:
    """Prints the table; returns how many figures were missed."""
    settings.ROOT_URLCONF = "bench.peer"
    program = _program()
    ours, plain = (json.loads(program.get(path)) for path in (OURS, PLAIN))
    assert ours["count"] == ROWS
    assert ours["results"] == plain["results"], "not the same answer"
    with CaptureQueriesContext(connection) as queries:
        program.get(OURS)
    count = len(queries)  # before the next request forgets them
    rates: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        pair = [PLAIN, OURS] if number % 2 else [OURS, PLAIN]
        found = {path: program.rate(path) for path in pair}
        rates.append((found[PLAIN], found[OURS]))
    print(f"\nA list of {PAGE} out of {ROWS} containers, {connection.vendor}; requests a second, medians")
    for name, values in (("plain ModelSerializer", [rate for rate, _ in rates]), ("ours", [rate for _, rate in rates])):
        quarters = statistics.quantiles(values, n=4)
        print(f"{name:<34}{statistics.median(values):>8.0f} /s  [{quarters[0]:.0f} … {quarters[2]:.0f}]")
    ratio = statistics.median(mine / theirs for theirs, mine in rates)
    return _line(f"{ratio:.2f} ×", ratio >= LEAST, f"at least {LEAST:.2f} ×") + _line(
        f"queries: {count}, the token's own included", count <= MOST_QUERIES, f"at most {MOST_QUERIES}"
    )


def _line(text: str, met: bool, wanted: str) -> int:
    print(f"{text}   {wanted}   {'ok' if met else 'MISSED'}")
    return not met
