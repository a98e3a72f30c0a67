"""What a browser may load on Warren's pages: only what Warren itself serves, and no script or style within a page.

The admin is left out: its widgets, and those of whoever extends it, bring styles of their own.
"""

from csp.constants import NONCE, NONE, SELF

POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/admin/",),
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],  # the terminal makes its style sheet in the page
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],  # websockets to the same host and port included
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}
