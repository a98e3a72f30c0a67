"""The outbox: a mail is sent once, whatever dies, hangs up or says no; and not lost before anything was said of it."""

import datetime
import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tenants.mail import letters, outbox
from tenants.models import Mail
from tests.people.postal import queued, seen, server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_registration")]
Delivered = Callable[[], list[Any]]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_workers_send_one(settings: Any) -> None:
    with server(settings) as running:
        mail = queued()

        def send(_: int) -> None:
            with closing(connection):
                outbox.send(mail.pk)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(send, range(12)))
        assert len(running.got) == 1
    assert seen(mail) == ("sent", 0)


def test_a_server_that_is_away_is_tried_again(settings: Any) -> None:
    with server(settings) as running:
        pass  # its port is closed again
    mail = queued()
    outbox.send(mail.pk)
    assert seen(mail) == ("queued", 1)
    assert "ConnectionRefusedError" in mail.reason
    outbox.send(mail.pk)
    assert seen(mail) == ("queued", 1), "not before its time"
    with time_machine.travel(timezone.now() + datetime.timedelta(seconds=61)), server(settings) as running:
        assert outbox.due() == [mail.pk]
        outbox.send(mail.pk)
        assert len(running.got) == 1
    assert seen(mail) == ("sent", 1)


def test_one_that_never_goes_fails_in_the_end(settings: Any) -> None:
    with server(settings):
        pass
    mail, now = queued(), timezone.now()
    for hours in range(7):
        with time_machine.travel(now + datetime.timedelta(hours=hours * 7)):
            outbox.send(mail.pk)
    assert seen(mail) == ("failed", 5)
    assert mail.next_try_at is None


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"RCPT": "550 no such person"}, "failed"),
        ({"RCPT": "450 later"}, "queued"),
        ({"MAIL": "421 busy"}, "queued"),
        ({"DATA": "554 spam"}, "failed"),
        ({"END": "hang up"}, "failed"),  # it may have arrived: once more could be twice
        ({"EHLO": "hang up", "HELO": "hang up"}, "queued"),
    ],
)
def test_what_a_server_says(settings: Any, answers: dict[str, str], state: str) -> None:
    with server(settings, **answers):
        mail = queued()
        outbox.send(mail.pk)
    assert seen(mail)[0] == state
    assert mail.reason


def test_one_whose_worker_died_is_not_sent_twice(delivered: Delivered) -> None:
    mail = queued()
    Mail.objects.update(state="sending", next_try_at=timezone.now() + outbox.PATIENCE)
    outbox.tidy()
    assert (seen(mail)[0], delivered()) == ("sending", [])
    with time_machine.travel(timezone.now() + outbox.PATIENCE + datetime.timedelta(seconds=1)):
        outbox.tidy()
        assert (seen(mail)[0], delivered()) == ("failed", [])


@pytest.mark.parametrize("step", [(letters, "compose"), (smtplib.SMTP, "ehlo_or_helo_if_needed")])
def test_one_whose_worker_dies_before_anything_was_said_of_it_is_sent_after_all(
    settings: Any, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str]
) -> None:
    class Killed(BaseException):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    with server(settings) as running:
        mail = queued()
        with monkeypatch.context() as patched:
            patched.setattr(*step, die)
            with pytest.raises(Killed):
                outbox.send(mail.pk)
        assert (seen(mail), outbox.due()) == (("queued", 0), [mail.pk])
        outbox.send(mail.pk)
        assert len(running.got) == 1


def test_one_that_cannot_be_written_is_tried_again_and_fails_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(mail: Mail) -> None:
        raise ValueError("no such word")

    monkeypatch.setattr(letters, "compose", fail)
    mail, now = queued(), timezone.now()
    outbox.send(mail.pk)
    assert seen(mail) == ("queued", 1)
    assert "no such word" in mail.reason
    for hours in range(1, 7):
        with time_machine.travel(now + datetime.timedelta(hours=hours * 7)):
            outbox.send(mail.pk)
    assert seen(mail) == ("failed", 5)


def test_who_writes_it_while_another_sends_it_does_nothing(
    delivered: Delivered, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, compose = queued(), letters.compose

    def meanwhile(mail: Mail) -> None:
        monkeypatch.setattr(letters, "compose", compose)
        outbox.send(mail.pk)
        raise ValueError("too late")

    monkeypatch.setattr(letters, "compose", meanwhile)
    outbox.send(mail.pk)
    assert (seen(mail), len(delivered())) == (("sent", 0), 1)
