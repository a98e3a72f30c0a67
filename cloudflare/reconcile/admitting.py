"""Whom one publication's policy lets in now: all who have a right to it, but for those who do not fit or must wait."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from access.rules import Policy
from cloudflare.models import Account, Publication, SignOut
from containers.errors import Terminal

WAIT = 1.0  # seconds until a publication looks whether somebody was signed out by now, should the ring be lost


@dataclass(frozen=True, slots=True)
class Admission:
    policy: Policy
    hindered: Terminal | None = None  # why not everybody is let in, for people to read
    waits: bool = False  # somebody is let in as soon as they were signed out

    @property
    def emails(self) -> tuple[str, ...]:
        return self.policy.emails


def decide(publication: Publication, by_right: Policy) -> Admission:
    """Raises `Terminal` (`access_full`) where nobody is in yet whom to leave in.

    Whoever is in and has a right to it stays, and whoever has none goes, whatever hinders others from coming in.
    """
    account = publication.zone.account
    inside = set(publication.entered)
    newcomers = set(by_right.emails) - inside
    if newcomers:
        newcomers -= _signed_out_now(account, newcomers)
    allowed = [email for email in by_right.emails if email in inside or email in newcomers]
    waits = len(allowed) < len(by_right.emails)
    if rules(account, len(allowed)) <= account.max_rules:
        return Admission(Policy(tuple(allowed)), waits=waits)
    crowded = Terminal(
        "access_full",
        f"{len(by_right.emails)} people may enter, and Cloudflare takes {account.max_rules} rules in one application: "
        "nobody new is let in until some of them are taken out.",
    )
    if not publication.app_id:
        raise crowded
    kept = [email for email in allowed if email in inside][: account.max_rules - rules(account, 0)]
    return Admission(Policy(tuple(kept)), hindered=crowded)


def fallbacks(publication: Publication, admission: Admission, refusal: Terminal) -> Iterator[tuple[Admission, str]]:
    """What Cloudflare may take once it has refused the whole, each with its login method: less, down to what it knows.

    First without whoever is new; then by the login method that counts now, should the new one not be taken.
    """
    if not publication.app_id:
        return
    known = set(publication.entered if publication.admitted is None else publication.admitted)
    kept = replace(admission, policy=Policy(tuple(one for one in admission.emails if one in known)), hindered=refusal)
    required = publication.zone.account.identity_provider_id
    if len(kept.emails) < len(admission.emails):
        yield kept, required
    if publication.required != required:
        yield kept, publication.required


def rules(account: Account, people: int) -> int:
    """How many rules of an application so many people take."""
    return people + bool(account.identity_provider_id)


def _signed_out_now(account: Account, emails: set[str]) -> set[str]:
    """Let in at this moment, they would lose the session that they begin."""
    now = SignOut.objects.filter(account=account.pk, calling=True, email__in=emails)
    return set(now.values_list("email", flat=True))


def shuts_out(publication: Publication, policy: Policy, required: str) -> bool:
    """Whether somebody may be in who is not to be any more, or not by that login method."""
    if not publication.app_id:
        return False
    return (
        publication.admitted is None
        or not set(publication.entered) <= set(policy.emails)
        or required not in {"", publication.required}
    )
