"""Whatever is sent by SMTP can be read, and nothing in it runs."""

import smtplib
from email.message import EmailMessage
from typing import Any

import pytest
import requests

from tests.parts import Cloud

TEXT = "Hello <you>,\n\nopen http://localhost:8000/invitations/abc?x=1&y=2.\n"
HTML = "<html><head><title>x</title></head><body><script>alert(1)</script><a href='http://localhost/'>Open</a></body></html>"


def letter(to: str, subject: str, text: str = TEXT, html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Warren <warren@localhost>", to, subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def send(cloud: Cloud, *mails: EmailMessage) -> None:
    host, _, port = cloud.facts["smtp"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=5) as client:
        for mail in mails:
            client.send_message(mail)


def page(cloud: Cloud, path: str, **headers: str) -> requests.Response:
    return requests.get(cloud.facts["edge"] + path, headers=headers, timeout=5)


def test_a_mail_is_caught(cloud: Cloud) -> None:
    send(cloud, letter("alice@example.com", "Grüße"), letter("bob@example.com", "Second", html=HTML))
    second, first = cloud.mails()
    assert (first["subject"], first["from"], first["to"]) == (
        "Grüße",
        "Warren <warren@localhost>",
        ["alice@example.com"],
    )
    assert (first["text"].strip(), first["html"]) == (TEXT.strip(), "")
    assert second["html"].strip() == HTML
    assert [mail["id"] for mail in cloud.mails(to="Alice@Example.com")] == [first["id"]]
    assert cloud.mails(to="charlie@example.com") == []
    assert "mails" not in cloud.state()


def test_it_opens_on_a_page(cloud: Cloud) -> None:
    send(cloud, letter("alice@example.com", "<b>First</b>"), letter("bob@example.com", "Second", html=HTML))
    listed = page(cloud, "/mailbox")
    assert "&lt;b&gt;First&lt;/b&gt;" in listed.text
    assert listed.text.index("Second") < listed.text.index("First")
    second, first = cloud.mails()
    plain = page(cloud, f"/mailbox/{first['id']}")
    assert "Hello &lt;you&gt;" in plain.text
    where = "http://localhost:8000/invitations/abc?x=1&amp;y=2"
    assert f'<a href="{where}" rel=noreferrer>{where}</a>.' in plain.text
    assert "<iframe" not in plain.text
    framed = page(cloud, f"/mailbox/{second['id']}")
    assert "<script" not in framed.text
    sandbox = framed.text.partition('sandbox="')[2].partition('"')[0]
    assert "allow-scripts" not in sandbox
    assert "allow-same-origin" not in sandbox
    part = page(cloud, f"/mailbox/{second['id']}/html")
    assert '<base target="_top">' in part.text
    assert {"default-src 'none'", f"sandbox {sandbox}"} <= set(part.headers["Content-Security-Policy"].split("; "))
    assert page(cloud, "/mailbox/nothing").status_code == 404
    cloud.reset()
    assert page(cloud, f"/mailbox/{second['id']}").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8787", 200),
        ("127.0.0.1", 200),
        ("[::1]:8787", 200),
        ("evil.example:8787", 403),
        ("evil.example", 403),
    ],
)
def test_another_sites_name_does_not_lead_there(cloud: Cloud, host: str, status: int) -> None:
    assert page(cloud, "/mailbox", Host=host).status_code == status


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no headers at all",
        b"Subject: =?x-none?b?AAAA?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n",
        b"From: @@@ <\r\nTo: ;;\r\nSubject: a\r\n b\r\nContent-Type: text/html\r\n\r\n<p>x",
    ],
)
def test_a_strange_mail_is_shown_as_well_as_can_be(cloud: Cloud, raw: bytes) -> None:
    host, _, port = cloud.facts["smtp"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=5) as client:
        client.sendmail("a@example.com", ["b@example.com"], raw)
    (mail,) = cloud.mails()
    for path in ("", f"/{mail['id']}", f"/{mail['id']}/html"):
        assert page(cloud, f"/mailbox{path}").status_code == 200


def test_the_newest_200_stay(cloud: Cloud) -> None:
    send(cloud, *(letter("alice@example.com", str(number)) for number in range(205)))
    kept: list[dict[str, Any]] = cloud.mails()
    assert [mail["subject"] for mail in kept] == [str(number) for number in range(204, 4, -1)]
    with pytest.raises(smtplib.SMTPResponseException):
        send(cloud, letter("alice@example.com", "large", text="x\n" * 400_000))
    assert len(cloud.mails()) == 200
