"""Bridges on subnets of our own: reserved as a row, made at the engine when first needed, removed when empty."""

import ipaddress
from contextlib import suppress
from itertools import islice

from django.conf import settings
from django.db import IntegrityError, transaction

from containers import engine, firewall, routes
from containers.engine.base import LABEL, NetworkSpec, SubnetTaken
from containers.errors import Terminal
from containers.models import Network, NetworkKind
from tenants.models import Tenant

RECONCILE = "containers.reconcile_network"
_TRIES = 20  # subnets that somebody else at the engine may hold, before giving up for this pass


def reserve(tenant: Tenant | None, kind: NetworkKind) -> Network:
    """The row of this network, made if it is missing, on the lowest free subnet."""
    found = Network.objects.filter(tenant=tenant, kind=kind).first()
    while found is None:
        try:
            with transaction.atomic():
                found = Network.objects.create(tenant=tenant, kind=kind, subnet=_free())
        except IntegrityError:  # somebody reserved this network, or this subnet, first
            found = Network.objects.filter(tenant=tenant, kind=kind).first()
    return found


def ensure(tenant: Tenant | None, kind: NetworkKind) -> Network:
    """The network, there at the engine as far as we know; costs no engine call once it was made."""
    network = reserve(tenant, kind)
    for _ in range(_TRIES):
        if network.engine_id:
            return network
        try:
            made, subnet = engine.current().ensure_network(spec(network))
        except SubnetTaken:
            free = _free(avoid=engine.current().subnets())
            with suppress(IntegrityError), transaction.atomic():  # somebody reserved it first: then the next one
                Network.objects.filter(pk=network.pk, subnet=network.subnet).update(subnet=free)
        else:
            _note(network, made, subnet)
        network.refresh_from_db()
    raise SubnetTaken(f"No subnet of {settings.NETWORK_POOL} is free at the engine; set NETWORK_POOL to another.")


def _note(network: Network, engine_id: str, subnet: str) -> None:
    """Two who make it at once may each have chosen a subnet: what the engine holds counts."""
    try:
        with transaction.atomic():
            Network.objects.filter(pk=network.pk).update(engine_id=engine_id, subnet=subnet)
    except IntegrityError:  # rows that were restored beside a newer engine, say
        raise Terminal(
            "network_conflict",
            f"The engine's network {network} is on {subnet}, which Warren has given to another network since. "
            f"With nothing on it, remove it and retry: docker network rm {network}",
        ) from None


def ensure_internet(tenant: Tenant) -> Network:
    """The tenant's way out, behind the host's firewall. Raises `Terminal` where that cannot be verified."""
    firewall.ensure()
    network = ensure(tenant, NetworkKind.INTERNET)
    firewall.verify_bridge(network)
    return network


def names(slug: str, *, internet: bool) -> frozenset[str]:
    """Those that a container of this tenant is to be on."""
    kinds = (NetworkKind.TENANT, *((NetworkKind.INTERNET,) if internet else ()))
    return frozenset(Network.name(slug, kind) for kind in kinds)


def forget(tenant: Tenant | None) -> None:
    """The engine said that a network is missing: make it anew when it is next needed."""
    Network.objects.filter(tenant=tenant).update(engine_id="")


def gateway(network: Network) -> str:
    """The host's address on the network, if it has one: the first of the subnet."""
    return str(next(ipaddress.IPv4Network(network.subnet).hosts()))


def ensure_connectors_network() -> str:
    """Make the connectors' way out; returns the address under which they reach this host.

    Called at every start, it asks the engine: somebody may have pruned the network meanwhile.
    """
    forget(None)
    return gateway(ensure(None, NetworkKind.CONNECTORS))


def spec(network: Network) -> NetworkSpec:
    labels = {LABEL: settings.INSTALLATION, "warren.network": network.kind}
    if network.tenant:
        labels["warren.tenant"] = network.tenant.slug
    return NetworkSpec(
        name=network.engine_name,
        bridge=network.bridge,
        subnet=network.subnet,
        labels=labels,
        internal=network.kind == NetworkKind.TENANT,
        icc=network.kind == NetworkKind.TENANT,
    )


def _free(avoid: list[str] | None = None) -> str:
    """The lowest /24 of the pool that no row holds and that overlaps no route of the host and none of `avoid`."""
    held = set(Network.objects.values_list("subnet", flat=True))
    others = [*routes.networks(), *(ipaddress.IPv4Network(subnet) for subnet in avoid or () if ":" not in subnet)]
    pool = ipaddress.IPv4Network(settings.NETWORK_POOL)
    for subnet in islice(pool.subnets(new_prefix=24), 2**16):
        if str(subnet) not in held and not any(subnet.overlaps(other) for other in others):
            return str(subnet)
    raise SubnetTaken(
        f"No subnet of {settings.NETWORK_POOL} is free: networks of Warren or routes of this host hold them all. "
        "Set NETWORK_POOL to another."
    )
