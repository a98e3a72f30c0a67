"""For the admin's first page: containers run, and nobody measures them."""

import datetime
from collections.abc import Iterator

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from containers.models import EngineState
from monitoring.models import Sample
from tenants import attention
from tenants.attention import Attention

LATE = datetime.timedelta(minutes=3)  # the agent measures every five seconds


@attention.register
def items() -> Iterator[Attention]:
    """Of what was never measured nothing is said: it may have begun to run just now."""
    running = Sample.objects.filter(container__status__state=EngineState.RUNNING)
    newest = running.aggregate(at=Max("sampled_at"))["at"]
    if newest and newest < timezone.now() - LATE:
        yield Attention(
            title="Nobody does the work of the program agent",
            detail="No container that runs was measured since. See whether agent runs, and what it logs.",
            since=newest,
            url=reverse("admin:containers_container_changelist", query={"standing": "running"}),
        )
