"""The groups of a list: the database says of stored facts what the two words of a container say."""

import datetime
import itertools

import pytest
from django.utils import timezone

from containers import conditions, groups, lifecycle
from containers.groups import Group
from containers.models import Condition, Container, ContainerStatus, Desired, EngineState, Template
from tenants.models import Tenant

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - datetime.timedelta(days=1)
FACTS = list(
    itertools.product(
        Desired.values,
        EngineState.values,
        (1, 2),  # observed generation, of 2
        ("", "image_missing"),
        (True, False),  # retrying
        (timezone.now(), LONG_AGO),
        (True, False),  # suspended
        (True, False),  # ready
    )
)


def test_both_say_the_same_of_every_state(tenant: Tenant, template: Template) -> None:
    types = [row.type for row in conditions.blank(Container(), {})]
    made, statuses, held = [], [], []
    for number, (desired, state, observed, code, retrying, since, suspended, ready) in enumerate(FACTS):
        name = f"c{number}"
        unique = {"name": name, "hostname": f"{name}.example.com", "engine_name": name}
        limits = {"port": 80, "memory": 1, "cpu": 1, "storage": 1, "generation": 2}
        wanted = {"desired": desired, "wanted_since": since, "suspended": suspended}
        container = Container(tenant=tenant, template=template, **unique, **limits, **wanted)
        made.append(container)
        seen = {"state": state, "observed_generation": observed, "code": code, "retrying": retrying}
        statuses.append(ContainerStatus(container=container, **seen))
        last = [(ready and type_ == types[-1]) or type_ != types[-1] for type_ in types]
        held += [
            Condition(container=container, type=type_, status=status, observed_generation=2)
            for type_, status in zip(types, last, strict=True)
        ]
    Container.objects.bulk_create(made)
    ContainerStatus.objects.bulk_create(statuses)
    Condition.objects.bulk_create(held)
    rows = groups.grouped(Container.objects.select_related("status").prefetch_related("conditions"))
    found = {(row.name, row.group) for row in rows}  # type: ignore[attr-defined]
    assert found == {(row.name, groups.of(*lifecycle.of(row)).value) for row in rows}
    assert {group for _, group in found} == set(Group.values)
    assert rows.count() == len(FACTS)
