"""What is said of a container's storage: capped, in part, or measured; and when it is over its limit."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from containers import admission, storage
from containers.engine.base import ContainerSpec, Limits, Used
from containers.engine.hostconfig import host_config
from containers.engine.memory import MemoryEngine
from containers.engine.storage import limits_of
from containers.models import Container, ContainerStatus, Template
from containers.tasks import measure_storage
from tenants.models import Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db
GIB = 1024**3


def make(owner: User, tenant: Tenant, template: Template, data_folder: str = "") -> Container:
    Template.objects.filter(pk=template.pk).update(data_folder=data_folder)
    made = admission.create(actor=owner, tenant=tenant, template=Template.objects.get(pk=template.pk), name="box")
    converge()
    return Container.objects.select_related("status").get(pk=made.pk)


def detail(owner: User, box: Container) -> Any:
    client = APIClient()
    client.force_authenticate(owner)
    return client.get(f"/api/v1/containers/{box.pk}/").json()


def page(owner: User, box: Container) -> str:
    client = Client()
    client.force_login(owner)
    return client.get(f"/containers/{box.pk}/").content.decode().replace("\xa0", " ")


@pytest.mark.parametrize(
    ("able", "data_folder", "capped", "said"),
    [
        (Limits(), "", False, '100 GiB <span class="dim">measured, not capped<'),
        (Limits(), "/data", False, '100 GiB <span class="dim">measured, not capped<'),
        (Limits(layer=True), "", True, '100 GiB <span class="dim">capped<'),
        (Limits(layer=True), "/data", False, '100 GiB <span class="dim">capped; /data is measured, not capped<'),
        (Limits(layer=True, volume=True), "/data", True, '100 GiB <span class="dim">capped<'),
    ],
)
def test_the_page_and_the_api_say_what_the_engine_holds(
    owner: User,
    tenant: Tenant,
    template: Template,
    memory: MemoryEngine,
    zone: Any,
    able: Limits,
    data_folder: str,
    capped: bool,
    said: str,
) -> None:
    memory.able = able
    box = make(owner, tenant, template, data_folder)
    assert said in page(owner, box)
    body = detail(owner, box)
    assert (body["storage_capped"], body["storage_used"], body["notices"]) == (capped, None, [])


def test_a_cap_that_is_higher_than_what_is_wanted_now_is_none(
    owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any
) -> None:
    memory.able = Limits(layer=True)
    box = make(owner, tenant, template)
    box.storage = GIB
    box.save()
    converge()
    assert detail(owner, box)["storage_capped"] is False


@pytest.mark.parametrize("wanted", [50, 200])
def test_the_number_that_holds_is_shown_where_it_differs(
    owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any, wanted: int
) -> None:
    memory.able = Limits(layer=True, volume=True)
    box = make(owner, tenant, template, "/data")
    Container.objects.filter(pk=box.pk).update(storage=wanted * GIB)
    ContainerStatus.objects.all().ring()
    converge()
    assert f'{wanted} GiB <span class="dim">capped at 100 GiB, with which it was made<' in page(owner, box)


def test_what_is_over_its_limit_is_told_and_runs_on(
    owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any
) -> None:
    box = make(owner, tenant, template, "/data")
    memory.kept[box.engine_name] = Used({}, layer=60 * GIB, volumes=41 * GIB)
    measure_storage()
    body = detail(owner, box)
    assert body["storage_used"] == 101 * GIB
    assert [notice["code"] for notice in body["notices"]] == ["storage_over"]
    assert body["lifecycle"] == "running"
    shown = page(owner, box)
    assert '101 GiB of 100 GiB <span class="dim">measured, not capped<' in shown
    assert "Delete files in it, or ask whoever runs Warren" in shown
    memory.kept[box.engine_name] = Used({}, layer=60 * GIB, volumes=40 * GIB)
    measure_storage()
    assert detail(owner, box)["notices"] == []


def test_only_what_has_changed_is_written(
    owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any, django_assert_num_queries: Any
) -> None:
    make(owner, tenant, template)
    assert storage.measure() == 1
    with django_assert_num_queries(1):
        assert storage.measure() == 0
    assert ContainerStatus.objects.get().storage_used == 0


def test_a_volume_gets_its_limit_where_the_engine_takes_one() -> None:
    spec = ContainerSpec(
        name="box",
        image="i",
        labels={"a": "b"},
        network="n",
        memory=GIB,
        cpu=1000,
        pids=9,
        storage=5 * GIB,
        volume="v",
        data_folder="/data",
    )
    both = host_config(spec, Limits(layer=True, volume=True))
    assert both["StorageOpt"] == {"size": str(5 * GIB)}
    assert both["Mounts"][0]["VolumeOptions"]["DriverConfig"] == {"Name": "local", "Options": {"size": str(5 * GIB)}}

    def made_with(size: int) -> Any:
        return lambda name: {"Name": name, "Options": {"size": str(size)} if size else None}

    for size in (5 * GIB, GIB, 0):  # the last two were there before, with another limit and without one
        seen = limits_of({"HostConfig": both}, made_with(size))
        assert seen == {"layer_limit": 5 * GIB, "volume_limit": size}
    neither = host_config(spec, Limits())
    assert "StorageOpt" not in neither
    assert "DriverConfig" not in neither["Mounts"][0]["VolumeOptions"]
    none = {"layer_limit": 0, "volume_limit": 0}
    assert limits_of({"HostConfig": neither}, made_with(GIB)) == none
    assert limits_of({"HostConfig": {"StorageOpt": None, "Mounts": None}}, made_with(GIB)) == none
