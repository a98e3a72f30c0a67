from django.apps import AppConfig


class ContainersApp(AppConfig):
    name = "containers"

    def ready(self) -> None:
        from containers import attention, deeds, network_loop, reconcile, signals  # noqa: F401  (register and connect on import)
        from containers.archives import controller  # noqa: F401  (the same)
