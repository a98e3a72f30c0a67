"""What the tests of a rename ask of the rows and of the simulated Cloudflare."""

import datetime

from django.utils import timezone

from cloudflare.models import Publication
from containers import admission, conditions
from containers.models import Container
from tenants.models import User
from tests.cloudflare.conftest import fresh
from tests.conftest import converge
from tests.parts import Cloud

BOX, VASE, URN = (f"{name}-acme.containers.localhost" for name in ("box", "vase", "urn"))
GUARD = "*.containers.localhost"


def rename(container: Container, name: str, owner: User) -> Container:
    return admission.rename(container, actor=owner, name=name)


def let_leave() -> None:
    """The overlap is over."""
    Publication.objects.exclude(leaves_at=None).ring(leaves_at=timezone.now() - datetime.timedelta(seconds=1))
    converge()


def routed(cloud: Cloud) -> dict[str, str]:
    """The ingress of the only tunnel: services by hostname."""
    (tunnel,) = (row for row in cloud.state()["tunnels"].values() if row["deleted_at"] is None)
    return {rule["hostname"]: rule["service"] for rule in tunnel["config"]["ingress"] if "hostname" in rule}


def published(container: Container) -> bool:
    """Whether the wanted name is."""
    seen = conditions.of(container, "Published")
    return seen.status is True and seen.observed_generation == fresh(container).generation
