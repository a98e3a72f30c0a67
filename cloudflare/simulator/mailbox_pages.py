"""`/mailbox`: what the mailbox holds, to look at. Nothing in a mail runs; links in it can be followed."""

import ipaddress
import re
from html import escape

from aiohttp import web

from cloudflare.simulator import mailbox
from cloudflare.simulator.markup import STYLE, document, table
from cloudflare.simulator.state import World

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)
_LEADS_OUT = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
_STYLE = (
    "iframe{width:100%;height:70vh;border:1px solid #8884;background:#fff}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere}dt{font-size:.85rem;opacity:.75}dd{margin:0 0 .5rem}"
)


class MailboxPages:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/mailbox", self.index),
            web.get("/mailbox/{id}", self.mail),
            web.get("/mailbox/{id}/html", self.html),
        ]

    async def index(self, request: web.Request) -> web.Response:
        _check_host(request)
        mails = [mailbox.shown(row) for row in mailbox.newest(self._world)]
        rows = [
            (
                mail["received_at"][:19],
                ", ".join(mail["to"]),
                _Link(f"/mailbox/{mail['id']}", mail["subject"] or "(none)"),
            )
            for mail in mails
        ]
        count = f"Mail, newest first ({len(rows)})"
        back = '<p><a href="/">Simulated Cloudflare</a></p>'
        page = document("Mailbox", back + table(count, ("Received", "To", "Subject"), rows))
        return _answer(page, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")

    async def mail(self, request: web.Request) -> web.Response:
        mail = self._mail(request)
        facts = (("From", mail["from"]), ("To", ", ".join(mail["to"])), ("Received", mail["received_at"][:19]))
        head = "".join(f"<dt>{name}<dd>{escape(value)}" for name, value in facts)
        frame = (
            f'<h2>As HTML</h2><iframe title="The mail" sandbox="{_LEADS_OUT}"'
            f' src="/mailbox/{mail["id"]}/html"></iframe>'
            if mail["html"]
            else ""
        )
        text = f"<h2>As text</h2><pre>{_linked(mail['text'])}</pre>" if mail["text"] else ""
        content = f'<p><a href="/mailbox">Mailbox</a></p><dl>{head}</dl>{frame}{text}'
        page = document(mail["subject"] or "(no subject)", content, STYLE + _STYLE)
        return _answer(page, "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'")

    async def html(self, request: web.Request) -> web.Response:
        """The part by itself, sandboxed also for whoever opens it outside of the frame; links leave the frame."""
        html, base = self._mail(request)["html"], '<base target="_top">'
        found = _HEAD.search(html)
        page = html[: found.end()] + base + html[found.end() :] if found else base + html
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
        return _answer(page, f"{policy}; frame-ancestors 'self'; sandbox {_LEADS_OUT}")

    def _mail(self, request: web.Request) -> dict[str, str]:
        _check_host(request)
        for row in self._world.mails:
            if row["id"] == request.match_info["id"]:
                return mailbox.shown(row)
        raise web.HTTPNotFound(text="There is no such mail, or no longer.")


class _Link:
    """A cell that leads somewhere; `table` asks what has `__html__` for it."""

    def __init__(self, where: str, name: str) -> None:
        self._where, self._name = where, name

    def __html__(self) -> str:
        return f'<a href="{escape(self._where)}">{escape(self._name)}</a>'


def _check_host(request: web.Request) -> None:
    """Mails hold links that sign people in: a site that has its own name lead to this machine must not read them."""
    name = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    if name != "localhost":
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            raise web.HTTPForbidden(text="The mailbox is at localhost.") from None


def _linked(text: str) -> str:
    """Escaped, with its addresses as links."""
    parts, at = [], 0
    for found in _LINK.finditer(text):
        where = escape(found[0])
        parts += [escape(text[at : found.start()]), f'<a href="{where}" rel=noreferrer>{where}</a>']
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _answer(page: str, policy: str) -> web.Response:
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(text=page, content_type="text/html", headers=headers)
