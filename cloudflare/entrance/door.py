"""The application of Access that Warren stands behind, by its settings."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Door:
    team: str
    audience: str
    certs_url: str

    @property
    def issuer(self) -> str:
        return f"https://{self.team}"


def door() -> Door | None:
    """None where nobody signs in through Access; half a setting is none."""
    team, audience = settings.ACCESS_TEAM_DOMAIN, settings.ACCESS_AUDIENCE
    return Door(team, audience, settings.ACCESS_CERTS_URL) if team and audience else None
