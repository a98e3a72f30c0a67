"""A hostname that is published by hand, with a service behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import Cloud
from tests.simulator.parts import ALICE, Site, allow, connector, origin, publish


@pytest.fixture
def service() -> Iterator[str]:
    with origin() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def site(cloud: Cloud, service: str, tmp_path: Path) -> Iterator[Site]:
    found = publish(cloud, "box-acme", service, [allow(ALICE)])
    with connector(cloud, tmp_path / "connector", found.token):
        found.wait()
        yield found
