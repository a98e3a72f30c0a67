"""The pages that the edge shows of its own. Everything that came from outside is escaped."""

from collections.abc import Iterable, Mapping
from html import escape

from cloudflare.simulator.markup import document

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto;padding:0 1rem}"
    ":root{color-scheme:light dark;background:Canvas}"
    "h1{font-size:1.4rem}input,textarea,button{font:inherit;padding:.5rem .7rem;"
    "width:100%;box-sizing:border-box;margin:.3rem 0}"
    "small{opacity:.75}code{overflow-wrap:anywhere}li{margin:.5rem 0}"
)


def _page(title: str, content: str) -> str:
    note = "<p><small>Simulated Cloudflare: this page stands in for Cloudflare's own.</small>"
    return document(title, content + note, _STYLE)


def choice(host: str, links: Iterable[tuple[str, str]]) -> str:
    """What one can sign in by: names and addresses."""
    rows = "".join(f'<li><a href="{escape(where)}">{escape(name)}</a>' for name, where in links)
    return _page("Sign in", f"<p>to open <code>{escape(host)}</code>, with</p><ul>{rows}</ul>")


def one_time_pin(host: str, hidden: Mapping[str, str], problem: str = "") -> str:
    return _sign_in(
        f"<p>to open <code>{escape(host)}</code></p>",
        hidden,
        problem,
        "",
        "No code is sent: here, whoever types an address is taken to own it.",
    )


def oidc(host: str, provider: str, claims: Iterable[str], hidden: Mapping[str, str], problem: str = "") -> str:
    names = ", ".join(claims) or "none"
    return _sign_in(
        f"<p>with {escape(provider)}, to open <code>{escape(host)}</code></p>",
        hidden,
        problem,
        "<label for=claims>Claims, as one JSON object</label>"
        "<textarea id=claims name=claims rows=5 spellcheck=false>{}</textarea>",
        f"Here you are the identity provider: what you type is what it would tell. Claims that are handed on: {names}.",
    )


def _sign_in(introduction: str, hidden: Mapping[str, str], problem: str, more: str, note: str) -> str:
    wrong = f"<p role=alert><strong>{escape(problem)}</strong></p>" if problem else ""
    fields = "".join(f'<input type=hidden name={name} value="{escape(value)}">' for name, value in hidden.items())
    return _page(
        "Sign in",
        f"{introduction}{wrong}<form method=post>{fields}"
        "<label for=email>E-mail address</label>"
        "<input id=email name=email type=email required autofocus autocomplete=email>"
        f"{more}<button>Sign in</button></form><p><small>{escape(note)}</small></p>",
    )


def forbidden(email: str, host: str, again: str) -> str:
    return _page(
        "You cannot open this",
        f"<p><strong>{escape(email)}</strong> has not been given access to <code>{escape(host)}</code>."
        f" {_whom_to_ask(again)}",
    )


def no_seat(email: str, host: str, again: str) -> str:
    return _page(
        "There is no seat left",
        f"<p><strong>{escape(email)}</strong> may open <code>{escape(host)}</code>, but every seat of the organization"
        f" is taken. {_whom_to_ask(again)}",
    )


def _whom_to_ask(again: str) -> str:
    return f'Ask whoever sent you the address.</p><p><a href="{escape(again)}">Sign in as somebody else</a></p>'


def trouble(title: str, content: str) -> str:
    return _page(title, f"<p>{escape(content)}</p>")
