"""Registers the system checks, and plugs in what counts the sockets that are opened."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks, throttling  # noqa: F401  (checks register on import)
        from monitoring.live import pacing

        pacing.plug(throttling.admits_socket)
