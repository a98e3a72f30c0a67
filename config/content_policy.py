"""What a browser may load on Warren's pages: only what Warren itself serves, and no script or style within a page.

The admin is let do three things more, and no other: unfold's pages hold expressions that Alpine makes functions of
(`unsafe-eval`), colours and sizes in the page (`unsafe-inline`, of styles alone), and pictures in its style sheets
(`data:`). Whatever it loads is Warren's own there as well, and no script stands in a page.
"""

from typing import Any

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase


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
    return {"DIRECTIVES": directives}


ADMIN = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}


class ContentPolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts: PolicyParts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith("/admin/"):
            parts.replace = {**ADMIN, **(parts.replace or {})}
        return parts
