from django.apps import AppConfig


class MonitoringApp(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring import deeds  # noqa: F401  (plugs in on import)
        from monitoring.live import signals  # noqa: F401  (they connect on import)
