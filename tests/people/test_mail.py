"""Mail: kept with its event, sent at most once, limited, and made only when it is sent."""

import datetime
import smtplib
import socket
import time
from collections.abc import Callable
from contextlib import closing
from email import message_from_string, policy
from typing import Any

import pytest
import time_machine
from django.core import mail as django_mail
from django.db import transaction
from django.utils import timezone

from tenants import accounts
from tenants.mail import limits, outbox
from tenants.models import AuditEvent, Mail, MailKind, Tenant, User
from tenants.tasks import sweep_mail
from tests.installation import celery
from tests.parts import Cloud, wait_until
from tests.people.conftest import api, pages
from tests.people.postal import queued, seen, server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_registration")]
Delivered = Callable[[], list[Any]]


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


def test_one_tenant_does_not_mail_the_world_from_everywhere(settings: Any, owner: User, tenant: Tenant) -> None:
    """Whoever has a network of their own has as many addresses as they like; another owner has one, too."""
    settings.MAIL_PER_TENANT = "3/3600"

    def invited(number: int) -> Any:
        body = {"email": f"e{number}@example.com"}
        url = "/api/v1/tenants/acme/invitations/"
        return api(owner).post(url, body, format="json", REMOTE_ADDR=f"2001:db8:{number:x}::1")

    assert [invited(number).status_code for number in range(3)] == [201] * 3
    answer = invited(4)
    assert (answer.status_code, answer.json()["code"]) == (429, "mail_limit")
    assert 3500 < int(answer["Retry-After"]) <= 3600
    assert Mail.objects.count() == 3
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=61)):
        assert invited(5).status_code == 201
    settings.MAIL_PER_TENANT = "0/3600"
    assert invited(6).status_code == 429


def test_without_redis_each_process_counts_for_itself(settings: Any, owner: User) -> None:
    settings.MAIL_PER_ADDRESS, settings.REDIS_URL = "2/3600", "unix:///nowhere/redis.sock"
    email = "lonely@example.com"
    codes = [api().post("/api/v1/password-reset/", {"email": email}, format="json").status_code for _ in range(3)]
    assert codes == [202, 202, 429]


def test_a_redis_that_hangs_is_away(settings: Any, owner: User) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        settings.REDIS_URL = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        began = time.monotonic()
        limits.admit("waiting@example.com")
        assert time.monotonic() - began < 8


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
