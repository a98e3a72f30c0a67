"""The pages that the edge shows of its own. Everything that came from outside is escaped."""

from html import escape

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto;padding:0 1rem;color-scheme:light dark}"
    "h1{font-size:1.4rem}input,button{font:inherit;padding:.5rem .7rem;width:100%;box-sizing:border-box;margin:.3rem 0}"
    "small{opacity:.75}code{overflow-wrap:anywhere}"
)


def _page(title: str, content: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>{content}"
        "<p><small>Simulated Cloudflare: this page stands in for Cloudflare's own.</small></html>"
    )


def sign_in(app_name: str, host: str, redirect: str, nonce: str, problem: str = "") -> str:
    wrong = f"<p role=alert><strong>{escape(problem)}</strong></p>" if problem else ""
    return _page(
        "Sign in",
        f"<p>to open <code>{escape(host)}</code></p>{wrong}"
        "<form method=post>"
        f'<input type=hidden name=redirect_url value="{escape(redirect)}">'
        f'<input type=hidden name=nonce value="{escape(nonce)}">'
        "<label for=email>E-mail address</label>"
        "<input id=email name=email type=email required autofocus autocomplete=email>"
        "<button>Sign in</button></form>"
        "<p><small>No code is sent: here, whoever types an address is taken to own it.</small></p>",
    )


def forbidden(email: str, host: str, again: str) -> str:
    return _page(
        "You cannot open this",
        f"<p><strong>{escape(email)}</strong> has not been given access to <code>{escape(host)}</code>."
        " Ask whoever sent you the address.</p>"
        f'<p><a href="{escape(again)}">Sign in as somebody else</a></p>',
    )


def trouble(title: str, content: str) -> str:
    return _page(title, f"<p>{escape(content)}</p>")
