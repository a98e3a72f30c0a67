"""From rows to what the engine is asked for."""

from django.conf import settings

from containers import placement
from containers.engine.base import LABEL, ContainerSpec
from containers.models import Container, Network, NetworkKind


def volume(container: Container) -> str:
    """The name of the volume that keeps the data folder; empty for a container without one."""
    return f"{container.engine_name}-data" if container.data_folder else ""


def labels(container: Container) -> dict[str, str]:
    """Ours by mark, and whose: what adoption compares and surveys filter by."""
    return {
        LABEL: settings.INSTALLATION,
        "warren.tenant": container.tenant.slug,
        "warren.container": str(container.pk),
        "warren.hostname": container.hostname,
        **placement.current().labels(container),
    }


def environment(container: Container) -> dict[str, str]:
    """The container's own settings; what Warren says about it cannot be overwritten by them."""
    return {
        **container.environment,
        "WARREN_TENANT": container.tenant.slug,
        "WARREN_CONTAINER": container.name,
        "WARREN_HOSTNAME": container.hostname,
    }


def container(row: Container, extra_networks: tuple[str, ...] = ()) -> ContainerSpec:
    return ContainerSpec(
        name=row.engine_name,
        image=row.image,
        labels=labels(row),
        network=Network(tenant=row.tenant, kind=NetworkKind.TENANT).engine_name,
        memory=row.memory,
        cpu=row.cpu,
        pids=settings.CONTAINER_PIDS,
        command=tuple(row.command),
        environment=environment(row),
        storage=row.storage,
        volume=volume(row),
        data_folder=row.data_folder,
        aliases=(row.name,),
        extra_networks=extra_networks,
        # The host's own resolver may be at a private address, which the firewall keeps from containers.
        dns=tuple(settings.INTERNET_DNS) if row.internet else (),
    )
