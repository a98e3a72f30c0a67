"""What the storage driver can limit, what it was told to, and how much lies there.

Two places, two answers: a container's writable layer (the driver's `size`), and its data volume (the local volume
driver's `size`, which takes project quotas on the file system below). Asking a driver for what it cannot do is an
error of the engine's, so each is probed until there is an answer, and then left alone.
"""

import contextlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from docker import APIClient
from docker.errors import APIError

from containers.engine.base import LABEL, Limits, Used
from containers.engine.faults import translated

_ALWAYS = {"btrfs", "zfs", "devicemapper"}


def probe(api: APIClient, mark: str) -> tuple[Limits, bool]:
    """What can be limited, and whether all of it was answered: if not, ask again. Costs a few calls.

    What it makes carries the installation's mark, and is taken away by the next probe if this one is killed.
    """
    labels = {LABEL: mark, "warren.probe": "storage"}
    with translated():
        _clean(api, labels)
        layer, volume = _limits_layers(api, labels), _limits_volumes(api, labels)
    return Limits(layer=bool(layer), volume=bool(volume)), None not in (layer, volume)


def _clean(api: APIClient, labels: Mapping[str, str]) -> None:
    filters = {"label": [f"{key}={value}" for key, value in labels.items()]}
    for row in api.containers(all=True, filters=filters):
        with contextlib.suppress(APIError):  # another process is at it, too
            api.remove_container(row["Id"], force=True, v=True)
    for row in api.volumes(filters=filters)["Volumes"] or []:
        with contextlib.suppress(APIError):
            api.remove_volume(row["Name"])


def _limits_layers(api: APIClient, labels: Mapping[str, str]) -> bool | None:
    """overlay2 can only on xfs that is mounted with project quotas, which the engine does not tell: so a container
    is made with a limit, if there is any image to make it of, and removed. None: no answer.
    """
    info = api.info()
    if info["Driver"] in _ALWAYS:
        return True
    backing = dict(tuple(pair[:2]) for pair in info.get("DriverStatus") or [])
    if info["Driver"] != "overlay2" or backing.get("Backing Filesystem") != "xfs":
        return False
    images = api.images(quiet=True)
    if not images:
        return None
    config = {"Image": images[0], "Cmd": ["true"], "Labels": labels, "HostConfig": {"StorageOpt": {"size": "64m"}}}
    try:
        made = api.create_container_from_config(config)
    except APIError as exc:
        return _answer(exc)
    with contextlib.suppress(APIError):
        api.remove_container(made["Id"], force=True, v=True)
    return True


def _limits_volumes(api: APIClient, labels: Mapping[str, str]) -> bool | None:
    """A volume with a limit is made and removed; without project quotas the engine refuses it at once."""
    name = f"warren-probe-{secrets.token_hex(8)}"
    try:
        api.create_volume(name, driver_opts={"size": "64m"}, labels=dict(labels))
    except APIError as exc:
        return _answer(exc)
    with contextlib.suppress(APIError):
        api.remove_volume(name)
    return True


def _answer(refusal: APIError) -> bool | None:
    """No, where the engine says that it can't; None where something else was in the way."""
    return False if any(word in str(refusal.explanation) for word in ("quota", "storage-opt")) else None


def limits_of(facts: Mapping[str, Any], volume: Callable[[str], Mapping[str, Any]]) -> dict[str, int]:
    """The limits that hold for a container, as fields of `Observed`. `facts`: as the engine inspects it.

    A volume keeps the limit that it was made with, whatever a later container asked for: `volume` inspects one.
    """
    config = facts["HostConfig"]
    layer = (config.get("StorageOpt") or {}).get("size", 0)
    asked = [
        mount["Source"]
        for mount in config.get("Mounts") or []
        if ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Options")
    ]
    held = min((int((volume(name).get("Options") or {}).get("size", 0)) for name in asked), default=0)
    return {"layer_limit": int(layer), "volume_limit": held}


def used(api: APIClient, labels: Mapping[str, str]) -> list[Used]:
    """What the containers with these labels keep: one call, in which the engine walks through all that is there."""
    with translated():
        found = api.df()
    volumes = {row["Name"]: max(0, (row.get("UsageData") or {}).get("Size", 0)) for row in found["Volumes"] or []}
    return [
        Used(
            labels=row["Labels"],
            layer=row.get("SizeRw", 0),
            volumes=sum(volumes.get(mount.get("Name", ""), 0) for mount in row["Mounts"]),
        )
        for row in found["Containers"] or []
        if labels.items() <= (row["Labels"] or {}).items()
    ]
