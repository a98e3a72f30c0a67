"""A mail server that delivers to nobody: whatever is sent to it can be read at `/mailbox`."""

import asyncio
import base64
import secrets
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from cloudflare.simulator.state import World

MAX_MAIL = 512 * 1024  # bytes of one, as SMTP is told
MAX_ALL = 8 * 1024 * 1024  # bytes of all, encoded: they are written with the rest of the state


class Mailbox:
    """`await start(…)`, then `stop()`. The handler of aiosmtpd: its methods have that library's names."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns where."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", data_size_limit=MAX_MAIL, enable_SMTPUTF8=True, loop=loop),
            host,
            port,
        )
        bound = self._server.sockets[0].getsockname()
        return bound[0], bound[1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        keep(self._world, str(envelope.mail_from or ""), [str(name) for name in envelope.rcpt_tos], raw)
        return "250 OK"


def keep(world: World, sender: str, recipients: list[str], raw: bytes) -> None:
    """The newest ones stay, as many as there is room for."""
    row: dict[str, Any] = {
        "id": secrets.token_hex(8),
        "received_at": world.stamp(),
        "sender": sender,
        "recipients": recipients,
        "raw": base64.b64encode(raw).decode(),
    }
    world.mails.append(row)
    while len(world.mails) > 1 and sum(len(mail["raw"]) for mail in world.mails) > MAX_ALL:
        world.mails.popleft()
    world.changed("mail", row["id"])


def newest(world: World, to: str = "") -> list[dict[str, Any]]:
    """The newest first; `to`: those to this address alone."""
    wanted = to.strip().casefold()
    return [
        row for row in reversed(world.mails) if not wanted or wanted in {name.casefold() for name in row["recipients"]}
    ]


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A mail taken apart; `text` and `html` are empty where it has no such part."""
    message = message_from_bytes(base64.b64decode(row["raw"]), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return {
        "id": row["id"],
        "received_at": row["received_at"],
        "from": _header(message, "From") or row["sender"],
        "to": row["recipients"],
        "subject": _header(message, "Subject"),
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
    }


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except (ValueError, IndexError, AttributeError):  # the parser of the library stumbles over some that are broken
        return ""


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    try:
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
    except (LookupError, ValueError):  # an encoding that does not exist
        return ""
