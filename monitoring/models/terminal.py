"""Who had a terminal in which container, and when. What was typed and shown is kept nowhere."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from containers.models import Container


class TerminalQuerySet(models.QuerySet["Terminal"]):
    def open(self) -> "TerminalQuerySet":
        return self.filter(ended_at=None)


class Terminal(models.Model):
    """Made by the web process before an agent is asked; what it is at the engine, and its end, the agent writes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    container = models.ForeignKey(Container, models.CASCADE, related_name="terminals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="terminals")
    who = models.EmailField(help_text="The person's address, whatever becomes of them.")
    ip = models.GenericIPAddressField(null=True, help_text="From where.")
    opened_at = models.DateTimeField(auto_now_add=True)
    exec_id = models.CharField(max_length=64, blank=True, help_text="The engine's; empty until it has one.")
    pid = models.PositiveIntegerField(null=True, help_text="Of the shell, in its container.")
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=20, blank=True)

    objects = TerminalQuerySet.as_manager()

    class Meta:
        ordering = ("-opened_at",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["container"], condition=Q(ended_at=None), name="open_terminals"),
        ]

    def __str__(self) -> str:
        return f"{self.who} in {self.container}"
