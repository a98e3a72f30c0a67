"""What a call to Cloudflare may raise. `retryable` and the stable `code` stand on the class.

CloudflareError
├── Unreachable          no answer: connection, DNS, timeout                 retryable
├── Paced                our own budget is used up; nothing was sent         retryable, with retry_after
└── ApiError             an answer that says no
    ├── NotFound         404
    ├── Conflict         there is one already (tunnel name, DNS name, application)
    ├── LimitReached     a limit of the account or the zone
    ├── ActiveConnections  a tunnel still has connections (1022)            retryable
    ├── Unauthorized     the token is wrong, expired or lacks a permission
    ├── Rejected         anything else that is our fault
    ├── Throttled        429                                                 retryable, with retry_after
    └── Broken           5xx, or no answer in Cloudflare's format            retryable

`ambiguous` on an error of a creation means: the work may have been done all the same.
"""

from collections.abc import Sequence


class CloudflareError(Exception):
    code = "cloudflare_error"
    retryable = False
    retry_after: float | None = None
    ambiguous = False
    ray = ""


class Unreachable(CloudflareError):
    code = "cloudflare_unreachable"
    retryable = True

    def __init__(self, reason: str, *, ambiguous: bool = False) -> None:
        super().__init__(f"Cloudflare did not answer: {reason}")
        self.ambiguous = ambiguous


class Paced(CloudflareError):
    code = "cloudflare_paced"
    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"the budget of calls is used up for {retry_after:.1f} s")
        self.retry_after = retry_after


class ApiError(CloudflareError):
    """`codes` are Cloudflare's; the text names status, codes, messages and the ray, never the body."""

    code = "cloudflare_refused"

    def __init__(
        self,
        status: int,
        codes: Sequence[int] = (),
        message: str = "",
        *,
        ray: str = "",
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        where = f" (ray {ray})" if ray else ""
        super().__init__(f"HTTP {status} {list(codes)}: {message or 'no message'}{where}")
        self.status, self.codes, self.ray = status, tuple(codes), ray
        self.retry_after, self.ambiguous = retry_after, ambiguous


class NotFound(ApiError):
    code = "cloudflare_not_found"


class Conflict(ApiError):
    code = "cloudflare_conflict"


class LimitReached(ApiError):
    code = "cloudflare_limit"


class ActiveConnections(ApiError):
    code = "cloudflare_active_connections"
    retryable = True


class Unauthorized(ApiError):
    code = "cloudflare_unauthorized"


class Rejected(ApiError):
    code = "cloudflare_rejected"


class Throttled(ApiError):
    code = "cloudflare_throttled"
    retryable = True


class Broken(ApiError):
    code = "cloudflare_broken"
    retryable = True


_CONFLICTS = {1013, 81053, 81054, 81057, 81058}
_LIMITS = {1045, 81045}
_LIMIT_WORDS = ("quota", "limit", "maximum", "too many")


def from_answer(
    status: int,
    codes: Sequence[int],
    message: str,
    *,
    ray: str = "",
    retry_after: float | None = None,
    ambiguous: bool = False,
) -> ApiError:
    """The error that an answer stands for, by its status and Cloudflare's codes (reference: API error codes)."""
    found, words = set(codes), message.lower()
    kind: type[ApiError]
    if found & _LIMITS:  # before 429: the tunnel quota has been seen with that status
        kind = LimitReached
    elif status == 429:
        kind = Throttled
    elif status >= 500 or status < 400:
        kind = Broken
    elif status == 404 or 81044 in found:
        kind = NotFound
    elif found & _CONFLICTS or status == 409 or "already_exists" in words:
        kind = Conflict
    elif 1022 in found:
        kind = ActiveConnections
    elif status in {401, 403} or found & {9109, 10000, 10001, 6003}:
        kind = Unauthorized
    elif any(word in words for word in _LIMIT_WORDS):
        kind = LimitReached
    else:
        kind = Rejected
    return kind(
        status,
        codes,
        message,
        ray=ray,
        retry_after=retry_after,
        ambiguous=ambiguous and kind in {Broken, Throttled},
    )
