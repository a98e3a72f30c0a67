"""Whoever closes their account and whoever shares at that moment wait for each other, and never in a circle."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from access import sharing
from access.models import Grant
from cloudflare.models import Account, Publication, Tunnel, Zone
from containers.models import Container, Template
from tenants import accounts
from tenants.models import Membership, Tenant, User
from tenants.refusal import Refused

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def boxes(tenant: Tenant, template: Template) -> list[Container]:
    """Published rows alone, the last one first in the order of keys."""
    account = Account.objects.create(name="A", account_id="a", api_token="t")
    zone = Zone.objects.create(account=account, zone_id="z", domain="example")
    tunnel = Tunnel.objects.create(account=account, tenant=tenant)
    made = []
    for key, name in ((2, "later"), (1, "earlier")):
        facts = {"hostname": f"{name}-acme.example", "image": "x", "port": 80, "memory": 1, "cpu": 1, "storage": 1}
        made.append(
            Container.objects.create(pk=UUID(int=key << 120), tenant=tenant, template=template, name=name, **facts)
        )
        Publication.objects.create(container=made[-1], zone=zone, tunnel=tunnel, hostname=made[-1].hostname)
    return made


@contextmanager
def beside() -> Iterator[Any]:
    """`start(act, *given)`: on a connection of its own, until it waits for ours. What it raises is raised here."""
    begun: list[Future[None]] = []

    def run(act: Any, *given: Any) -> None:
        with closing(connection):
            act(*given)

    with ThreadPoolExecutor(1) as threads:

        def start(*what: Any) -> None:
            begun.append(threads.submit(run, *what))
            deadline = time.monotonic() + 10
            while not (waiting() or begun[0].done()):
                assert time.monotonic() < deadline, "it neither ends nor waits"
                time.sleep(0.01)

        yield start
    begun[0].result()


def waiting() -> bool:
    """Whether somebody waits for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])


def test_who_shares_while_their_account_is_closed(boxes: list[Container]) -> None:
    """The container first: nothing that comes after it is held by who waits for it, nor the row of the person."""
    gina = User.objects.create_user("gina@example.com", "secret")
    Membership.objects.create(tenant=boxes[0].tenant, user=gina)
    facts = {"container": boxes[0], "permission": "manage"}
    own = Grant.objects.create(email=gina.email, granter="alice@example.com", **facts)
    with beside() as start, transaction.atomic():
        sharing.lock(boxes[0])
        start(accounts._closed, gina, gina.password, Refused("password_wrong", "Another was set since."))
        list(Publication.objects.select_for_update(nowait=True))
        Grant.objects.create(email="hugo@example.com", granter=gina.email, granted_by=gina, via=own, **facts)
        connection.check_constraints()  # now, as at the end of the transaction
    assert not Grant.objects.open().exists(), "what she gave last ended with what she had"


def test_publications_are_rung_in_the_order_of_containers(boxes: list[Container]) -> None:
    gina = User.objects.create_user("gina@example.com", "secret")
    membership = Membership.objects.create(tenant=boxes[0].tenant, user=gina)
    later, earlier = (Publication.objects.get(container=box) for box in boxes)
    with beside() as start, transaction.atomic():
        Publication.objects.select_for_update().get(pk=earlier.pk)
        start(membership.delete)
        Publication.objects.select_for_update(nowait=True).get(pk=later.pk)
    assert set(Publication.objects.values_list("rings", flat=True)) == {2}
