"""A mail server on the loopback address, and mails that wait for it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenants.mail import outbox
from tenants.models import Mail, MailKind


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
