from knox.models import AbstractAuthToken


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox has no types
    """A key to the API; only its hash is stored. Ours, not knox's, so that it can grow without a new table."""

    class Meta(AbstractAuthToken.Meta):  # type: ignore[misc]  # knox has no types
        abstract = False
        ordering = ("-created",)
