"""Gina, who is let in and out, and how often the account signed somebody out."""

from access import sharing
from access.models import Grant
from containers.models import Container
from tests.parts import Cloud

GINA = "gina@example.com"


def share(container: Container, email: str = GINA) -> Grant:
    actor = container.tenant.members.get()
    (grant,) = sharing.share(container, actor=actor, emails=[email], permission="view")
    return grant


def revoke(grant: Grant) -> None:
    sharing.revoke(grant, actor=grant.container.tenant.members.get())


def signed_out(cloud: Cloud) -> int:
    return sum("revoke_user" in row for row in cloud.writes())
