"""Whoever is not let in any more is out at the edge as well, sessions included; the others hardly notice."""

from typing import Any

import pytest

from cloudflare.models import Publication
from tenants import standing
from tenants.models import Membership, Role, Tenant, User
from tests.cloudflare.conftest import admits
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(tenant: Tenant) -> User:
    user = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=user, role=Role.MEMBER)
    return user


def revocations(cloud: Cloud) -> int:
    return sum("revoke_tokens" in row for row in cloud.writes())


def remove(user: User) -> None:
    user.memberships.get().delete()


def test_a_member_removed_while_signed_in_is_out(create: Any, cloud: Cloud, owner: User, bob: User) -> None:
    host = create().hostname
    converge()
    session = cloud.sign_in(bob.email, host)
    assert admits(cloud, host, session)
    remove(bob)
    assert admits(cloud, host, session), "a policy that shrinks ends no session by itself"
    converge()
    assert not admits(cloud, host, session)
    assert cloud.sign_in(bob.email, host) is None
    assert admits(cloud, host, cloud.sign_in(owner.email, host))
    row = Publication.objects.get()
    assert (row.admitted, row.revoking, revocations(cloud)) == ([owner.email], False, 1)


def test_who_joins_ends_nobodys_session(create: Any, cloud: Cloud, owner: User, stranger: User, tenant: Tenant) -> None:
    host = create().hostname
    converge()
    session = cloud.sign_in(owner.email, host)
    Membership.objects.create(tenant=tenant, user=stranger)
    converge()
    assert admits(cloud, host, session)
    assert admits(cloud, host, cloud.sign_in(stranger.email, host))
    assert revocations(cloud) == 0


def test_a_suspension_ends_all_sessions(create: Any, cloud: Cloud, owner: User, tenant: Tenant) -> None:
    host = create().hostname
    converge()
    session = cloud.sign_in(owner.email, host)
    standing.suspend(tenant, actor=None, reason="Abuse.")
    converge()
    assert not admits(cloud, host, session)
    assert revocations(cloud) == 1


@pytest.mark.parametrize("path", ["/access/apps/", "/revoke_tokens"])
@pytest.mark.parametrize("kind", ["lost", "dropped"])
def test_an_ending_that_fails_half_way_is_carried_out(
    create: Any, cloud: Cloud, bob: User, path: str, kind: str
) -> None:
    host = create().hostname
    converge()
    session = cloud.sign_in(bob.email, host)
    cloud.fault(kind=kind, path=path)
    remove(bob)
    converge()
    assert Publication.objects.get().revoking, "noted, so that whoever comes next knows"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert not admits(cloud, host, session)
    assert not Publication.objects.get().revoking


def test_what_was_written_before_anybody_noted_whom_it_lets_in(create: Any, cloud: Cloud, bob: User) -> None:
    host = create().hostname
    converge()
    session = cloud.sign_in(bob.email, host)
    Publication.objects.update(admitted=None)
    remove(bob)
    converge()
    assert not admits(cloud, host, session)
