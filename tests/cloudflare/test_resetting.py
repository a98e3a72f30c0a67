"""Whoever loses access loses what is still open as well: at once, once more later, and whatever happens in between."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from cloudflare.client.resources import Apps
from cloudflare.models import Connector, Publication
from containers import changes
from containers.engine.memory import MemoryEngine
from containers.models import Container
from tenants.models import Membership, Role, Tenant, User
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As a process that ends: nothing catches it, and nothing is written down any more."""


@pytest.fixture
def bob(tenant: Tenant) -> User:
    user = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=user, role=Role.MEMBER)
    return user


@pytest.fixture
def box(create: Any, bob: User) -> Container:
    made: Container = create()
    converge()
    return made


@pytest.fixture
def visitors(box: Container, memory: MemoryEngine) -> "Visitors":
    return Visitors(memory, box)


class Visitors:
    """Two of them keep a connection open to the box, and three to another container of the tenant."""

    def __init__(self, memory: MemoryEngine, box: Container) -> None:
        self.memory = memory
        connector = Connector.objects.get().engine_name
        self.here, self.elsewhere = (connector, box.engine_name), (connector, "another")
        self.come()

    def come(self) -> None:
        self.memory.connections = {self.here: 2, self.elsewhere: 3}

    def left(self) -> int:
        assert self.memory.connections[self.elsewhere] == 3, "nobody lost anything there"
        return self.memory.connections.get(self.here, 0)


def publication() -> Publication:
    return Publication.objects.get()


def ended(cloud: Cloud) -> list[str]:
    """What was done at Cloudflare to end something, in order."""
    return [row.rpartition("/")[2] for row in cloud.writes() if "revoke_tokens" in row or "/connections" in row]


def take_over() -> None:
    """As time does: the lease of whoever was killed runs out."""
    Publication.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))


def remove(user: User) -> None:
    user.memberships.get().delete()


def test_once_where_the_edge_forgets_at_once(visitors: Visitors, bob: User, cloud: Cloud) -> None:
    remove(bob)
    converge()
    assert visitors.left() == 0
    row = publication()
    assert (row.revoking, row.reset_until, row.reset_message) == (False, None, "")
    assert row.reset_at
    assert ended(cloud) == ["revoke_tokens"]


def test_who_joins_or_is_the_owners_wish_resets_nothing(
    visitors: Visitors, box: Container, owner: User, bob: User, stranger: User, tenant: Tenant, cloud: Cloud
) -> None:
    Membership.objects.create(tenant=tenant, user=stranger)
    converge()
    assert visitors.left() == 2
    changes.change(box, actor=owner, resets_connections=False)
    remove(bob)
    converge()
    assert visitors.left() == 2
    assert ended(cloud) == ["revoke_tokens"], "sessions end all the same"
    assert (publication().reset_until, publication().reset_at) == (None, None)


def test_once_more_when_no_ended_session_is_taken_any_more(
    visitors: Visitors, bob: User, stranger: User, tenant: Tenant, settings: Any
) -> None:
    settings.REVOCATION_SECONDS = 30
    remove(bob)
    converge()
    assert visitors.left() == 0
    row = publication()
    assert row.reset_until
    assert 25 < (row.reset_until - timezone.now()).total_seconds() <= 30
    assert row.next_check_at == pytest.approx(row.reset_until, abs=datetime.timedelta(seconds=1))
    visitors.come()
    Membership.objects.create(tenant=tenant, user=stranger)  # rings
    converge()
    assert visitors.left() == 2, "not before its time, or everybody would reconnect at every ring"
    past = timezone.now() - datetime.timedelta(seconds=1)
    Publication.objects.update(reset_until=past, next_check_at=past)
    converge()
    assert visitors.left() == 0
    assert publication().reset_until is None


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("call", ["revoke_tokens", "reset_connections"])
def test_killed_at_any_point_the_next_pass_resets(
    visitors: Visitors,
    bob: User,
    memory: MemoryEngine,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    where: str,
) -> None:
    owner: Any = Apps if call == "revoke_tokens" else MemoryEngine
    original = getattr(owner, call)

    def deadly(*args: Any) -> Any:
        if where == "after":
            original(*args)
        raise Killed

    remove(bob)
    with monkeypatch.context() as patch:
        patch.setattr(owner, call, deadly)
        with pytest.raises(Killed):
            converge()
    assert publication().reset_until, "noted, so that whoever comes next knows"
    visitors.come()
    take_over()
    converge()
    assert visitors.left() == 0
    assert publication().reset_until is None


def test_an_engine_that_is_away_is_asked_again(
    visitors: Visitors, bob: User, memory: MemoryEngine, cloud: Cloud
) -> None:
    memory.away = True
    remove(bob)
    converge()
    row = publication()
    assert (row.code, row.revoking, row.retrying) == ("engine_away", False, True)
    assert row.reset_until
    memory.away = False
    Publication.objects.all().retry()
    converge()
    assert visitors.left() == 0
    assert publication().reset_until is None
    assert ended(cloud) == ["revoke_tokens"], "sessions are not ended a second time"


def test_what_the_kernel_does_not_end_the_tunnel_does(
    visitors: Visitors, bob: User, memory: MemoryEngine, cloud: Cloud
) -> None:
    memory.resets = False
    cloud.fault(kind="lost", path="/connections", method="DELETE")
    remove(bob)
    converge()
    assert publication().reset_until
    assert publication().code == "cloudflare_unreachable"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert ended(cloud)[-1] == "connections"
    row = publication()
    assert (row.reset_until, row.reset_message) == (None, "Connections stayed open.")


def test_a_container_that_does_not_run_has_none(
    visitors: Visitors, bob: User, memory: MemoryEngine, cloud: Cloud
) -> None:
    memory.resets = False
    memory.stop(visitors.here[1], 0)
    remove(bob)
    converge()
    assert ended(cloud) == ["revoke_tokens"]
    assert publication().reset_until is None


def test_a_hostname_that_is_given_up_meanwhile_does_not_forget(
    visitors: Visitors, bob: User, memory: MemoryEngine, settings: Any
) -> None:
    settings.REVOCATION_SECONDS = 30
    remove(bob)
    converge()
    visitors.come()
    Publication.objects.all().ring(leaves_at=timezone.now())
    converge()
    assert visitors.left() == 0
    row = publication()
    assert row.gone_at
    assert row.reset_until is None
