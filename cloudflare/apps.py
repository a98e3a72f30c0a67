from django.apps import AppConfig


class CloudflareApp(AppConfig):
    name = "cloudflare"

    def ready(self) -> None:
        from cloudflare import (  # noqa: F401  (register, connect and plug in on import)
            attention,
            capacity,
            deeds,
            late,
            layers,
            placement,
            reconcile,
            signals,
            visits,
        )
        from cloudflare.entrance import sockets  # noqa: F401
