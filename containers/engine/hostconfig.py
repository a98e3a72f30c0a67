"""The one builder of Docker's HostConfig. What it does not name, no container of ours can have.

No bind mounts, devices, host namespaces, privileges or extra capabilities: there is no parameter for them.
Fields as in the Docker Engine API 1.41, `POST /containers/create`.
"""

from typing import Any

from containers.engine.base import ContainerSpec, Limits

# What programs in common images need to become an unprivileged user and to listen; no NET_RAW, no MKNOD.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
CPU_PERIOD = 100_000  # microseconds


def host_config(spec: ContainerSpec, limits: Limits) -> dict[str, Any]:
    config: dict[str, Any] = {
        "NetworkMode": spec.network,
        "Memory": spec.memory,
        "MemorySwap": spec.memory,  # equal to Memory: no swap on top
        # Not NanoCpus: the engine refuses more of those than it has cores, a plan may well name more.
        "CpuPeriod": CPU_PERIOD,
        "CpuQuota": spec.cpu * CPU_PERIOD // 1000,
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


def _volume_options(spec: ContainerSpec, limits: Limits) -> dict[str, Any]:
    """They count when the volume is made; one that is there already stays as it is."""
    options: dict[str, Any] = {"Labels": dict(spec.labels)}
    if spec.storage and limits.volume:
        options["DriverConfig"] = {"Name": "local", "Options": {"size": str(spec.storage)}}
    return options
