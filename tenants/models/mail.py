from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models.tenant import Tenant


class MailKind(models.TextChoices):
    """The kinds that are told of here; other apps register their own at `tenants.mail.letters`."""

    SIGN_UP = "sign_up"
    PASSWORD_RESET = "password_reset"
    INVITATION = "invitation"


class MailState(models.TextChoices):
    QUEUED = "queued"
    SENDING = "sending", "being sent"
    SENT = "sent"
    DROPPED = "dropped", "dropped: no reason left to send it"
    FAILED = "failed"


class Mail(models.Model):
    """The outbox: written with the event that it tells of, sent by a worker, at most once.

    Words and links are made when it is sent. So no secret is stored, and what is no longer true isn't sent.
    """

    kind = models.CharField(max_length=20)
    to = models.EmailField()
    about = models.CharField(max_length=40, blank=True, help_text="Key of the row that it is about.")
    tenant = models.ForeignKey(
        Tenant, models.SET_NULL, null=True, blank=True, related_name="+", help_text="On whose behalf; of some kinds."
    )
    language = models.CharField(max_length=10, blank=True, help_text="Of whoever asked for it; where that is known.")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.QUEUED)
    failures = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it failed, or was not sent.")
    # Of a queued mail: when to try; of one being sent: until when whoever sends it may take.
    next_try_at = models.DateTimeField(default=timezone.now, null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "next_try_at"], name="mail_due"),
            models.Index(fields=["tenant", "created_at"], condition=Q(tenant__isnull=False), name="mail_of_tenant"),
        ]
        ordering = ("-created_at", "-pk")
        verbose_name_plural = "mail"

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"
