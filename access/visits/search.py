"""Whose visits somebody may read, which of them they look for, and that they looked."""

import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy

from access.models import Visit
from containers import visibility
from containers.models import Container
from tenants import audit
from tenants.activity.search import Searching
from tenants.events import Action
from tenants.models import AuditEvent, User
from tenants.refusal import Refused
from tenants.words import gettext as _

_AGAIN = datetime.timedelta(hours=1)  # within that, who looks at the same once more is not put down anew


def managed(actor: User, pk: Any, action: Action) -> Container:
    """The container, whose visits this person may read; one that is deleted keeps them for its members.

    Raises Http404 for who does not see it, and `visits_hidden` for guests, whatever they may do: it tells of members.
    """
    container = Container.objects.visible_to(actor).select_related("tenant").filter(pk=pk).first()
    if container is None:
        raise Http404
    with audit.refusals(action, actor=actor, target=container, tenant=container.tenant):
        if not visibility.may(actor, container, "change"):
            words = _("Who came to this container is shown to its members alone; ask one of its owners.")
            raise Refused("visits_hidden", words, status=403)
    return container


def rows(container: Container) -> QuerySet[Visit]:
    return Visit.objects.filter(container=container)


def looked(actor: User, container: Container | None, asked: dict[str, str]) -> None:
    """Put on record that somebody looked at others' visits: of this container, or as staff at those of all."""
    tenant = container.tenant if container else None
    since = timezone.now() - _AGAIN
    same = {  # a viewer's looks are those of the staff who view
        "actor_id": str(getattr(actor, "staff", actor).pk),
        "action": Action.VISITS_VIEW,
        "target_id": str(container.pk) if container else "",
    }
    rows = AuditEvent.objects.filter(at__gt=since, **same).values_list("detail", flat=True)
    if {"asked": asked} not in list(rows[:100]):
        audit.record(Action.VISITS_VIEW, actor=actor, target=container, tenant=tenant, asked=asked)


class VisitsForm(Searching[Visit]):
    """What the visits of a container can be searched by."""

    field_order = ("email", "allowed", "grant")
    lookups = {"email": "email__icontains", "grant": "grant"}  # noqa: RUF012  (declared by the base)

    email = forms.CharField(
        max_length=254, required=False, label=gettext_lazy("Who"), help_text=gettext_lazy("Part of an e-mail address.")
    )
    allowed = forms.ChoiceField(
        choices=[("", gettext_lazy("All")), ("true", gettext_lazy("let in")), ("false", gettext_lazy("refused"))],
        required=False,
        label=gettext_lazy("Decision"),
    )
    grant = forms.UUIDField(required=False, widget=forms.HiddenInput)  # the page links to it; nobody types it

    def narrow(self, rows: QuerySet[Visit]) -> QuerySet[Visit]:
        rows, allowed = super().narrow(rows), self.cleaned_data["allowed"]
        return rows.filter(allowed=allowed == "true") if allowed else rows
