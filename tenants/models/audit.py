from typing import ClassVar

from django.db import models
from django.utils import timezone

from tenants.activity import vocabulary


class AuditEvent(models.Model):
    """Who did what to which, from where, and how it ended.

    Copied text and ids, no foreign keys: what it names may be gone. Written by `tenants.audit.record` alone.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=60, blank=True, help_text="The code of a refusal.")
    actor_id = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=254, blank=True, help_text="E-mail address, or the process.")
    tenant_id = models.CharField(max_length=40, blank=True)
    tenant = models.CharField(max_length=100, blank=True)
    target_type = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    target = models.CharField(max_length=255, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-at"], name="audit_tenant_at"),
            models.Index(fields=["target_type", "target_id", "-at"], name="audit_target_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor or 'Warren'}: {vocabulary.words(self.action)}"


class AuditPruning(models.Model):
    """While a row is here, the database lets audit rows go: see `tenants.triggers`."""

    began_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"since {self.began_at}"
