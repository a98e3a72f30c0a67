"""Alice's pages of a container, Gina whom she shares it with, and the words that they read."""

import datetime
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Grant
from containers.models import Condition, Container
from tenants.models import User
from tests.conftest import converge
from tests.pages.conftest import signed_in

DAY = datetime.timedelta(days=1)


def text(answer: Any) -> str:
    """The words of a page, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.fixture
def alice(owner: User, box: Container) -> Client:
    return signed_in(owner)


@pytest.fixture
def people(box: Container) -> str:
    return f"/containers/{box.pk}/people/"


def give(client: Client, people: str, **fields: Any) -> Any:
    return client.post(people, {"email": "gina@example.com", "permission": "view", "end": "week", **fields})


def answering() -> None:
    """As behind a connector, which the engine in memory does not run."""
    converge()
    Condition.objects.update(status=True, message="")


def days(grant: Grant) -> float | None:
    return grant.expires_at and round((grant.expires_at - timezone.now()) / DAY, 2)
