from django.apps import AppConfig


class AccessApp(AppConfig):
    name = "access"

    def ready(self) -> None:
        from access import deeds, guests, letters, signals, visibility  # noqa: F401  (they plug in on import)
        from access.visits import last  # noqa: F401  (likewise)
