"""From rows to what the engine is asked for."""

import json
from collections.abc import Mapping

from django.conf import settings
from django.utils.crypto import salted_hmac

from containers import placement
from containers.engine.base import LABEL, ContainerSpec
from containers.models import Container, Network, NetworkKind

SPEC, REVISION = "warren.spec", "warren.revision"
KEY, VOLUME = "warren.spec-key", "warren.volume"  # what the digest was made with, and where the data lies

NO_RESOLVER = ("192.0.2.1",)  # an address that is nobody's, and that nothing leads to from an internal network


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
    return [_digest("warren.spec", facts, key) for key in _keys()]


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def _digest(salt: str, facts: str, key: str) -> str:
    return salted_hmac(salt, facts, secret=key, algorithm="sha256").hexdigest()


def seen(row: Container, labels: Mapping[str, str]) -> str:
    """The digest of what is at the engine.

    One that was made with a key that is no longer known tells nothing. Every change that people ask for has a revision
    of its own, and a restore a volume: with both as they are wanted, it counts as the present one.
    """
    unknown = labels.get(KEY, "") not in {"", *(_digest(KEY, "", key) for key in _keys())}
    if unknown and labels.get(REVISION) == str(row.revision) and labels.get(VOLUME) == volume(row):
        return digests(row)[0]
    return labels.get(SPEC, "")


def made(row: Container) -> dict[str, str]:
    """The labels that say what a container is made from."""
    key = _digest(KEY, "", settings.SECRET_KEY)
    return {SPEC: digests(row)[0], KEY: key, REVISION: str(row.revision), VOLUME: volume(row)}


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
        labels={**labels(row), **made(row)},
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
        # Never the host's own: it may be at a private address, which the firewall keeps from containers, or at a
        # loopback one, which some engines ask from the host for those that have no way out themselves.
        dns=tuple(settings.INTERNET_DNS) if row.internet else NO_RESOLVER,
    )
