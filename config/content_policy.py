"""What a browser may load on Warren's pages: only what Warren itself serves, and no script or style within a page.

The admin is left out: its widgets, and those of whoever extends it, bring styles of their own.
"""

from typing import Any

from csp.constants import NONCE, NONE, SELF


def policy(team_domain: str) -> dict[str, Any]:
    """django-csp's setting. `team_domain` is where Access sends whoever signs out, or was signed out; maybe empty."""
    directives = {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],  # the terminal makes its style sheets in the page
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],  # websockets to the same host and port included
        "form-action": [SELF, *([f"https://{team_domain}"] if team_domain else [])],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
    return {"EXCLUDE_URL_PREFIXES": ("/admin/",), "DIRECTIVES": directives}
