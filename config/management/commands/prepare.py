from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cloudflare import setup as cloudflare_setup
from containers import doorbell, networks
from containers import setup as containers_setup
from containers.engine import images
from containers.engine.base import EngineRefusal
from containers.errors import Failed


class Command(BaseCommand):
    help = (
        "Bring the installation in line with its settings: account, zone, networks, templates. Run it at each release."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            zone = cloudflare_setup.ensure_account()
            cloudflare_setup.verify(zone)
            networks.ensure_connectors_network()
            if settings.ENGINE == "docker":
                self._build_reset()
            if settings.EMBEDDED and settings.ENGINE == "docker":
                images.build_small("connector", cloudflare_setup.CONNECTOR, settings.DOCKER_HOST or None)
                containers_setup.build_images()
                containers_setup.ensure_templates()
        except (cloudflare_setup.SetupError, Failed) as exc:
            raise CommandError(str(exc)) from exc
        doorbell.send("cloudflare.reconcile_zone", zone.pk)
        doorbell.send("cloudflare.refresh_keys", settings.ACCESS_TEAM_DOMAIN)  # else whoever comes first waits
        if options["verbosity"]:
            self.stdout.write(f"Prepared: Cloudflare takes the token, {zone.domain} gets its guard, Docker answers.")

    def _build_reset(self) -> None:
        """Without it everything works but one thing, more roughly: so nothing else waits for it."""
        try:
            images.build_reset(settings.DOCKER_HOST or None)
        except EngineRefusal as exc:
            self.stderr.write(
                f"warren: {exc} Until then, all connections of a tenant are reset when somebody loses access."
            )
