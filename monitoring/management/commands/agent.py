import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from monitoring.agent import Agent


class Command(BaseCommand):
    help = "Measure the containers of this Docker host until SIGTERM or SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=2.0, help="seconds between two samples (2)")

    def handle(self, *args: Any, **options: Any) -> None:
        agent = Agent(options["interval"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.stop())
        agent.run()
