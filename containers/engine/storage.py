"""What the storage driver can limit, what it was told to, and how much lies there.

Two places, two answers: a container's writable layer (the driver's `size`), and its data volume (the local volume
driver's `size`, which takes project quotas on the file system below). Asking a driver for what it cannot do is an
error of the engine's, so each is probed once and then left alone.
"""

import contextlib
import secrets
from collections.abc import Mapping
from typing import Any

from docker import APIClient
from docker.errors import APIError

from containers.engine.base import Limits, Used
from containers.engine.faults import translated

_ALWAYS = {"btrfs", "zfs", "devicemapper"}


def probe(api: APIClient) -> Limits:
    """Costs a few calls; call it once per process."""
    with translated():
        return Limits(layer=_limits_layers(api), volume=_limits_volumes(api))


def _limits_layers(api: APIClient) -> bool:
    """overlay2 can only on xfs that is mounted with project quotas, which the engine does not tell: so a container
    is made with a limit, if there is any image to make it of, and removed.
    """
    info = api.info()
    if info["Driver"] in _ALWAYS:
        return True
    backing = dict(tuple(pair[:2]) for pair in info.get("DriverStatus") or [])
    if info["Driver"] != "overlay2" or backing.get("Backing Filesystem") != "xfs":
        return False
    images = api.images(quiet=True)
    if not images:
        return False
    try:
        made = api.create_container_from_config(
            {"Image": images[0], "Cmd": ["true"], "HostConfig": {"StorageOpt": {"size": "64m"}}}
        )
    except APIError:
        return False
    with contextlib.suppress(APIError):
        api.remove_container(made["Id"], force=True)
    return True


def _limits_volumes(api: APIClient) -> bool:
    """A volume with a limit is made and removed; without project quotas the engine refuses it at once."""
    name = f"warren-probe-{secrets.token_hex(8)}"
    try:
        api.create_volume(name, driver_opts={"size": "64m"})
    except APIError:
        return False
    with contextlib.suppress(APIError):
        api.remove_volume(name)
    return True


def limits_of(facts: Mapping[str, Any]) -> dict[str, int]:
    """The limits that a container was made with, as fields of `Observed`. `facts`: as the engine inspects it."""
    config = facts["HostConfig"]
    layer = (config.get("StorageOpt") or {}).get("size", 0)
    volumes = [
        ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Options") or {}
        for mount in config.get("Mounts") or []
    ]
    volume = min((int(options.get("size", 0)) for options in volumes), default=0)
    return {"layer_limit": int(layer), "volume_limit": volume}


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
