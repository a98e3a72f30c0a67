"""Which domains containers may not live below."""

from django.conf import settings
from publicsuffixlist import PublicSuffixList


def shared(domain: str) -> list[str]:
    """The dashboard's hosts that share its registrable domain: a tenant's cookies reach those too."""
    suffixes = PublicSuffixList()
    theirs = suffixes.privatesuffix(domain) if domain else None
    return [host for host in settings.ALLOWED_HOSTS if theirs and suffixes.privatesuffix(host.lstrip(".")) == theirs]
