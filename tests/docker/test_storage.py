"""A container that writes too much: stopped at its limit where the engine can, measured where it can't."""

import contextlib
import io
import shutil
import tarfile
import time
from typing import Any

import docker
import pytest
import requests

from containers import engine, notices, setup, storage
from containers.engine.base import LABEL, ContainerSpec, Limits, NetworkSpec, VolumeFull
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


@pytest.fixture
def ours(docker_mark: str) -> DockerEngine:
    return DockerEngine(None, timeout=120, mark=docker_mark)


def _spec(mark: str, image: str) -> ContainerSpec:
    return ContainerSpec(
        name=f"{mark}-box",
        image=image,
        labels={LABEL: mark},
        network="none",
        memory=GIB,
        cpu=1000,
        pids=9,
        volume=f"{mark}-data",
        data_folder="/data",
    )


def _file(size: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("data/a")
        entry.size = size
        archive.addfile(entry, io.BytesIO(bytes(size)))
    return buffer.getvalue()


def test_a_restore_leaves_no_nameless_volume(ours: DockerEngine, docker_mark: str) -> None:
    """Of an image that wants a volume of its own elsewhere."""
    image = f"{docker_mark}:volumes"
    base = build_small("hello", setup.IMAGES / "hello")
    recipe = io.BytesIO(f"FROM {base}\nVOLUME /other\n".encode())
    for _ in ours.api.build(fileobj=recipe, tag=image, rm=True, decode=True):
        continue
    made: list[str] = []
    put = ours.api.put_archive

    def looked(name: str, *args: Any) -> Any:
        made.extend(mount["Name"] for mount in ours.api.inspect_container(name)["Mounts"])
        return put(name, *args)

    ours.api.put_archive = looked
    try:
        ours.fill_volume(f"{docker_mark}-filler", _spec(docker_mark, image), [_file(10)])
        assert len(made) == 2
        (nameless,) = set(made) - {f"{docker_mark}-data"}
        with pytest.raises(docker.errors.NotFound):
            ours.api.inspect_volume(nameless)
        assert ours.api.inspect_volume(f"{docker_mark}-data")
    finally:
        ours.api.remove_image(image, force=True)


def test_data_that_does_not_fit_on_the_disk_is_told(
    ours: DockerEngine, docker_mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk of one MiB, which stands there where the volume is to be made."""
    image, dropped = build_small("hello", setup.IMAGES / "hello"), ours.drop_volume
    small = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}

    def made(name: str, volume: str) -> None:
        ours.api.create_volume(volume, driver_opts=small, labels={LABEL: docker_mark})

    monkeypatch.setattr(ours, "drop_volume", made)
    with pytest.raises(VolumeFull):
        ours.fill_volume(f"{docker_mark}-filler", _spec(docker_mark, image), [_file(3 * MIB)])
    dropped(f"{docker_mark}-filler", f"{docker_mark}-data")


def test_only_a_real_answer_about_caps_is_remembered(
    ours: DockerEngine, docker_mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = ours.api.create_volume, 0

    def troubled(*args: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 1:
            answer = requests.Response()
            answer.status_code = 500
            raise docker.errors.APIError("server error", answer, "no space left on device")
        return real(*args, **more)

    ours.api.create_volume(f"{docker_mark}-left", labels={LABEL: docker_mark, "warren.probe": "storage"})
    monkeypatch.setattr(ours.api, "create_volume", troubled)
    assert ours.limits() == Limits()
    assert ours.limits() == Limits()
    assert ours.limits() == Limits()
    assert asked == 2, "the second time it said that it can't"
    assert ours.volumes({LABEL: docker_mark}) == [], "what a killed probe left is gone"


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
