"""The budget of calls, over threads and processes, with and without Redis."""

import multiprocessing
import time

import pytest
from django.conf import settings

from cloudflare.client import Pacer, Priority, errors


def _uri() -> str:
    return settings.REDIS_URL


def _spend(uri: str, credential: str, tries: int, queue: "multiprocessing.Queue[int]") -> None:
    pacer, admitted = Pacer(uri, credential=credential, rate="100/60"), 0
    for _ in range(tries):
        try:
            pacer.admit()
            admitted += 1
        except errors.Paced:
            break
    queue.put(admitted)


def test_processes_share_one_budget_and_a_fifth_is_kept() -> None:
    credential = f"shared-{time.time()}"
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [context.Process(target=_spend, args=(_uri(), credential, 100, queue)) for _ in range(3)]
    for worker in workers:
        worker.start()
    admitted = sum(queue.get(timeout=30) for _ in workers)
    for worker in workers:
        worker.join()
    assert admitted == 80
    pacer = Pacer(_uri(), credential=credential, rate="100/60")
    for _ in range(20):
        pacer.admit(Priority.URGENT)
    with pytest.raises(errors.Paced) as caught:
        pacer.admit(Priority.URGENT)
    assert 0 < caught.value.retry_after <= 62


def test_the_urgent_use_up_their_own_part_first_and_may_use_the_rest() -> None:
    pacer = Pacer(_uri(), credential=f"urgent-{time.time()}", rate="100/60")
    for _ in range(20):
        pacer.admit(Priority.URGENT)
    for _ in range(79):
        pacer.admit()
    pacer.admit(Priority.URGENT)
    assert pacer.usage() == (100, 100)
    for priority in Priority:
        with pytest.raises(errors.Paced):
            pacer.admit(priority)


def test_two_credentials_do_not_meet() -> None:
    for credential in ("one", "two"):
        pacer = Pacer(_uri(), credential=f"{credential}-{time.time()}", rate="5/60")
        for _ in range(4):
            pacer.admit()


def test_the_window_moves() -> None:
    pacer = Pacer(_uri(), credential=f"moves-{time.time()}", rate="10/1")
    for _ in range(8):
        pacer.admit()
    with pytest.raises(errors.Paced) as caught:
        pacer.admit()
    time.sleep(caught.value.retry_after + 0.05)
    pacer.admit()


def test_a_pause_is_everybodys() -> None:
    credential = f"pause-{time.time()}"
    first, second = (Pacer(_uri(), credential=credential) for _ in range(2))
    first.pause(2)
    for priority in Priority:
        with pytest.raises(errors.Paced) as caught:
            second.admit(priority)
        assert 0 < caught.value.retry_after <= 3


@pytest.mark.parametrize("uri", ["redis", "memory://"])
def test_a_longer_pause_counts_and_a_shorter_one_does_not(uri: str) -> None:
    pacer = Pacer(_uri() if uri == "redis" else uri, credential=f"longer-{time.time()}")
    for seconds in (1, 300, 2):
        pacer.pause(seconds)
    with pytest.raises(errors.Paced) as caught:
        pacer.admit()
    assert 290 < caught.value.retry_after <= 301


def test_a_pause_lasts_until_its_key_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = Pacer(_uri(), credential=f"lasts-{time.time()}")
    pacer.pause(60)
    # What Redis makes of less than half a second that is left: it tells whole ones.
    monkeypatch.setattr(pacer._storage, "get_expiry", lambda key: time.time())
    with pytest.raises(errors.Paced) as caught:
        pacer.admit()
    assert caught.value.retry_after > 0
    pacer._storage.clear(pacer._pause_key)
    pacer.admit()


def test_without_redis_each_process_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    pacer = Pacer("unix:///nowhere/redis.sock", credential="alone", rate="10/60")
    for _ in range(8):
        pacer.admit()
    with pytest.raises(errors.Paced):
        pacer.admit()
    pacer.admit(Priority.URGENT)
    assert "Redis is away" in caplog.text
