"""Which rows of the audit log somebody may read, and which of these they look for."""

import datetime
import operator
from collections.abc import Collection, Mapping
from functools import reduce
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail, NotFound
from rest_framework.exceptions import ValidationError as Invalid
from rest_framework.request import Request

from tenants import current
from tenants.activity import vocabulary
from tenants.events import Outcome
from tenants.models import AuditEvent, Role, Tenant, User
from tenants.pagination import Cursor
from tenants.refusal import Refused
from tenants.words import gettext as _

Row = TypeVar("Row", bound=Model)

_FIRST, _LAST = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2000, 9000))
_TIMES = [MinValueValidator(_FIRST), MaxValueValidator(_LAST)]
# What was typed as an address at a refused sign-in stands in the detail alone.
FREE_TEXT = ("actor", "action", "target", "reason", "request_id", "detail_text")


def reads_all(user: User) -> bool:
    """Staff whom Django's permissions let view the log; nobody else reads beyond their own tenant."""
    return user.is_active and user.is_staff and user.has_perm("tenants.view_auditevent")


def owned(user: User) -> QuerySet[Tenant]:
    return current.mine(user, role=Role.OWNER)


def readable(user: User, slug: str = "") -> tuple[QuerySet[AuditEvent], Tenant | None]:
    """The rows that this person may read, of the tenant with that slug, and that tenant.

    Without a slug: everything for staff, with None for the tenant; for others what their first tenant did. Raises
    `Refused` for who is no member of the tenant, and `owner_only` for who is no more than that.
    """
    if reads_all(user):
        if not slug:
            return AuditEvent.objects.all(), None
        tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            raise Refused(
                "no_tenant",
                _("There is no tenant with the short name %(slug)s; the console lists them all.") % {"slug": slug},
                status=404,
            )
        return AuditEvent.objects.filter(tenant_id=str(tenant.pk)), tenant
    mine = owned(user)
    tenant = (mine.filter(slug=slug) if slug else mine).first()
    if tenant is None:
        tenant = current.of(user, slug)
        raise Refused(
            "owner_only",
            _("Only owners of %(tenant)s may read its activity; ask one of them.") % {"tenant": tenant},
            status=403,
        )
    return AuditEvent.objects.filter(tenant_id=str(tenant.pk)), tenant


class Searching(forms.Form, Generic[Row]):
    """What a record is searched by, as a page shows it and the API checks its parameters with it.

    Its rows have a time `at`. What else they are found by is in `lookups`, by the field that it is filled in.
    """

    lookups: ClassVar[Mapping[str, str]] = {}

    since = forms.DateTimeField(
        label=gettext_lazy("Since"),
        required=False,
        validators=_TIMES,
        help_text=gettext_lazy("Such as 2026-01-31 or 2026-01-31T12:00."),
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Until"), required=False, validators=_TIMES, help_text=gettext_lazy("Up to this moment.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if (zone := timezone.get_current_timezone_name()) != "UTC":  # on pages, whose times are the reader's
            self.fields["since"].help_text = _("2026-01-31 or 2026-01-31 12:00, in %(zone)s.") % {"zone": zone}
            self.fields["until"].help_text = _("Up to this moment, in %(zone)s.") % {"zone": zone}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", _("This is before the beginning."))
        return given

    def asked(self) -> dict[str, str]:
        """What was filled in, as it was typed."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def narrow(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Those of the rows that were asked for; of a valid form."""
        lookups = {**self.lookups, "since": "at__gte", "until": "at__lte"}
        given = self.cleaned_data
        return rows.filter(**{lookup: given[field] for field, lookup in lookups.items() if given[field]})

    def check(self, more: Collection[str]) -> None:
        """Raise ValidationError for parameters that are none of these, nor of `more`, and for what can't be read."""
        if unknown := sorted(set(self.data) - {*self.fields, *more}):
            raise Invalid({name: [_("There is no such filter.")] for name in unknown})
        if not self.is_valid():
            errors = self.errors.get_json_data().items()
            raise Invalid({name: [ErrorDetail(row["message"], row["code"]) for row in of] for name, of in errors})


class ActivityForm(Searching[AuditEvent]):
    """What the log of a tenant can be searched by."""

    field_order = ("tenant", "search", "action", "outcome", "actor", "target", "target_id", "request_id")
    lookups = {  # noqa: RUF012  (declared above)
        "action": "action",
        "outcome": "outcome",
        "actor": "actor__icontains",
        "target": "target__icontains",
        "target_id": "target_id",
        "request_id": "request_id",
    }

    tenant = forms.CharField(max_length=20, required=False, label=gettext_lazy("Tenant"))
    search = forms.CharField(
        max_length=100,
        required=False,
        label=gettext_lazy("Search"),
        help_text=gettext_lazy("Part of an address, an object, an action or a request ID."),
        widget=forms.TextInput({"type": "search"}),
    )
    action = forms.ChoiceField(
        choices=lambda: [("", gettext_lazy("All")), *vocabulary.choices()], required=False, label=gettext_lazy("What")
    )
    outcome = forms.ChoiceField(
        choices=lambda: [("", gettext_lazy("All")), *((outcome, outcome.label) for outcome in Outcome)],
        required=False,
        label=gettext_lazy("Outcome"),
    )
    actor = forms.CharField(
        max_length=254, required=False, label=gettext_lazy("Who"), help_text=gettext_lazy("Part of an e-mail address.")
    )
    target = forms.CharField(
        max_length=255, required=False, label=gettext_lazy("On what"), help_text=gettext_lazy("Part of its name.")
    )
    target_id = forms.CharField(max_length=40, required=False, label=gettext_lazy("Its ID"))
    request_id = forms.CharField(max_length=64, required=False, label=gettext_lazy("Request ID"))

    def narrow(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        rows = super().narrow(rows)
        if text := self.cleaned_data["search"]:
            anywhere = reduce(operator.or_, (Q(**{f"{field}__icontains": text}) for field in FREE_TEXT))
            anywhere |= Q(action__in=vocabulary.called(text))
            rows = rows.alias(detail_text=Cast("detail", TextField())).filter(anywhere)
        return rows


class Log(Cursor):
    """The log's pages; a cursor that was made up is no page, like one that can't be read."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValidationError as exc:
            raise NotFound(self.invalid_cursor_message) from exc
