"""Many decide at once while Cloudflare fails: the policy is what was decided last, and nobody is in who is out."""

import contextlib
import datetime
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from access import sharing
from access.models import Grant
from cloudflare.models import Publication
from containers import loop
from containers.models import Container
from tenants.models import User
from tests.conftest import converge
from tests.parts import Cloud

THREADS, DECISIONS = 8, 104
FAULTS = (
    {"kind": "latency", "ms": 30, "path": "/access/"},
    {"kind": "status", "status": 503, "method": "PUT", "path": "/access/apps/", "skip": 2, "times": 1},
    # Three in a row are the first try and all that follow: nobody knows then what was done.
    {"kind": "lost", "method": "PUT", "path": "/access/apps/", "skip": 4, "times": 3},
    {"kind": "lost", "method": "PUT", "path": "/access/apps/", "skip": 12, "times": 3},
    {"kind": "dropped", "method": "PUT", "path": "/access/apps/", "skip": 20, "times": 3},
    {"kind": "lost", "path": "/revoke_tokens", "times": 2},
    {"kind": "status", "status": 500, "path": "/revoke_user", "times": 3},
)


@contextlib.contextmanager
def passing() -> Iterator[None]:
    """Workers that pass over whatever is due, as long as the block runs; what failed is not left to wait."""
    done = threading.Event()

    def work() -> None:
        with contextlib.closing(connection):
            while not done.is_set():
                for controller in loop.controllers():
                    for pk in controller.due():
                        loop.run(controller.name, pk)
                Publication.objects.filter(failures__gt=0).ring()
                time.sleep(0.02)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        done.set()
        for worker in workers:
            worker.join()


def decide(container: Container, owner: User, seed: int) -> None:
    """A thread's part: shares and revocations of the same few addresses, in an order of its own."""
    chance = random.Random(seed)
    with contextlib.closing(connection):
        for _ in range(DECISIONS // THREADS):
            email = f"p{chance.randrange(10)}@example.com"
            grant = Grant.objects.open().filter(email=email).select_related("container__tenant").first()
            if grant is None or chance.random() < 0.3:
                sharing.share(container, actor=owner, emails=[email], permission="view")
            else:
                sharing.revoke(grant, actor=owner)
            time.sleep(chance.random() * 0.5)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_policy_is_what_was_decided_and_nobody_is_in_who_is_out(
    container: Container, owner: User, cloud: Cloud, settings: Any
) -> None:
    settings.LEASE_SECONDS = 30.0
    seed = random.randrange(10**6)
    for fault in FAULTS:
        cloud.fault(**fault)
    with passing(), ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: decide(container, owner, seed + number), range(THREADS)))
    cloud.heal()
    for controller in loop.controllers():
        controller.model.objects.exclude(code="").retry()
    converge()

    live = set(Grant.objects.live().values_list("email", flat=True))
    app = cloud.state()["apps"][Publication.objects.get().app_id]
    policy = {rule["email"]["email"] for rule in app["policies"][0]["fields"]["include"]}
    assert policy == live | {owner.email}, seed
    states = {grant.state for grant in Grant.objects.all()}
    assert states <= {"active", "revoked"}, (seed, states)

    written = [row for row in cloud.control("GET", "admissions") if row["app"] == app["id"]]
    assert len(written) > 10, "or the passes did not run beside the decisions"
    grants = list(Grant.objects.all())
    for row in written:
        moment = datetime.datetime.fromtimestamp(row["at"], datetime.UTC)
        assert set(row["emails"]) <= not_out(grants, moment) | {owner.email}, (seed, row)
    for grant in grants:
        if grant.out_at:
            held = [row for row in written if row["at"] <= grant.out_at.timestamp()][-1]
            assert grant.email not in set(held["emails"]) - not_out(grants, grant.out_at), (seed, grant, held)


def not_out(grants: list[Grant], moment: datetime.datetime) -> set[str]:
    """The addresses of which Warren did not say, at that moment, that they are out."""
    return {
        grant.email for grant in grants if grant.created_at <= moment and (not grant.out_at or grant.out_at > moment)
    }
