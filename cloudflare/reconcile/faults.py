"""From the client's errors to the loop's: what people read never holds Cloudflare's own text."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloudflare.client import errors
from containers.errors import Retryable, Terminal

_WORDS: dict[type[errors.CloudflareError], str] = {
    errors.Unreachable: "Cloudflare cannot be reached; this is tried again by itself.",
    errors.Throttled: "Cloudflare's limit of calls is used up for the moment; this goes on by itself.",
    errors.Paced: "Cloudflare's limit of calls is used up for the moment; this goes on by itself.",
    errors.Broken: "Cloudflare answered with a fault of its own; this is tried again by itself.",
    errors.LimitReached: "The Cloudflare account has reached a limit; whoever runs Warren can add an account.",
    errors.Unauthorized: "Cloudflare refused the API token; whoever runs Warren must renew it.",
    errors.ActiveConnections: "Cloudflare still counts connections of the tunnel; this is tried again by itself.",
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """`doing` names the work, to stand before the reason."""
    try:
        yield
    except errors.CloudflareError as exc:
        words = next((text for kind, text in _WORDS.items() if isinstance(exc, kind)), "Cloudflare refused it.")
        ray = f" (ray {exc.ray})" if getattr(exc, "ray", "") else ""
        message = f"{doing}: {words}{ray}"
        if exc.retryable:
            raise Retryable(exc.code, message, retry_after=exc.retry_after) from exc
        raise Terminal(exc.code, message) from exc
