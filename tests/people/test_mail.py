"""Mail: kept with its event, sent at most once, limited, and made only when it is sent."""

import datetime
import smtplib
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email import message_from_string, policy
from typing import Any

import pytest
import time_machine
from django.core import mail as django_mail
from django.db import connection, transaction
from django.utils import timezone

from tenants import accounts
from tenants.mail import outbox
from tenants.models import AuditEvent, Mail, MailKind, Tenant, User
from tenants.tasks import sweep_mail
from tests.installation import celery
from tests.parts import Cloud, wait_until
from tests.people.conftest import api, pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_registration")]
Delivered = Callable[[], list[Any]]


class Server(socketserver.ThreadingTCPServer):
    """A mail server on the loopback address; `answers` says what it replies to a command, if not the usual."""

    daemon_threads = True

    def __init__(self, **answers: str) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers, self.got = answers, list[str]()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Talk(socketserver.StreamRequestHandler):
    server: Server

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            answer = self.server.answers.get(verb)
            if answer == "hang up":
                return
            if answer is None and verb == "DATA":
                self.say("354 go on")
                lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                self.server.got.append("".join(lines))
                if self.server.answers.get("END") == "hang up":
                    return
            self.say(answer or ("221 bye" if verb == "QUIT" else "250 fine"))


@contextmanager
def server(settings: Any = None, **answers: str) -> Iterator[Server]:
    with Server(**answers) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        if settings:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.server_address[1]
        yield running
        running.shutdown()


def queued(kind: MailKind = MailKind.SIGN_UP, to: str = "dora@example.com") -> Mail:
    return outbox.post(kind, to)


def seen(mail: Mail) -> tuple[str, int]:
    mail.refresh_from_db()
    return mail.state, mail.failures


def test_it_goes_with_its_event_or_not_at_all(settings: Any, delivered: Delivered) -> None:
    with transaction.atomic():
        accounts.ask("dora@example.com")
        transaction.set_rollback(True)
    assert Mail.objects.count() == 0
    accounts.ask("dora@example.com")
    row = Mail.objects.get()
    (message,) = delivered()
    secret = message.body.partition("/sign-up/")[2].split()[0].rstrip("/")
    assert secret not in str(list(Mail.objects.values()))
    assert (row.to, row.about) == ("dora@example.com", "")
    assert message.from_email == settings.DEFAULT_FROM_EMAIL


def test_a_broker_that_is_away_costs_time_only(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        assert api().post("/api/v1/sign-up/", {"email": "dora@example.com"}, format="json").status_code == 202
    assert len(callbacks) == 1
    assert outbox.due() == [Mail.objects.get().pk]


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


def test_what_is_done_is_forgotten_after_a_month(delivered: Delivered) -> None:
    queued()
    delivered()
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        waiting = queued()
        outbox.tidy()
    assert list(Mail.objects.all()) == [waiting]


def test_names_break_out_of_no_header_and_no_page(owner: User, tenant: Tenant, delivered: Delivered) -> None:
    Tenant.objects.update(name="Evil\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>")
    owner.email = "a'\"b@example.com"
    owner.save()
    api(owner).post("/api/v1/tenants/acme/invitations/", {"email": "dora@example.com"}, format="json")
    (sent,) = delivered()
    parsed = message_from_string(sent.message().as_string(), policy=policy.default)
    assert parsed["Bcc"] is None
    assert "Evil Bcc: all@example.com" in parsed["Subject"]
    html = sent.alternatives[0][0]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_limits_are_the_same_for_whoever_has_an_account(settings: Any, owner: User) -> None:
    settings.MAIL_PER_ADDRESS = "3/3600"
    for url in ("/api/v1/password-reset/", "/api/v1/sign-up/"):
        for email in (owner.email, f"{url[8:12]}@example.com"):
            settings.REDIS_URL = f"{settings.REDIS_URL.partition('?')[0]}?db=40"
            _forget_counts()
            codes = [api().post(url, {"email": email.upper()}, format="json").status_code for _ in range(4)]
            assert codes == [202, 202, 202, 429]
    answer = api().post("/api/v1/sign-up/", {"email": "sign@example.com"}, format="json")
    assert answer.json()["code"] == "mail_limit"
    assert 0 < int(answer["Retry-After"]) <= 3600
    page = pages().post("/password-reset/", {"email": "sign@example.com"})
    assert (page.status_code, "Too many mails" in page.content.decode()) == (429, True)
    assert AuditEvent.objects.filter(outcome="refused", reason="mail_limit").count() == 6
    _forget_counts()


def test_one_client_does_not_mail_the_world(settings: Any, owner: User, tenant: Tenant) -> None:
    settings.MAIL_PER_IP, settings.REDIS_URL = "4/3600", f"{settings.REDIS_URL.partition('?')[0]}?db=41"
    _forget_counts()
    url = "/api/v1/tenants/acme/invitations/"
    codes = [api(owner).post(url, {"email": f"d{n}@example.com"}, format="json").status_code for n in range(5)]
    assert codes == [201, 201, 201, 201, 429]
    elsewhere = api().post(
        "/api/v1/password-reset/", {"email": "x@example.com"}, format="json", REMOTE_ADDR="192.0.2.8"
    )
    assert elsewhere.status_code == 202
    _forget_counts()


def test_without_redis_each_process_counts_for_itself(settings: Any, owner: User) -> None:
    settings.MAIL_PER_ADDRESS, settings.REDIS_URL = "2/3600", "unix:///nowhere/redis.sock"
    email = "lonely@example.com"
    codes = [api().post("/api/v1/password-reset/", {"email": email}, format="json").status_code for _ in range(3)]
    assert codes == [202, 202, 429]


def _forget_counts() -> None:
    from django.conf import settings
    from redis import Redis

    with closing(Redis.from_url(settings.REDIS_URL)) as redis:
        redis.flushdb()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_from_the_request_to_a_mail_server(settings: Any, owner: User, cloud: Cloud, mark: str) -> None:
    """By a worker and a beat in processes of their own; the second mail's doorbell is lost, and the sweep finds it."""
    with server() as running, celery(cloud, mark, EMAIL_URL=running.url):
        assert api().post("/api/v1/password-reset/", {"email": owner.email}, format="json").status_code == 202
        wait_until(lambda: len(running.got) == 1, 30)
        parsed: Any = message_from_string(running.got[0], policy=policy.default)
        assert (parsed["To"], parsed["Auto-Submitted"]) == ("alice@example.com", "auto-generated")
        text = parsed.get_body(("plain",)).get_content()
        path = next(line for line in text.splitlines() if "/password-reset/" in line).removeprefix("http://testserver")
        assert pages().post(path, {"password": "correct horse battery"}).headers["Location"] == "/sign-in/"
        lost = Mail.objects.create(kind=MailKind.PASSWORD_RESET, to=owner.email)
        sweep_mail()
        wait_until(lambda: len(running.got) == 2, 30)
        wait_until(lambda: seen(lost)[0] == "sent", 10)


def test_it_works_with_files(settings: Any, tmp_path: Any) -> None:
    """As an embedded installation has it."""
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", tmp_path
    mail = queued()
    outbox.send(mail.pk)
    (file,) = tmp_path.iterdir()
    assert "Subject: Warren: Confirm your e-mail address" in file.read_text()
    assert seen(mail)[0] == "sent"
    assert django_mail.outbox == []


def test_the_fakes_of_this_file_are_what_smtplib_thinks(settings: Any) -> None:
    with server() as running, smtplib.SMTP("127.0.0.1", running.server_address[1], timeout=5) as client:
        assert client.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nhello") == {}
        assert "hello" in running.got[0]
