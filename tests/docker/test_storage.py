"""A container that writes too much: stopped at its limit where the engine can, measured where it can't."""

import contextlib
import shutil
import time
from typing import Any

import docker
import pytest

from containers import engine, notices, setup, storage
from containers.engine.base import LABEL, ContainerSpec, Limits, NetworkSpec
from containers.engine.docker import DockerEngine
from containers.engine.images import build_small
from containers.models import Container, ContainerStatus
from tenants.models import Tenant
from tests.conftest import converge
from tests.installation import prepare
from tests.parts import Cloud

MIB, GIB = 1024**2, 1024**3


def run(api: Any, name: str, *command: str) -> str:
    """Run a busybox command in the container as root; what it said."""
    made = api.exec_create(name, ["/bin/busybox", *command], user="0")
    return str(api.exec_start(made).decode())


def write(api: Any, name: str, path: str, mib: int) -> str:
    return run(api, name, "dd", "if=/dev/zero", f"of={path}", "bs=8M", f"count={mib // 8}")


def test_ten_gib_in_a_container_of_five_stop_at_five(btrfs: str, mark: str) -> None:
    """By Warren's own adapter, on a real engine; the rest of the host has its room."""
    ours = DockerEngine(btrfs, timeout=120)
    image = build_small("hello", setup.IMAGES / "hello", btrfs)
    assert ours.limits() == Limits(layer=True, volume=False)  # btrfs has quotas for subvolumes, not for projects
    labels = {LABEL: mark, "warren.container": "1"}
    ours.ensure_network(NetworkSpec("net", "net0", "10.99.0.0/24", labels))
    spec = ContainerSpec(
        name="box",
        image=image,
        labels=labels,
        network="net",
        memory=2 * GIB,
        cpu=2000,
        pids=64,
        storage=5 * GIB,
        volume="box-data",
        data_folder="/data",
    )
    ours.create(spec)
    ours.start("box")
    seen = ours.inspect("box")
    assert seen is not None
    assert (seen.layer_limit, seen.volume_limit) == (5 * GIB, 0)

    before = shutil.disk_usage("/").free
    # Its first 4 GiB are only allocated, which the quota counts alike and the disk does at once.
    assert run(ours.api, "box", "fallocate", "-l", str(4 * GIB), "/big") == ""
    said = run(ours.api, "box", "dd", "if=/dev/zero", "of=/big", "bs=8M", "seek=512", "count=768", "conv=notrunc")
    assert "Disk quota exceeded" in said
    (used,) = ours.used({LABEL: mark})
    assert 4.9 * GIB < used.layer <= 5 * GIB
    assert before - shutil.disk_usage("/").free < 6 * GIB
    assert "Disk quota exceeded" in write(ours.api, "box", "/more", 16)
    # The data volume is no part of that; it is measured.
    assert "quota" not in write(ours.api, "box", "/data/kept", 64)
    (used,) = ours.used({LABEL: mark})
    assert used.volumes == 64 * MIB
    ours.remove("box")
    ours.remove_volume("box-data")
    assert ours.used({LABEL: mark}) == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_where_the_engine_cannot_cap_it_measures(
    tenant: Tenant, owner: Any, cloud: Cloud, docker_mark: str, settings
) -> None:
    """On the engine that is at hand: a plan's storage is asked for, and creation works all the same."""
    from containers import admission
    from containers.models import Template

    prepare(cloud, settings)
    if engine.current().limits().layer:
        pytest.fail("this engine caps storage; the test above is about that")
    kept = Template.objects.create(slug="kept", name="Kept", image="warren/hello:latest", data_folder="/data")
    box = admission.create(actor=owner, tenant=tenant, template=kept, name="box")
    converge()
    status = ContainerStatus.objects.get(pk=box.pk)
    assert (status.state, status.storage_capped, status.data_capped) == ("running", False, False)
    with contextlib.closing(docker.from_env()) as client:
        write(client.api, box.engine_name, "/layer", 16)
        write(client.api, box.engine_name, "/data/volume", 24)
    _measured()
    status.refresh_from_db()
    assert status.storage_used is not None
    assert 40 * MIB <= status.storage_used < 41 * MIB
    Container.objects.filter(pk=box.pk).update(storage=32 * MIB)
    box = Container.objects.select_related("status").get(pk=box.pk)
    assert storage.words(box) == "measured, not capped"
    assert [notice.code for notice in notices.of(box)] == ["storage_over"]


def _measured() -> None:
    """The engine measures for one at a time; others may be asking it."""
    for _ in range(20):
        try:
            storage.measure()
        except engine.base.EngineError:
            time.sleep(0.5)
        else:
            return
    storage.measure()
