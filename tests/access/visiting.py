"""Visits as rows alone, and those who read them."""

import csv
import datetime
import io
from typing import Any

from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from access.models import Grant, Visit
from containers.models import Container, ContainerStatus, Template
from tenants.models import Tenant, User

NOW = timezone.now()
DAY, MINUTE = datetime.timedelta(days=1), datetime.timedelta(minutes=1)


def made(tenant: Tenant, template: Template, name: str) -> Container:
    limits = {"memory": 2**26, "cpu": 100, "storage": 2**30}
    facts = {"hostname": f"{name}-acme.example", "image": template.image, "port": 8080, **limits}
    row = Container.objects.create(tenant=tenant, template=template, name=name, **facts)
    ContainerStatus.objects.create(container=row)
    return row


def came(box: Container, minutes: int = 0, email: str = "gina@example.com", **more: Any) -> Visit:
    at = more.pop("at", NOW - minutes * MINUTE)
    facts = {"allowed": True, "hostname": box.hostname, "ip": "192.0.2.7", "ray_id": f"ray{minutes}", **more}
    return Visit.objects.create(container=box, email=email, at=at, **facts)


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def url(box: Container, more: str = "") -> str:
    return f"/api/v1/containers/{box.pk}/visits/{more}"


def given(box: Container, email: str, permission: str) -> Grant:
    return Grant.objects.create(container=box, email=email, permission=permission, granter="alice@example.com")


def csv_rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def fill(box: Container, count: int) -> None:
    connection.cursor().execute(
        """
        INSERT INTO access_visit (id, container_id, email, allowed, action, at, ray_id, hostname, connection)
        SELECT md5(n::text)::uuid, %s, 'gina' || n || '@example.com', n %% 2 = 0, 'login',
            now() - (n / 3) * interval '1 second', md5('r' || n), 'box-acme.example', 'onetimepin'
        FROM generate_series(1, %s) AS n
        """,
        [box.pk, count],
    )
