"""The Celery application; its schedule is in `config.schedule`."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import after_task_publish, beat_init, before_task_publish, setup_logging, task_postrun, task_prerun

from tenants import pulse
from tenants.origin import Origin, origin

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Doorbell(Task):  # type: ignore[misc]  # Celery has no types
    """Every task here: it may be lost, because the row that it stands for stays due."""

    Request = "config.unacknowledged:Unacknowledged"


app = Celery("warren", task_cls=Doorbell)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_django_logging(**kwargs: object) -> None:
    """Keep Celery from installing its own handlers: every process logs alike, with secrets masked."""
    from django.conf import settings
    from django.utils.log import configure_logging

    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@before_task_publish.connect
def send_request_id(headers: dict[str, Any], **kwargs: object) -> None:
    headers["request_id"] = origin.get().request_id


@task_prerun.connect
def take_request_id(task: Any, **kwargs: object) -> None:
    origin.set(Origin(request_id=task.request.get("request_id") or ""))


@task_postrun.connect
def drop_request_id(**kwargs: object) -> None:
    origin.set(Origin())


@task_postrun.connect
def worked(task: Any, **kwargs: object) -> None:
    queue = (task.request.delivery_info or {}).get("routing_key")
    pulse.touch("edge" if queue == "edge" else "worker")


@beat_init.connect
def beats(**kwargs: object) -> None:
    """From here on: other programs publish, too."""
    after_task_publish.connect(rang)


def rang(**kwargs: object) -> None:
    pulse.touch("beat")
