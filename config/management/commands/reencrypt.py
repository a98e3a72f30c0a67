from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from tenants import encryption


class Command(BaseCommand):
    help = (
        "Write every secret in the database anew that the first of ENCRYPTION_KEYS did not encrypt; afterwards the "
        "other keys can go. Run it while everything runs, as often as you like, once all programs know the first key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = encryption.reencrypt()
        except ImproperlyConfigured as exc:
            raise CommandError(f"{exc}. Nothing is lost: put that key back behind the others, and try again.") from exc
        self.stdout.write(
            f"{found.anew} of {found.all} secrets were written anew. All that is in the database now opens with the "
            "first of ENCRYPTION_KEYS; a backup from before still needs the others."
        )
