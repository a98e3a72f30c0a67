"""For the admin's first page: work that has been due for long, and that nobody comes to.

Every program looks after rows that fall due again and again, so one that died or hangs is seen by what stays undone.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from containers import loop, tasks
from containers.models import Scheduled
from tenants import attention
from tenants.attention import Attention

LATE = datetime.timedelta(minutes=3)  # a sweep rings what is due every `SWEEP_SECONDS`
PROGRAMS = {"celery": "worker"}  # that take from a queue; the other one has its queue's name


@attention.register
def items() -> Iterator[Attention]:
    """One for each queue."""
    late: defaultdict[str, list[tuple[datetime.datetime, type[Scheduled]]]] = defaultdict(list)
    for controller in loop.controllers():
        due = controller.model.objects.due().filter(next_check_at__lt=timezone.now() - LATE).order_by("next_check_at")
        if first := due.values_list("next_check_at", flat=True).first():
            late[tasks.queue(controller.name)].append((first, controller.model))
    for queue, found in late.items():
        since, model = min(found, key=lambda one: one[0])
        program = PROGRAMS.get(queue, queue)
        waiting = sorted(str(model._meta.verbose_name_plural) for _, model in found)
        yield Attention(
            title=f"Nobody does the work of the program {program}",
            detail=f"What is due waits ({', '.join(waiting)}). See whether {program} and beat run, and what they log.",
            since=since,
            url=_listed(model),
        )


def _listed(model: type[Scheduled]) -> str:
    if not admin.site.is_registered(model):
        return reverse("admin:index")
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
