from typing import Any

from django.core.management.base import BaseCommand

from cloudflare import drift
from cloudflare.models import Tunnel
from containers import loop


class Command(BaseCommand):
    help = (
        "Compare everything with Docker and Cloudflare at once, and take nothing for granted that was noted of them: "
        "the database may be a backup. Run it after one was restored; it does no harm at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        # Cloudflare is not asked what a tunnel's ingress is in a pass: what was written last is noted.
        Tunnel.objects.exclude(tunnel_id="").ring(config_digest="")
        differ = set(drift.survey())
        for controller in loop.controllers():
            controller.model.objects.exclude(next_check_at=None).ring()  # those at rest have nothing outside
        self.stdout.write(
            f"{len(differ)} hostnames are not at Cloudflare as they were written, and are written anew. The next sweep "
            "has everything else looked at."
        )
