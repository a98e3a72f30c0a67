"""Alice as a program."""

import pytest
from rest_framework.test import APIClient

from tenants.models import Tenant, User
from tests.tenants.recorded import signed_in


@pytest.fixture
def api(owner: User, tenant: Tenant) -> APIClient:
    return signed_in(owner)
