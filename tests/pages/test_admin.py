"""The admin: every list and form opens for staff and for nobody else, and no secret is ever on them."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import Grant, Visit
from cloudflare.models import (
    Account,
    Connector,
    Publication,
    Seat,
    SigningKey,
    SignOut,
    StaffProvider,
    Tunnel,
    VisitCursor,
    Zone,
)
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Archive, Container, ContainerStatus, Network, Template
from monitoring.models import Incident, Sample, Terminal
from tenants import tasks
from tenants.models import ApiToken, AuditEvent, Invitation, Mail, MailKind, Plan, Tenant, User
from tests.conftest import converge, make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    Visit.objects.create(container=made, email="gina@example.com", at=made.created_at, allowed=True)
    VisitCursor.objects.create(account=zone.account, next_check_at=None)
    return made


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "secret"))
    return client


def _ours() -> list[Any]:
    apps = {"tenants", "containers", "access", "cloudflare", "monitoring"}
    return [model for model in admin.site._registry if model._meta.app_label in apps]


def test_every_page_opens_and_shows_no_secret(staff: Client, box: Container) -> None:
    secrets = [Account.objects.get().api_token, Tunnel.objects.get().secret, Tunnel.objects.get().token]
    owner = Client()
    owner.force_login(User.objects.get(email="alice@example.com"))
    for model in _ours():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [staff.get(reverse(f"{name}_changelist"), {"q": "x"}), staff.get(reverse(f"{name}_changelist"))]
        if (row := model.objects.first()) is not None:
            pages.append(staff.get(reverse(f"{name}_change", args=[row.pk])))
        for page in pages:
            assert page.status_code == 200, name
            assert not any(secret in page.content.decode() for secret in secrets), name
        assert owner.get(reverse(f"{name}_changelist")).status_code == 302, name


def test_a_token_stays_when_it_is_left_empty_and_changes_when_it_is_given(staff: Client, box: Container) -> None:
    account = Account.objects.get()
    before, url = account.api_token, reverse("admin:cloudflare_account_change", args=[account.pk])
    form = {"name": "New", "account_id": account.account_id, "max_tunnels": 5, "max_applications": 5, "max_rules": 5}
    form |= {"enabled": "on"}
    assert staff.post(url, {**form, "api_token": ""}).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.api_token) == ("New", before)
    staff.post(url, {**form, "api_token": "another"})
    account.refresh_from_db()
    assert account.api_token == "another"


def test_a_zone_is_not_turned_under_what_lives_in_it(staff: Client, box: Container) -> None:
    zone = Zone.objects.get()
    account, other = zone.account, Account.objects.create(name="Other", account_id="other", api_token="t")
    form = {"account": other.pk, "zone_id": "other", "domain": "other.example", "account_id": "turned", "name": "New"}
    form |= {"max_tunnels": 5, "max_applications": 5, "max_rules": 5}
    for name, row in (("zone", zone), ("account", account)):
        url = reverse(f"admin:cloudflare_{name}_change", args=[row.pk])
        assert staff.post(url, form).status_code == 302
    after = Zone.objects.select_related("account").get()
    assert (after.account, after.zone_id, after.domain) == (account, zone.zone_id, zone.domain)
    assert after.account.account_id == account.account_id
    assert (after.enabled, after.account.enabled, after.account.name) == (False, False, "New"), "the rest is staff's"
    new = {"account": other.pk, "zone_id": "z2", "domain": "two.example", "enabled": "on"}
    assert staff.post(reverse("admin:cloudflare_zone_add"), new).status_code == 302
    assert Zone.objects.get(zone_id="z2").account == other


def act(client: Client, name: str, action: str, *rows: Any, **more: str) -> Any:
    """Ask for an action on these rows of a list; its page, or the list that follows."""
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(reverse(f"admin:{name}_changelist"), form, follow=True)


def test_staff_delete_by_request_once_they_confirm_it(staff: Client, box: Container) -> None:
    asked = act(staff, "containers_container", "delete_outside", box).content.decode()
    assert "There is no way back" in asked
    assert box.hostname in asked
    box.refresh_from_db()
    assert box.desired == "running"
    said = act(staff, "containers_container", "delete_outside", box, post="yes").content.decode()
    assert "1 is being deleted." in said
    converge()
    box.refresh_from_db()
    assert box.deleted_at is not None
    assert AuditEvent.objects.filter(action="container:delete", actor="staff@example.com").exists()
    assert staff.post(reverse("admin:containers_container_delete", args=[box.pk])).status_code == 403
    again = act(staff, "containers_container", "delete_outside", box, post="yes").content.decode()
    assert "0 are being deleted." in again


def due(*rows: Any) -> list[bool]:
    return [type(row).objects.due().filter(pk=row.pk).exists() for row in rows]


def test_staff_have_a_container_looked_at_with_its_publication(staff: Client, box: Container) -> None:
    assert due(box.status, *Publication.objects.all()) == [False, False]
    assert "1 is looked at now." in act(staff, "containers_container", "reconcile_now", box).content.decode()
    assert due(box.status, *Publication.objects.all()) == [True, True]
    row = AuditEvent.objects.get(action="admin:reconcile")
    assert (row.actor, row.target_id, row.tenant) == ("staff@example.com", str(box.pk), "acme")


def test_staff_retry_what_failed(staff: Client, box: Container) -> None:
    ContainerStatus.objects.update(failures=3, code="name_taken", retrying=False)
    assert "1 is tried again now." in act(staff, "containers_container", "retry", box).content.decode()
    box.status.refresh_from_db()
    assert (box.status.failures, box.status.code) == (0, "")
    assert AuditEvent.objects.filter(action="container:retry", actor="staff@example.com").exists()


@pytest.mark.parametrize("model", [Network, Tunnel, Connector, Publication, Zone], ids=lambda model: model.__name__)
def test_staff_have_anything_of_the_loop_looked_at(staff: Client, box: Container, model: Any) -> None:
    row = model.objects.order_by("-pk").first()
    before = row.rings
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    assert "1 is looked at now." in act(staff, name, "reconcile_now", row).content.decode()
    row.refresh_from_db()
    assert row.rings == before + 1
    assert AuditEvent.objects.get(action="admin:reconcile").target_type == model._meta.label_lower


def _support(*permissions: str) -> Client:
    user = User.objects.create_user("support@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_who_may_only_look_changes_nothing(staff: Client, box: Container) -> None:
    """Every list and page opens read-only, no action is offered or taken, and no secret is shown."""
    support = _support(*Permission.objects.filter(codename__startswith="view_").values_list("codename", flat=True))
    secrets = [Account.objects.get().api_token, Tunnel.objects.get().secret, Tunnel.objects.get().token]
    for model in _ours():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert support.get(reverse(f"admin:{name}_changelist")).status_code == 200
        if (row := model.objects.first()) is not None:
            page = support.get(reverse(f"admin:{name}_change", args=[row.pk]))
            assert page.status_code == 200
            assert not any(secret in page.content.decode() for secret in secrets)
            assert b'name="_save"' not in page.content
            assert support.post(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 403
        assert support.get(reverse(f"admin:{name}_add")).status_code == 403
    before = AuditEvent.objects.count()
    for action in ("reconcile_now", "retry", "delete_outside"):
        act(support, "containers_container", action, box, post="yes")
    for model in (Network, Tunnel, Connector, Publication, Zone):
        act(support, f"{model._meta.app_label}_{model._meta.model_name}", "reconcile_now", model.objects.first())
    box.refresh_from_db()
    assert box.desired == "running"
    assert AuditEvent.objects.count() == before


def test_who_may_change_containers_may_act_on_them_and_on_nothing_else(staff: Client, box: Container) -> None:
    support = _support("view_container", "change_container", "view_tunnel")
    assert "1 is looked at now." in act(support, "containers_container", "reconcile_now", box).content.decode()
    act(support, "cloudflare_tunnel", "reconcile_now", Tunnel.objects.get())
    assert AuditEvent.objects.filter(action="admin:reconcile").count() == 1
    assert support.get(reverse("admin:tenants_plan_changelist")).status_code == 403


def _on_record() -> list[tuple[str, str, dict[str, Any], str]]:
    rows = AuditEvent.objects.filter(action__startswith="admin:", actor="staff@example.com").order_by("pk")
    return list(rows.values_list("action", "target_type", "detail", "tenant"))


def test_what_staff_save_is_on_record_by_the_names_of_its_fields(staff: Client, tenant: Tenant, owner: User) -> None:
    plan = {"name": "Small", "code": "small", "memory": 2**29, "cpu": 100, "storage": 2**30}
    assert staff.post(reverse("admin:tenants_plan_add"), plan).status_code == 302
    small = Plan.objects.get(code="small")
    url = reverse("admin:tenants_plan_change", args=[small.pk])
    staff.post(url, {**plan, "cpu": 200, "max_containers": 3})
    staff.post(url, {**plan, "cpu": 200, "max_containers": 3})  # nothing changed: nothing to record
    staff.post(reverse("admin:tenants_plan_delete", args=[small.pk]), {"post": "yes"})
    assert not Plan.objects.filter(code="small").exists()
    found = _on_record()
    assert [row[:2] for row in found] == [
        ("admin:add", "tenants.plan"),
        ("admin:change", "tenants.plan"),
        ("admin:delete", "tenants.plan"),
    ]
    assert found[1][2] == {"fields": ["cpu", "max_containers"]}


def test_a_plan_or_template_that_is_in_use_stays(staff: Client, box: Container) -> None:
    for row in (box.tenant.plan, box.template):
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])
        assert "Cannot delete" in staff.post(url, {"post": "yes"}).content.decode()
        assert type(row).objects.filter(pk=row.pk).exists()


def test_members_that_staff_add_and_remove_are_on_record(staff: Client, tenant: Tenant, owner: User) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    mine = tenant.memberships.get()
    form = {
        "name": "Acme",
        "plan": tenant.plan_id,
        "memberships-TOTAL_FORMS": "2",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": mine.pk,
        "memberships-0-tenant": tenant.pk,
        "memberships-0-user": owner.pk,
        "memberships-0-role": "owner",
        "memberships-1-tenant": tenant.pk,
        "memberships-1-user": bob.pk,
        "memberships-1-role": "member",
    }
    assert staff.post(url, form).status_code == 302
    made = tenant.memberships.get(user=bob)
    form |= {"memberships-INITIAL_FORMS": "2", "memberships-1-id": made.pk, "memberships-1-DELETE": "on"}
    assert staff.post(url, form).status_code == 302
    assert [(row[0], row[1], row[3]) for row in _on_record()] == [
        ("admin:add", "tenants.membership", "acme"),
        ("admin:delete", "tenants.membership", "acme"),
    ]
    assert AuditEvent.objects.filter(action="admin:delete", target_id=str(made.pk)).exists()


def test_no_secret_gets_into_the_record(staff: Client, box: Container, owner: User) -> None:
    account = Account.objects.get()
    form = {"name": account.name, "account_id": account.account_id, "max_tunnels": 1000, "max_applications": 500}
    form |= {"max_rules": 1000, "ends_sessions": "on"}
    url = reverse("admin:cloudflare_account_change", args=[account.pk])
    staff.post(url, {**form, "enabled": "on", "api_token": ""})
    assert _on_record() == []  # the token stayed as it is
    staff.post(url, {**form, "enabled": "on", "api_token": "another-token"})
    new = {"password1": "a-new-password-9", "password2": "a-new-password-9"}
    assert staff.post(reverse("admin:auth_user_password_change", args=[owner.pk]), new).status_code == 302
    assert [row[1:3] for row in _on_record()] == [
        ("cloudflare.account", {"fields": ["api_token"]}),
        ("tenants.user", {"fields": ["password"]}),
    ]
    text = str(list(AuditEvent.objects.values()))
    assert "another-token" not in text
    assert "a-new-password-9" not in text


def test_a_tenants_page_leads_to_what_is_its(staff: Client, box: Container) -> None:
    page = staff.get(reverse("admin:tenants_tenant_change", args=[box.tenant.pk])).content.decode()
    for path in re.findall(r'href="(/admin/[^"]+\?[^"]*)"', page):
        answer = staff.get(unescape(path))
        assert answer.status_code == 200, path
    assert "containers (1)" in page
    assert "on record" in page
    assert "publications (1)" in staff.get(reverse("admin:containers_container_change", args=[box.pk])).content.decode()
    listed = staff.get(reverse("admin:cloudflare_publication_changelist"), {"container__tenant__id__exact": 10**6})
    assert box.hostname not in listed.content.decode()


def test_steps_are_lines_that_can_be_read(staff: Client, box: Container) -> None:
    page = staff.get(reverse("admin:containers_container_change", args=[box.pk])).content.decode()
    assert re.search(r"<div>Image done [\d.]+ m?s</div>", page)
    assert "started_at&quot;" not in page


def test_over_its_storage_is_a_filter(staff: Client, box: Container) -> None:
    ContainerStatus.objects.filter(pk=box.pk).update(storage_used=box.storage + 1)
    url = reverse("admin:containers_container_changelist")
    assert box.hostname in staff.get(url, {"storage": "over"}).content.decode()
    assert box.hostname in staff.get(url, {"storage": "measured"}).content.decode()
    ContainerStatus.objects.filter(pk=box.pk).update(storage_used=box.storage, storage_capped=True)
    assert box.hostname not in staff.get(url, {"storage": "over"}).content.decode()
    assert box.hostname not in staff.get(url, {"storage": "measured"}).content.decode()


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
        for model in _ours():
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
    assert {model for model in _ours() if model.objects.count() < 20} == set()
    assert queries() == few


def test_staff_suspend_with_a_reason_and_resume(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_changelist")
    chosen = {"_selected_action": [str(tenant.pk)]}
    asked = staff.post(url, {"action": "suspend", **chosen})
    assert "Its people read this sentence" in asked.content.decode()
    assert staff.post(url, {"action": "suspend", "reason": "", **chosen}).status_code == 200
    tenant.refresh_from_db()
    assert not tenant.suspended, "nothing is suspended without a reason"
    assert staff.post(url, {"action": "suspend", "reason": "Overdue.", **chosen}).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.suspended, tenant.suspended_reason) == (True, "Overdue.")
    staff.post(url, {"action": "resume", **chosen})
    tenant.refresh_from_db()
    assert not tenant.suspended
    actions = AuditEvent.objects.filter(actor="staff@example.com").values_list("action", flat=True)
    assert {"tenant:suspend", "tenant:resume"} <= set(actions)


def test_staff_delete_a_tenant_only_after_they_were_asked(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_changelist")
    chosen = {"action": "close", "_selected_action": [str(tenant.pk)]}
    assert "There is no way back" in staff.post(url, chosen).content.decode()
    tenant.refresh_from_db()
    assert tenant.deleted_at is None
    staff.post(url, {**chosen, "sure": "yes"})
    converge()
    box.refresh_from_db()
    assert box.deleted_at is not None


def _plan_form(plan: Plan, **changes: Any) -> dict[str, Any]:
    names = ("code", "name", "max_containers", "memory", "cpu", "storage", "bandwidth")
    return {name: value for name in names if (value := getattr(plan, name)) is not None} | changes


def test_a_plan_is_lowered_only_after_a_look_at_who_would_be_over(staff: Client, box: Container) -> None:
    plan = box.tenant.plan
    url = reverse("admin:tenants_plan_change", args=[plan.pk])
    lower = _plan_form(plan, memory=256 * 1024**2, max_containers=0)
    said = staff.post(url, lower).content.decode()
    assert (
        "Would be over: acme: 1 containers, the plan allows 0, memory of 8 GiB, the plan allows 256 MiB."
        in said.replace("\xa0", " ")
    )
    plan.refresh_from_db()
    assert plan.max_containers is None
    assert staff.post(url, {**lower, "anyway": "on"}).status_code == 302
    tasks.follow_plan(str(plan.pk))
    box.refresh_from_db()
    assert box.memory == 256 * 1024**2
    assert "acme: 1 containers, the plan allows 0" in staff.get(url).content.decode()
    event = AuditEvent.objects.get(action="admin:change", target_type="tenants.plan")
    assert event.detail == {"fields": ["max_containers", "memory"]}


def test_another_plan_for_a_tenant_is_followed(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    free = Plan.objects.get(code="free")
    form = {"name": "Acme Ltd", "plan": free.pk, "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert staff.post(url, form).status_code == 302
    tenant.refresh_from_db()
    box.refresh_from_db()
    assert (tenant.name, tenant.plan, box.memory) == ("Acme Ltd", free, free.memory)
    assert AuditEvent.objects.filter(action="tenant:plan", actor="staff@example.com").exists()
