from typing import ClassVar

from django.db import models
from django.db.models import Q

from cloudflare.models.account import Zone
from cloudflare.models.tunnel import Tunnel
from containers.models import Container, Scheduled


class Route(models.TextChoices):
    """Where the hostname stands in its tunnel's ingress: the tunnel's reconciler answers what ours asks."""

    NONE = "", "not asked for"
    IN = "in", "in the ingress"
    LEAVING = "leaving", "to be taken out"
    OUT = "out", "taken out"


class Publication(Scheduled):
    """A hostname's Access application, ingress rule and DNS record.

    The row is made in the transaction that makes or renames the container, before anything exists outside, and is
    kept as a tombstone (`gone_at`) once all three were verified gone. While a container is being renamed it has
    several: the one that is wanted, the one that answers, and those that are being given up (`leaves_at`).
    """

    container = models.ForeignKey(Container, models.PROTECT, related_name="publications")
    zone = models.ForeignKey(Zone, models.PROTECT, related_name="publications")
    tunnel = models.ForeignKey(Tunnel, models.PROTECT, related_name="publications")
    hostname = models.CharField(max_length=63)
    leaves_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Given up by a rename, to be taken away then; no way back."
    )
    # Seen, in the order of publishing; teardown empties them backwards.
    app_id = models.CharField(max_length=64, blank=True, editable=False)
    aud = models.CharField(max_length=64, blank=True, editable=False)
    policy_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of the document that was read back as wanted."
    )
    admitted = models.JSONField(
        null=True, editable=False, help_text="The addresses that the policy read back lets in; empty: not known."
    )
    required = models.CharField(
        max_length=64, blank=True, editable=False, help_text="The login method that the policy read back requires."
    )
    # Noted before a policy is written that lets them in; taken off once their sessions were ended.
    entered = models.JSONField(
        default=list,
        editable=False,
        help_text="The addresses that may be in: by a policy, or by a session from before.",
    )
    # Noted before a policy is written, cleared when the answer is in: nobody knows meanwhile what Cloudflare holds.
    unanswered = models.BooleanField(default=False, editable=False)
    # Noted before the policy shrinks, and cleared once the sessions of whoever it lost were ended.
    revoking = models.BooleanField(default=False, editable=False)
    revoking_since = models.DateTimeField(null=True, editable=False)
    # Noted with it: open connections outlive a session. Once more then, because an ended one may count a little longer.
    reset_until = models.DateTimeField(
        null=True, editable=False, help_text="When open connections are reset for the last time; empty: nothing to do."
    )
    reset_at = models.DateTimeField(null=True, editable=False, help_text="When open connections were last reset.")
    reset_message = models.TextField(
        blank=True, editable=False, help_text="Why all connections of the tunnel were reset then; empty: they were not."
    )
    listed_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of the application as a survey last found it right."
    )
    route = models.CharField(max_length=10, blank=True, choices=Route.choices, default=Route.NONE, editable=False)
    routed_in = models.CharField(
        max_length=64, blank=True, editable=False, help_text="The tunnel whose ingress holds the hostname."
    )
    record_id = models.CharField(max_length=64, blank=True, editable=False)
    record_target = models.CharField(max_length=64, blank=True, editable=False, help_text="The tunnel it points to.")
    gone_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hostname"], condition=Q(gone_at=None), name="one_living_publication")
        ]

    def __str__(self) -> str:
        return self.hostname

    @property
    def wanted(self) -> bool:
        """Whether it is the hostname that the container is to have, and not one from before a rename."""
        return self.hostname == self.container.hostname
