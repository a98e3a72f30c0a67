"""Every route, every method, everybody: as the table says."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from access import sharing
from access.models import Grant, Visit
from cloudflare.models import Seat, SigningKey, StaffProvider, VisitCursor, Zone
from cloudflare.reconcile import sign_out
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from monitoring.models import Incident, Sample, Terminal
from tenants import standing
from tenants.models import ApiToken, Invitation, Mail, MailKind, Membership, Role, Tenant, User
from tests.conftest import converge, make_tenant
from tests.permissions.cast import FORMER, GUESTS, METHODS, ROLES, STRONGEST, address, ask, routes, session
from tests.permissions.table import ADMIN, ADMIN_FOR_EVERYBODY, MODELS, ROUTES

pytestmark = pytest.mark.django_db

Answers = Callable[[str, list[str], str, tuple[str, ...]], list[str]]


def _archives(container: Container) -> None:
    """A restore that is done, and a download that is not."""
    for kind, finished in (("import", timezone.now()), ("export", None)):
        container.archives.create(kind=kind, finished_at=finished, expires_at=timezone.now() + timedelta(hours=1))


def _guests(container: Container, owner: User) -> dict[str, User | None]:
    """One for each permission; one whose time is over, though nobody has noted that yet; one who was thrown out."""
    people: dict[str, User | None] = {}
    for role, permission in (GUESTS | dict.fromkeys(FORMER, "manage")).items():
        guest = people[role] = User.objects.create_user(f"{role}@example.com", "secret")
        (grant,) = sharing.share(container, actor=owner, emails=[guest.email], permission=permission)
        if role == "expired":
            Grant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
        if role == "revoked":
            sharing.revoke(grant, actor=owner)
    sharing.share(container, actor=owner, emails=["dora@example.com"], permission="view")
    return people


@pytest.fixture
def answers(
    owner: User, stranger: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone
) -> Iterator[Answers]:
    """What each of the roles hears, by route and method."""
    container: Container = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    people = _guests(container, owner)
    converge()
    _archives(container)
    Group.objects.create(name="support")
    numbers = dict.fromkeys(("memory_used", "memory_limit", "network_rx", "network_tx"), 1)
    Sample.objects.create(container=container, sampled_at=container.created_at, **numbers)
    Incident.objects.create(container=container, at=container.created_at, kind="died", exit_code=1)
    Terminal.objects.create(container=container, user=owner, who=owner.email)
    Visit.objects.create(container=container, at=container.created_at, allowed=True)
    VisitCursor.objects.create(account=zone.account, next_check_at=None)
    Seat.objects.create(account=zone.account, email="dora@example.com", user_id="u", seat_uid="s")

    def person(name: str, **more: bool) -> User:
        return User.objects.create_user(f"{name}@example.com", "secret", **more)

    people |= {
        "anonymous": None,
        "stranger": stranger,
        "other": person("other"),
        "member": person("member"),
        "owner": owner,
        "suspended": person("suspended"),
        "staff": person("staff", is_staff=True),
        "superuser": person("root", is_staff=True, is_superuser=True),
    }
    assert people["other"]
    assert people["member"]
    assert people["suspended"]
    make_tenant("globex", people["other"])
    halted = make_tenant("initech", people["suspended"])
    theirs = admission.create(actor=people["suspended"], tenant=halted, template=template, name="box")
    sharing.share(theirs, actor=people["suspended"], emails=["dora@example.com"], permission="view")
    _archives(theirs)
    standing.suspend(halted, actor=None, reason="The invoice is overdue.")
    converge()
    Membership.objects.create(tenant=tenant, user=people["member"], role=Role.MEMBER)
    Membership.objects.create(tenant=halted, user=person("idle"), role=Role.MEMBER)
    for inviting in (tenant, halted):
        Invitation.objects.create(tenant=inviting, email="dora@example.com")
    Mail.objects.create(kind=MailKind.INVITATION, to="dora@example.com")
    ApiToken.objects.create(user=owner)
    SigningKey.objects.create(team="team.example", kid="key", jwk={}, seen_at=timezone.now())
    StaffProvider.objects.create(audience="0f", provider="one", since=timezone.now(), confirmed_at=timezone.now())
    sign_out.ring(zone.account, ["dora@example.com"])

    sessions = {role: session(who) for role, who in people.items()}

    known: dict[tuple[Any, ...], str] = {}

    def answer(name: str, parameters: list[str], method: str, roles: tuple[str, ...] = ROLES) -> list[str]:
        def url(role: str) -> str:
            about, asker = theirs if role == "suspended" else container, people[role] if "shared" in name else None
            key = (name, about, asker)
            if key not in known:
                known[key] = address(name, parameters, about, owner, asker)
            return known[key]

        return [ask(sessions[role], method, url(role)) for role in roles]

    yield answer
    assert Container.objects.count() == 2


def test_everything_is_in_the_table() -> None:
    found = {name for name, _ in routes()}
    admin = {f"admin:{name}" for name in (*ADMIN, *ADMIN_FOR_EVERYBODY)}
    admin |= {f"admin:{model}_{page}" for model, pages in MODELS.items() for page in pages}
    assert found == set(ROUTES) | admin


# Several routes a test: to set the cast up takes longer than to ask for one of them.
PORTIONS = 5


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_pages_and_api(portion: int, answers: Answers) -> None:
    known = dict(routes())
    for route in sorted(ROUTES)[portion::PORTIONS]:
        listed = {
            method: words.replace("|", "").split()
            for methods, words in ROUTES[route].items()
            for method in methods.split()
        }
        for method in METHODS:
            if method in listed:
                heard = answers(route, known[route], method, ROLES)
                assert heard == listed[method], (route, method)
                stranger = heard[ROLES.index("stranger")]
                assert answers(route, known[route], method, FORMER) == [stranger, stranger], (route, method)
            else:  # nobody answers it; if somebody did, one of these would be let in
                heard = answers(route, known[route], method, STRONGEST)
                assert set(heard) <= {"-", "sign-in"}, (route, method)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_admin(method: str, answers: Answers) -> None:
    at = ["GET", "POST"].index(method)
    wanted = {f"admin:{name}": words[at].split() for name, words in ADMIN.items()}
    for model, pages in MODELS.items():
        wanted |= {f"admin:{model}_{page}": ["refused", words.split()[at]] for page, words in pages.items()}
    for name, parameters in routes():
        if name in wanted:
            # Django asks one question of everybody outside; the owner stands for them all, but for the first page.
            outside = sorted({*ROLES, *FORMER} - {"staff", "superuser"}) if name == "admin:index" else ["owner"]
            roles = (*outside, "staff", "superuser")
            heard = answers(name, parameters, method, roles)
            assert heard == ["sign-in"] * (len(roles) - 2) + wanted[name], (name, method)
