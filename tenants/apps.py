from django.apps import AppConfig


class TenantsApp(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import signals  # noqa: F401  (connects on import)
