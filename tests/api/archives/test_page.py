"""The page of a container's data: it prepares, shows, restores and cancels."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Archive, Container
from tenants.models import User
from tests.api.archives.conftest import content, export, names, tar
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(api: APIClient, owner: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    return client


def _token(page: Client, where: str) -> str:
    return str(page.get(where).context["csrf_token"])


def test_what_the_page_cancels(page: Client, api: APIClient, box: str) -> None:
    export(api, box)
    where = f"/containers/{Container.objects.get().pk}/data/"
    token = _token(page, where)
    cancel = f"{where}{Archive.objects.get().pk}/cancel/"
    assert cancel in page.get(where).content.decode()
    said = page.post(cancel, {"csrfmiddlewaretoken": token}, follow=True).content.decode()
    assert "It is being cancelled" in said
    converge()
    assert Archive.objects.get().code == "archive_cancelled"
    assert cancel not in page.get(where).content.decode()


def test_the_page_prepares_shows_and_restores(page: Client, api: APIClient, box: str, memory: MemoryEngine) -> None:
    where = f"/containers/{Container.objects.get().pk}/data/"
    assert "This replaces everything" in page.get(where).content.decode()
    token = _token(page, where)
    assert page.post(f"{where}export/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert "Queued" in page.get(where).content.decode()
    converge()
    link = f"{box.partition('testserver')[2]}exports/{Archive.objects.get().pk}/download/"
    assert link in page.get(where).content.decode()
    assert names(page.get(link).getvalue()) == ["."]
    upload = SimpleUploadedFile("x.tgz", tar(a="1"))
    assert page.post(f"{where}restore/", {"file": upload}).status_code == 403, "no token"
    upload.seek(0)
    answer = page.post(f"{where}restore/", {"file": upload, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    assert "archive_in_progress" not in page.get(where).content.decode()
    again = page.post(f"{where}restore/", {"file": upload, "csrfmiddlewaretoken": token}, follow=True)
    assert "wait until that is done" in again.content.decode()
    converge()
    assert content(memory) == ["data/a"]
    empty = page.post(f"{where}restore/", {"csrfmiddlewaretoken": token})
    assert "This field is required" in empty.content.decode()
