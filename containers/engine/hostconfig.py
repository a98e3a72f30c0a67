"""The one builder of Docker's HostConfig. What it does not name, no container of ours can have.

No bind mounts, devices, host namespaces, privileges or extra capabilities: there is no parameter for them. What ends
connections has one capability more, over another container's network alone; it is ours, and runs for a moment.
Fields as in the Docker Engine API 1.41, `POST /containers/create`.
"""

from typing import Any

from containers.engine.base import IDENTITY, ContainerSpec, Limits
from tenants.models.plan import MIB

# What programs in common images need to become an unprivileged user and to listen; no NET_RAW, no MKNOD.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
CPU_PERIOD = 100_000  # microseconds


def volume_labels(spec: ContainerSpec) -> dict[str, str]:
    """Whose it is; what else a container's labels say is about that container, which the volume outlives."""
    return {key: spec.labels[key] for key in IDENTITY if key in spec.labels}


def cpu_limit(cpu: int) -> dict[str, int]:
    """Thousandths of a core, as the kernel counts. Not NanoCpus: the engine refuses more of them than it has cores."""
    return {"CpuPeriod": CPU_PERIOD, "CpuQuota": cpu * CPU_PERIOD // 1000}


def host_config(spec: ContainerSpec, limits: Limits) -> dict[str, Any]:
    config: dict[str, Any] = {
        "NetworkMode": spec.network,
        "Memory": spec.memory,
        "MemorySwap": spec.memory,  # equal to Memory: no swap on top
        **cpu_limit(spec.cpu),
        "PidsLimit": spec.pids,
        "Init": True,  # reaps zombies, and passes SIGTERM on: a stop need not wait for its grace to end
        "CapDrop": ["ALL"],
        "CapAdd": list(CAPABILITIES),
        "SecurityOpt": ["no-new-privileges"],
        "RestartPolicy": {"Name": "unless-stopped"},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
        "IpcMode": "private",
        "OomKillDisable": False,
        "Privileged": False,
    }
    if spec.dns:
        config["Dns"] = list(spec.dns)
    if spec.volume and spec.data_folder:
        config["Mounts"] = [
            {
                "Type": "volume",
                "Source": spec.volume,
                "Target": spec.data_folder,
                "VolumeOptions": _volume_options(spec, limits),
            }
        ]
    if spec.storage and limits.layer:
        config["StorageOpt"] = {"size": str(spec.storage)}
    return config


def reset_config(client: str) -> dict[str, Any]:
    """For what ends connections of the container with this id, from inside its network; the engine removes it."""
    return {
        "NetworkMode": f"container:{client}",
        "Memory": 64 * MIB,
        "MemorySwap": 64 * MIB,
        "PidsLimit": 32,
        "CapDrop": ["ALL"],
        "CapAdd": ["NET_ADMIN"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": True,
        "AutoRemove": True,
        "LogConfig": {"Type": "none"},
        "IpcMode": "none",
        "Privileged": False,
    }


def _volume_options(spec: ContainerSpec, limits: Limits) -> dict[str, Any]:
    """They count when the volume is made; one that is there already stays as it is."""
    options: dict[str, Any] = {"Labels": volume_labels(spec), "NoCopy": not spec.copy_up}
    if spec.storage and limits.volume:
        options["DriverConfig"] = {"Name": "local", "Options": {"size": str(spec.storage)}}
    return options
