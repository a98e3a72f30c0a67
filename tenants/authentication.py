"""Who comes with `Authorization: Bearer …`."""

import re
from typing import Any

from knox.auth import TokenAuthentication as Knox
from rest_framework import exceptions

from tenants.models import ApiToken

_TOKEN = re.compile(rb"[A-Za-z0-9]{16,200}")


class TokenAuthentication(Knox):  # type: ignore[misc]  # knox has no types
    def authenticate_credentials(self, token: bytes) -> Any:
        if not _TOKEN.fullmatch(token):  # knox would ask the database for anything, and fail at what is no text
            raise exceptions.AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Whether it has expired. Knox would read all others of the person here, at every request."""
        return bool(super()._cleanup_token(auth_token)) if auth_token.expiry else False
