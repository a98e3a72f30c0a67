"""Alice as a program: a client of the API that is signed in as her, and a container of hers that runs."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Template
from tenants.models import Tenant, User
from tests.conftest import converge

URL = "/api/v1/containers/"


@pytest.fixture
def api(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner)
    return client


@pytest.fixture
def box(api: APIClient) -> str:
    url: str = api.post(URL, {"name": "box", "template": "hello"}, format="json").headers["Location"]
    converge()
    return url
