"""A second engine, on a file system that can limit what a container writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.engines import second_engine, without_cgroups

PREFIX = "warren-btrfs-"  # of the folder of such an engine, and of its cgroups


@pytest.fixture
def btrfs() -> Iterator[str]:
    """The address of an engine on btrfs that is there for this test alone."""
    without_cgroups(f"{PREFIX}*")  # of runs that were killed; all else of theirs went by itself
    with second_engine(Path(__file__).parent / "btrfs-engine", PREFIX) as url:
        yield url
