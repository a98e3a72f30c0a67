"""Light or dark, where the reader has chosen: page.js notes it in a cookie, so that pages come in it at once."""

from django.http import HttpRequest

THEMES = {"light", "dark"}


def for_templates(request: HttpRequest) -> dict[str, str]:
    """`theme`; empty where the system decides."""
    chosen = request.COOKIES.get("theme", "")
    return {"theme": chosen if chosen in THEMES else ""}
