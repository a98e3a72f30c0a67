from django.apps import AppConfig


class CloudflareApp(AppConfig):
    name = "cloudflare"

    def ready(self) -> None:
        from cloudflare import placement, reconcile, signals, visits  # noqa: F401  (register and connect on import)
