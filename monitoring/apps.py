from django.apps import AppConfig


class MonitoringApp(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring import attention, deeds  # noqa: F401  (they plug in on import)
        from monitoring.live import signals  # noqa: F401  (they connect on import)
