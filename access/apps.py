from django.apps import AppConfig


class AccessApp(AppConfig):
    name = "access"

    def ready(self) -> None:
        from access import visibility  # noqa: F401  (plugs itself into containers on import)
