"""Keeps the ids of all applications that were ever made for a container."""

from cloudflare.models import Application, Publication


def note(publication: Publication, app_id: str) -> None:
    """Of one that was just seen to stand over the publication's hostname; again is fine."""
    Application.objects.get_or_create(
        account_id=publication.zone.account_id, app_id=app_id, defaults={"container_id": publication.container_id}
    )
