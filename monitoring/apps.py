from django.apps import AppConfig


class MonitoringApp(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring.live import signals  # noqa: F401  (they connect on import)
