"""The agent: the one process per Docker host that measures. It records a sample of every container at an interval."""

import logging
import threading
import time

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from containers import engine
from containers.engine.base import LABEL
from containers.models import Container
from monitoring.cgroups import Cgroups
from monitoring.models import Sample
from monitoring.sampling import Timed, cpu_percent

log = logging.getLogger(__name__)

FIELDS = ("sampled_at", "cpu_percent", "memory_used", "memory_limit", "network_rx", "network_tx", "pids")


class Agent:
    """Call `run` in the main thread; `stop` from a signal handler or another thread."""

    def __init__(self, interval: float, source: Cgroups | None = None) -> None:
        self._interval, self._source = interval, source or Cgroups()
        self._before: dict[str, Timed] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self.sample()
            except Exception:  # engine or database away: the next round may find them again
                log.exception("no samples were recorded in this round")
            close_old_connections()
            self._stopping.wait(max(0.0, self._interval - (time.monotonic() - began)))

    def sample(self) -> int:
        """One round; returns how many containers were measured. One engine call, one query, one write."""
        labels = {LABEL: settings.INSTALLATION}
        running = {
            row.labels["warren.container"]: row.id
            for row in engine.current().list(labels)
            if row.state == "running" and "warren.container" in row.labels
        }
        known = {str(pk) for pk in Container.objects.living().filter(pk__in=running).values_list("pk", flat=True)}
        samples = [sample for pk in known if (sample := self._measure(pk, running[pk])) is not None]
        self._before = {pk: timed for pk, timed in self._before.items() if pk in known}
        Sample.objects.bulk_create(
            samples, update_conflicts=True, unique_fields=["container"], update_fields=list(FIELDS)
        )
        return len(samples)

    def _measure(self, pk: str, engine_id: str) -> Sample | None:
        try:
            now = Timed(time.monotonic(), self._source.read(engine_id))
        except OSError as exc:
            log.debug("not measured: %s", exc)
            return None
        before, self._before[pk] = self._before.get(pk), now
        reading = now.reading
        return Sample(
            container_id=pk,
            sampled_at=timezone.now(),
            cpu_percent=cpu_percent(before, now),
            memory_used=reading.memory_used,
            memory_limit=reading.memory_limit,
            network_rx=reading.network_rx,
            network_tx=reading.network_tx,
            pids=reading.pids,
        )
