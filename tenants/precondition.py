"""`If-Match`: a change that counts only if nobody has changed the row since its sender looked.

An ETag here is the row's `generation`, which grows with everything that people ask of it. What is merely observed
changes no ETag: who waits for a container to stop has not been overtaken. Checked under the row's lock, inside the
change, by whoever holds that lock: `if_match.check(row)`.
"""

from dataclasses import dataclass
from typing import Protocol, Self

from tenants.refusal import Refused
from tenants.words import gettext as _


class Versioned(Protocol):
    generation: int


def etag(row: Versioned) -> str:
    return f'"{row.generation}"'


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The tags of which one must fit; None: whatever it is."""

    tags: frozenset[str] | None = None

    @classmethod
    def parse(cls, header: str | None) -> Self:
        """A weak tag, and what is no tag at all, fits nothing."""
        if header is None or header.strip() == "*":
            return cls()
        return cls(frozenset(tag.strip() for tag in header.split(",")))

    def check(self, row: Versioned) -> None:
        """Raises `Refused` where the row is another than the sender knows."""
        if self.tags is not None and etag(row) not in self.tags:
            raise Refused(
                "precondition_failed",
                _("Somebody changed this since you looked. Read it again, then decide anew."),
                status=412,
                etag=etag(row),
            )


ANY = IfMatch()
