from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TenantsApp(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import deeds, signals, triggers  # noqa: F401  (they plug in on import)

        post_migrate.connect(triggers.after_migrate, sender=self)
