"""Sockets of staff who view as a tenant: they see that one's containers, type nowhere, and end with the viewing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from containers.models import Container
from monitoring.models import Terminal
from tenants import viewing
from tenants.models import AuditEvent, Tenant, User
from tests.conftest import make_tenant
from tests.live.conftest import FakeAgent, Open, make_box

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def sue(db: None) -> User:
    user = User.objects.create_user("sue@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_as", "change_tenant")))
    return user


@pytest.fixture
def own(sue: User) -> Container:
    return make_box(make_tenant("globex", sue), "own")


@pytest.fixture
def client(sue: User, tenant: Tenant) -> Client:
    found = Client()
    found.force_login(sue)
    assert found.post(reverse("view-as"), {"tenant": tenant.pk}).status_code == 302
    return found


async def opened(page: Open, client: Client, path: str = "/ws/containers/") -> Any:
    return await page(None, path, cookie=f"warren_session={client.cookies['warren_session'].value}")


async def test_a_viewer_watches_that_tenants_containers_alone(
    page: Open, client: Client, box: Container, own: Container, agent: FakeAgent
) -> None:
    socket = await opened(page, client)
    await socket.say(type="subscribe", containers=[str(box.pk), str(own.pk)])
    subscribed = await socket.until("subscribed")
    assert subscribed["container"] == str(box.pk)
    assert "shell" not in subscribed["permissions"]
    assert "operate" in subscribed["permissions"]
    await socket.say(type="subscribe", containers=[str(own.pk)])
    await socket.until("unsubscribed", container=str(own.pk))
    log = await opened(page, client, f"/ws/containers/{box.pk}/logs/")
    await log.until("opened")

    await sync_to_async(client.post)(reverse("view-as-stop"))
    assert [await socket.closed(), await log.closed()] == [4401, 4401]


async def test_a_viewer_has_no_terminal(page: Open, client: Client, box: Container, agent: FakeAgent) -> None:
    shell = await opened(page, client, f"/ws/containers/{box.pk}/terminal/")
    assert await shell.closed() == 4405
    assert not await Terminal.objects.aexists()
    tried = AuditEvent.objects.filter(action="container:terminal:open")
    for _ in range(250):  # noted after the socket was closed
        if row := await tried.afirst():
            break
        await asyncio.sleep(0.02)
    assert row is not None
    assert (row.outcome, row.actor) == ("refused", "sue@example.com")


async def test_nor_where_the_staff_member_would_have_one(
    page: Open, sue: User, own: Container, agent: FakeAgent
) -> None:
    @sync_to_async
    def viewing_own() -> Client:
        client = Client()
        client.force_login(sue)
        client.post(reverse("view-as"), {"tenant": own.tenant_id})
        return client

    shell = await opened(page, await viewing_own(), f"/ws/containers/{own.pk}/terminal/")
    assert await shell.closed() == 4405
    assert not await Terminal.objects.aexists()


async def test_its_sockets_end_when_the_hour_is_over(
    page: Open, client: Client, box: Container, agent: FakeAgent
) -> None:
    @sync_to_async
    def shorten() -> None:
        session = client.session
        session[viewing.KEY] |= {"until": (timezone.now() + timedelta(seconds=1.5)).isoformat()}
        session.save()

    await shorten()
    socket = await opened(page, client)
    await socket.say(type="subscribe", containers=[str(box.pk)])
    await socket.until("subscribed")
    assert await socket.closed() == 4401


async def test_its_sockets_end_when_the_right_is_taken(
    page: Open, client: Client, sue: User, box: Container, agent: FakeAgent
) -> None:
    socket = await opened(page, client)
    await socket.say(type="subscribe", containers=[str(box.pk)])
    await socket.until("subscribed")

    @sync_to_async
    def demote() -> None:
        sue.is_staff = False
        sue.save()

    await demote()
    assert await socket.closed() == 4401
