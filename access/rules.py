"""From people to the policy of a container's application. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Who is let in, as addresses in order; empty: nobody, which is no policy at all at Cloudflare."""

    emails: tuple[str, ...]


def derive(members: Iterable[str], guests: Iterable[str] = ()) -> Policy:
    """The whole policy, made afresh each time; never an edit of an earlier one."""
    return Policy(tuple(sorted({*members, *guests})))
