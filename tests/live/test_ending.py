"""How a log and a terminal end with what they live by, and that a socket is closed before anything else is seen to."""

import asyncio
import threading
from typing import Any

import pytest

from containers.models import Container
from monitoring import terminals
from monitoring.live import stream
from tenants.models import Tenant, User
from tests.live.conftest import FakeAgent, Open, put_out
from tests.parts import slowness

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.mark.parametrize(
    ("how", "code"), [("signed out", 4401), ("password", 4401), ("removed", 4403), ("deleted", 4409)]
)
async def test_a_log_and_a_terminal_end_with_what_they_live_by(
    page: Open, owner: User, box: Container, tenant: Tenant, agent: FakeAgent, how: str, code: int
) -> None:
    log = await page(owner, f"/ws/containers/{box.pk}/logs/")
    shell = await page(owner, f"/ws/containers/{box.pk}/terminal/")
    await log.until("opened")
    await shell.until("opened")

    began = asyncio.get_running_loop().time()
    await put_out(owner, box, how, log, shell)
    assert [await log.closed(), await shell.closed()] == [code, code]
    assert asyncio.get_running_loop().time() - began < 2 * slowness()
    word = {4401: "signed_out", 4403: "revoked", 4409: "gone"}[code]
    await agent.has_closed(word, word)


async def test_a_socket_is_closed_before_its_end_is_noted(
    page: Open, owner: User, box: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database may take its time, or fail."""
    monkeypatch.setattr(stream, "OPENING", 0.2)
    free, noted = threading.Event(), threading.Event()

    def fails(*args: Any) -> None:
        assert free.wait(10)
        noted.set()
        raise RuntimeError("the database is away")

    monkeypatch.setattr(terminals, "never_begun", fails)
    mine = await page(owner, f"/ws/containers/{box.pk}/terminal/")
    try:
        assert await mine.closed() == 4503
        assert not noted.is_set()
    finally:
        free.set()
    await mine.socket.disconnect()
    assert noted.is_set()
    assert "was not seen to" in caplog.text
