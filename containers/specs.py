"""From rows to what the engine is asked for."""

import json

from django.conf import settings
from django.utils.crypto import salted_hmac

from containers import placement
from containers.engine.base import LABEL, ContainerSpec
from containers.models import Container, Network, NetworkKind

SPEC, REVISION = "warren.spec", "warren.revision"


def volume(container: Container) -> str:
    """The name of the volume that keeps the data folder; empty for a container without one."""
    if not container.data_folder:
        return ""
    return container.status.volume or f"{container.engine_name}-data"


def digests(container: Container) -> list[str]:
    """Of all that a container at the engine is made from and that can't be changed in it later, the present one first.

    Keyed, because it stands in a label: it tells nobody whether a guess at a secret is right. What Warren itself says
    to the container is left out: nobody wants a restart because a hostname has changed. So are the limits, which can
    be changed while it runs.
    """
    facts = json.dumps(
        [
            container.image,
            container.command,
            sorted(container.environment.items()),
            sorted(container.secret_values.items()),
            container.data_folder,
            volume(container),
            container.internet,
            container.revision,
        ]
    )
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac("warren.spec", facts, secret=key, algorithm="sha256").hexdigest() for key in keys]


def acceptable(container: Container) -> frozenset[str]:
    """The digests with which a container counts as up to date.

    Containers that were made before there were digests carry none: they do until the first change that needs another.
    """
    unmarked = {""} if not container.revision and not container.status.volume else set()
    return frozenset({*digests(container), *unmarked})


def owned(container: Container) -> dict[str, str]:
    """The labels by which everything of this container's at the engine is found, volumes included."""
    return {LABEL: settings.INSTALLATION, "warren.container": str(container.pk)}


def labels(container: Container) -> dict[str, str]:
    """Ours by mark, and whose: what adoption compares and surveys filter by."""
    return {
        **owned(container),
        "warren.tenant": container.tenant.slug,
        "warren.hostname": container.hostname,
        **placement.current().labels(container),
    }


def environment(container: Container) -> dict[str, str]:
    """The container's own settings; what Warren says about it cannot be overwritten by them."""
    return {
        **container.environment,
        **container.secret_values,
        "WARREN_TENANT": container.tenant.slug,
        "WARREN_CONTAINER": container.name,
        "WARREN_HOSTNAME": container.hostname,
    }


def container(row: Container, extra_networks: tuple[str, ...] = ()) -> ContainerSpec:
    return ContainerSpec(
        name=row.engine_name,
        image=row.image,
        labels={**labels(row), SPEC: digests(row)[0], REVISION: str(row.revision)},
        network=Network(tenant=row.tenant, kind=NetworkKind.TENANT).engine_name,
        memory=row.memory,
        cpu=row.cpu,
        pids=settings.CONTAINER_PIDS,
        command=tuple(row.command),
        environment=environment(row),
        storage=row.storage,
        volume=volume(row),
        data_folder=row.data_folder,
        copy_up=not row.status.volume,  # what was restored is whole, were it empty
        aliases=(row.name,),
        extra_networks=extra_networks,
        # The host's own resolver may be at a private address, which the firewall keeps from containers.
        dns=tuple(settings.INTERNET_DNS) if row.internet else (),
    )
