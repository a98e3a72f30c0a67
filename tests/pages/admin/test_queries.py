"""A list costs the same whatever is in it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import Grant, Visit
from cloudflare.models import (
    Account,
    Connector,
    Seat,
    SigningKey,
    SignOut,
    StaffProvider,
    Tunnel,
    VisitCursor,
    Zone,
)
from containers import admission
from containers.models import Archive, Container, Network, Template
from monitoring.models import Incident, Sample, Terminal
from tenants.models import ApiToken, Invitation, Mail, MailKind, Plan, User
from tests.conftest import make_tenant
from tests.pages.admin.conftest import ours

pytestmark = pytest.mark.django_db


def _measured(box: Container) -> None:
    numbers = dict.fromkeys(("cpu_percent", "memory_used", "memory_limit", "network_rx", "network_tx", "pids"), 1)
    Sample.objects.create(container=box, sampled_at=box.created_at, **numbers)
    Incident.objects.create(container=box, at=box.created_at, kind="died", exit_code=1)
    Terminal.objects.create(container=box, who=box.hostname)


def _twenty_of_everything(owner: User, template: Template) -> None:
    account = Account.objects.get()
    for number in range(19):
        tenant = make_tenant(f"t{number}", User.objects.create_user(f"u{number}@example.com", "secret"), "enterprise")
        Plan.objects.create(code=f"p{number}", name="P", memory=2**30, cpu=100, storage=2**30)
        Template.objects.create(slug=f"s{number}", name="S", image="i")
        box = admission.create(actor=owner, tenant=tenant, template=template, name="box")
        _measured(box)
        tunnel = Tunnel.objects.get(tenant=tenant)
        Connector.objects.create(tunnel=tunnel)
        Network.objects.create(tenant=tenant, kind="tenant", subnet=f"10.1.{number}.0/24")
        VisitCursor.objects.create(account=Account.objects.create(name="A", account_id=str(number), api_token="t"))
        Zone.objects.create(account=account, zone_id=str(number), domain=f"{number}.example")
        now = timezone.now()
        SigningKey.objects.create(team="team.example", kid=str(number), jwk={}, seen_at=now)
        StaffProvider.objects.create(audience=str(number), provider="idp", since=now, confirmed_at=now)
        _of_people_and_data(number, owner, box)


def _of_people_and_data(number: int, owner: User, box: Container) -> None:
    address = f"i{number}@example.com"
    Invitation.objects.create(tenant=box.tenant, email=address, invited_by=owner)
    Mail.objects.create(kind=MailKind.INVITATION, to=address)
    ApiToken.objects.create(user=owner)
    Archive.objects.create(container=box, kind="export", expires_at=box.created_at)
    Visit.objects.create(container=box, email=address, at=box.created_at, allowed=True)
    Grant.objects.create(container=box, email=address, permission="view", granter=owner.email, granted_by=owner)
    account = Account.objects.earliest("pk")
    Seat.objects.create(account=account, email=address, user_id="u", seat_uid="s")
    SignOut.objects.create(pk=SignOut.key(account, address), account=account, email=address)


def test_a_list_costs_the_same_whatever_is_in_it(
    staff: Client, box: Container, owner: User, template: Template
) -> None:
    def queries() -> dict[str, int]:
        """By model."""
        found = {}
        for model in ours():
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            with CaptureQueriesContext(connection) as made:
                assert staff.get(url).status_code == 200
            found[model._meta.model_name] = len(made)
        return found

    now = timezone.now()
    _measured(box)
    _of_people_and_data(19, owner, box)
    SigningKey.objects.create(team="team.example", kid="19", jwk={}, seen_at=now)
    StaffProvider.objects.create(audience="19", provider="idp", since=now, confirmed_at=now)
    queries()
    few = queries()
    _twenty_of_everything(owner, template)
    assert {model for model in ours() if model.objects.count() < 20} == set()
    assert queries() == few
