"""Keeps the ids of all applications that were ever made for a container."""

from cloudflare.models import Application, Publication


def note(publication: Publication, app_id: str) -> None:
    """Of one that was just seen to stand over the publication's hostname; again is fine."""
    whose = {"account_id": publication.zone.account_id, "container_id": publication.container_id}
    Application.objects.bulk_create([Application(app_id=app_id, **whose)], ignore_conflicts=True)
