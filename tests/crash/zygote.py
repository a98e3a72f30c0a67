"""Forks workers that cost nothing to start, for tests that kill hundreds of them.

Reads lines from standard input: `fork` answers with the pid of a new worker, `wait` with how it ended (0: it found
nothing left to do; negative: the signal that killed it). A worker sweeps as beat and the Celery worker do together.
"""

import datetime
import os
import sys
import time
from collections import deque

import django

SWEEP = 0.25  # seconds between two sweeps
SOON = datetime.timedelta(seconds=4)  # what is planned for later than this is not waited for


def work() -> None:
    """Ring what is due, and what those passes ring, until nothing is due soon."""
    from django.utils import timezone

    from containers import loop

    while True:
        ringing = deque((controller.name, pk) for controller in loop.controllers() for pk in controller.due())
        while ringing:
            name, pk = ringing.popleft()
            ringing.extend(loop.run(name, pk))
        soon = timezone.now() + SOON
        if not any(
            controller.model.objects.filter(next_check_at__lt=soon).exists() for controller in loop.controllers()
        ):
            return
        time.sleep(SWEEP)


def main() -> None:
    django.setup()
    child = 0
    for line in sys.stdin:
        if line.strip() == "fork":
            child = os.fork()
            if child == 0:
                work()
                os._exit(0)
            answer = child
        else:
            _, status = os.waitpid(child, 0)
            answer = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
