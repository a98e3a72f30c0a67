from knox.models import AbstractAuthToken


class ApiToken(AbstractAuthToken):
    """A key to the API; only its hash is stored. Ours, not knox's, so that it can grow without a new table."""

    class Meta(AbstractAuthToken.Meta):
        abstract = False
        ordering = ("-created",)
