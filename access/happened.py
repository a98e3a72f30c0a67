"""What was done to one container and to who may enter it, on record: which rows these are."""

from contextlib import nullcontext
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from access import deeds
from access.models import Grant
from containers.models import Container
from tenants import audit, members
from tenants.activity.search import Searching, reads_all
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Role, User
from tenants.once import once
from tenants.refusal import Refused

MOST = 2000  # grants of one container whose rows are found, the newest: a statement takes no endless list

_OF_KIND = {
    "people": ["grant:", "visits:"],
    "running": [
        f"container:{verb}"
        for verb in ("create", "start", "stop", "restart", "retry", "delete", "gone", "logs", "terminal")
    ],
    "settings": [
        f"container:{verb}" for verb in ("change", "rename", "recreate", "export", "import", "download", "fit")
    ],
}


def managed(actor: User, pk: Any, action: Action | None = None) -> Container:
    """The container, whose record this person may read: as that of the whole tenant, an owner's and staff's; also once
    it is deleted.

    Raises Http404 for who does not see it, and `activity_hidden` for members and guests, whatever they may do; without
    an action they only looked, and that is not on record.
    """
    container = Container.objects.visible_to(actor).select_related("tenant").filter(pk=pk).first()
    if container is None:
        raise Http404
    facts: dict[str, Any] = {"actor": actor, "target": container, "tenant": container.tenant}
    with audit.refusals(action, **facts) if action else nullcontext():
        if not readable(actor, container):
            said = _("What was done to this container is shown to owners of its tenant alone; ask one of them.")
            raise Refused("activity_hidden", said, status=403)
    return container


def readable(actor: Any, container: Container) -> bool:
    return reads_all(actor) or members.role(container.tenant, actor) == Role.OWNER


def may_read(request: HttpRequest, container: Container) -> bool:
    """The same of whoever asks for a page."""
    return once(request, ("record", container.pk), lambda: readable(request.user, container))


def rows(container: Container) -> QuerySet[AuditEvent]:
    grants = Grant.objects.filter(container=container).order_by("-created_at").values_list("pk", flat=True)
    itself = Q(target_type=Container._meta.label_lower, target_id=str(container.pk))
    people = Q(target_type=Grant._meta.label_lower, target_id__in=[str(key) for key in grants[:MOST]])
    return AuditEvent.objects.filter(itself | people)


class HappenedForm(Searching[AuditEvent]):
    field_order = ("actor", "kind", "outcome")
    lookups = {"actor": "actor__icontains", "outcome": "outcome"}  # noqa: RUF012  (declared by the base)

    actor = forms.CharField(max_length=254, required=False, label=_("Who"), help_text=_("Part of an e-mail address."))
    kind = forms.ChoiceField(choices=[("", _("All")), *deeds.KINDS.items()], required=False, label=_("About"))
    outcome = forms.ChoiceField(
        choices=[("", _("All")), (Outcome.DONE, _("done")), (Outcome.REFUSED, _("refused"))],
        required=False,
        label=_("Outcome"),
    )

    def narrow(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        rows = super().narrow(rows)
        if kind := self.cleaned_data["kind"]:
            begins = Q()
            for beginning in _OF_KIND[kind]:
                begins |= Q(action__startswith=beginning)
            rows = rows.filter(begins)
        return rows
