from django.apps import AppConfig


class AccessApp(AppConfig):
    name = "access"

    def ready(self) -> None:
        from access import letters, signals, visibility  # noqa: F401  (register, connect and plug in on import)
