"""How a worker takes tasks from a queue that wants no acknowledgements (`CELERY_TASK_QUEUES`)."""

from celery.worker.request import Request


class Unacknowledged(Request):  # type: ignore[misc]  # Celery has no types
    """Kombu's Redis transport goes through its bookkeeping for such a queue as well, though there is nothing in it."""

    def acknowledge(self) -> None:
        self.acknowledged = True
