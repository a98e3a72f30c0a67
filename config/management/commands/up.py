import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cloudflare.models import Zone
from config.embedded import environment, people, programs
from config.embedded.supervisor import Supervisor
from containers import networks
from containers.errors import Failed

HOME = settings.WARREN_HOME
SOCKET_NAME = 107  # bytes in the path of a Unix socket, on Linux
PATIENCE = 60.0  # seconds for each part to come up


class Command(BaseCommand):
    help = "Run all of Warren on this machine, with a private Redis and a simulated Cloudflare, until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        _short_enough(HOME / "redis.sock")
        self._lock = _lock()
        _free_port(environment.web_port(), "PORT")
        _free_port(environment.edge_port(), "EDGE_PORT")
        _free_port(environment.mail_port(), "SMTP_PORT")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._run())
        self._say("stopped; the containers run on")
        # Not by way of the interpreter's end: that waits for a thread that may still be preparing images, and takes all
        # modules apart first, which on a busy machine is seconds.
        self.stdout.flush()
        os._exit(0)

    def _say(self, line: str) -> None:
        self.stdout.write(f"warren: {line}")
        self.stdout.flush()

    async def _run(self) -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        supervisor = Supervisor(HOME / "log", self._say)
        starting = asyncio.create_task(self._start(supervisor))
        waiting = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await waiting
        finally:
            for task in (starting, waiting):
                task.cancel()
            self._say("stopping")
            await supervisor.stop()

    async def _start(self, supervisor: Supervisor) -> None:
        if "REDIS_URL" not in os.environ:
            if shutil.which("redis-server") is None:
                raise CommandError("redis-server is missing; install it: apt-get install redis-server")
            (HOME / "redis.sock").unlink(missing_ok=True)
            await supervisor.start(programs.redis(HOME))
            await _until((HOME / "redis.sock").exists, "Redis")
        self._say(f"state is kept in {HOME}")
        await _in_thread(call_command, "migrate", verbosity=0)
        try:
            gateway = await _in_thread(networks.ensure_connectors_network)
        except Failed as exc:
            raise CommandError(str(exc)) from exc
        await supervisor.start(programs.simulator(HOME, gateway))
        await _until(lambda: _answers(environment.edge_port(), "/"), "the Cloudflare simulator")
        self._say("preparing images and account")
        await _in_thread(call_command, "prepare", verbosity=0)
        made = await _in_thread(people.ensure, HOME / "credentials.json")
        for program in programs.workers(HOME):
            await supervisor.start(program)
        await _until(lambda: _answers(environment.web_port(), "/readyz"), "the web server")
        await _until(_guarded, "the worker")
        self._greet(made)

    def _greet(self, made: dict[str, dict[str, str]] | None) -> None:
        if made:
            for who, known in made.items():
                self._say(f"{who}: {known['email']}  password: {known['password']}")
            self._say(f"these are kept in {HOME / 'credentials.json'}")
        else:
            self._say(f"accounts are in {HOME / 'credentials.json'}")
        self._say(f"the simulated Cloudflare is at http://localhost:{environment.edge_port()}")
        if environment.mail_url(environment.mail_port()) == settings.EMAIL_URL:
            self._say(f"mail is caught at http://localhost:{environment.edge_port()}/mailbox")
        self.stdout.write(f"Warren is ready: http://localhost:{environment.web_port()}")
        self.stdout.flush()


async def _in_thread(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    return await sync_to_async(call, thread_sensitive=True)(*args, **options)


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await _in_thread(holds):
        if time.monotonic() > deadline:
            raise CommandError(f"{what} did not come up within {PATIENCE:.0f} s; see the logs in {HOME / 'log'}")
        await asyncio.sleep(0.1)


def _answers(port: int, path: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _guarded() -> bool:
    """Whether a worker has looked after the zone since this start: so broker, worker and Cloudflare all work.

    Of those that staff added, one may fail for as long as it likes.
    """
    soon = timezone.now() + timedelta(seconds=1)
    ours = Zone.objects.filter(zone_id=settings.CLOUDFLARE_ZONE_ID)
    return ours.filter(guarded_at__isnull=False, next_check_at__gt=soon).exists()


def _short_enough(path: Path) -> None:
    """Of a longer name Redis would make a socket by another one, or none, and say nothing that helps."""
    over = len(os.fsencode(path)) - SOCKET_NAME
    if "REDIS_URL" not in os.environ and over > 0:
        raise CommandError(
            f"the path of {HOME} is {over} bytes too long for Redis' socket in it; set WARREN_HOME to a shorter one"
        )


def _lock() -> Any:
    """Held for as long as this process lives."""
    file = (HOME / "up.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(f"Warren is running from {HOME} already; set WARREN_HOME for a second one") from None
    os.set_inheritable(file.fileno(), False)
    return file


def _free_port(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"port {port} is in use; set {name} to another one") from None
