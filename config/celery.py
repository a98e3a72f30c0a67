"""The Celery application. The schedule lives here, in code: it is the same in every installation."""

import os

from celery import Celery, Task
from celery.signals import setup_logging

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
