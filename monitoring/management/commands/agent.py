import asyncio
import gc
import resource
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from monitoring.agent.assembly import assemble


class Command(BaseCommand):
    help = "Listen to the containers of this Docker host until SIGTERM or SIGINT."

    def handle(self, *args: Any, **options: Any) -> None:
        # Files of each container are kept open.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # One thread needs one connection; and a pool waits longer after each failure, up to minutes in the end.
        settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
        asyncio.run(_run())
        gc.freeze()  # or the interpreter takes all that was imported apart, for up to a second


async def _run() -> None:
    agent = assemble()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, agent.stop)
    await agent.run()
