"""The forms that share a container and change what is given; the checks are the domain's, shown where they belong."""

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from access import addresses, levels, terms
from access.levels import Permission
from access.models import Grant
from tenants.models import Plan
from tenants.pages.forms import DomainForm
from tenants.refusal import Refused
from tenants.words import gettext as _

Given = TypeVar("Given")
Kept = TypeVar("Kept")
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
WEEK = 7 * DAY
_USUAL = {
    "hour": (HOUR, gettext_lazy("1 hour")),
    "day": (DAY, gettext_lazy("1 day")),
    "week": (WEEK, gettext_lazy("7 days")),
    "month": (30 * DAY, gettext_lazy("30 days")),
}
KEEP, MOST, AT, NEVER = "keep", "most", "at", "never"
# Where the domain's words for what was refused are another field here, or none of its own.
_FIELDS = {"permissions": "permission", "expires_at": "end"}


class _Addresses(forms.CharField):
    """One per line or with commas between, bare or as mail programs write them: `Gina <gina@example.com>`."""

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        pieces = (piece.strip() for piece in re.split(r"[,;\r\n]+", super().clean(value)))
        return [re.sub(r"^.*<([^<>]+)>$", r"\1", piece) for piece in pieces if piece]


class TermsForm(DomainForm):
    """What somebody may do, and until when. `own` is the grant of a guest who gives it: nobody gives more."""

    permission = forms.ChoiceField(label=gettext_lazy("What they may do"), widget=forms.RadioSelect)
    end = forms.ChoiceField(label=gettext_lazy("Until when"), widget=forms.RadioSelect)
    until = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        required=False,
        help_text=gettext_lazy("In UTC. Only for an end at a date and time."),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, plan: Plan, own: Grant | None, before: Grant | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.before = timezone.now(), before
        limits = [self.now + plan.grant_days * DAY] if plan.grant_days is not None else []
        if own and own.expires_at:
            limits.append(own.expires_at)
        self.latest = min(limits, default=None)
        most = own.permission if own else Permission.MANAGE
        given = [(value, label) for value, label in Permission.choices if levels.within(value, most)]
        self._choices("permission", given, before.permission if before else Permission.VIEW)
        ends = self._ends()
        offered = {value for value, label in ends}
        wished = (KEEP, "week", MOST, "day", "hour")
        self._choices("end", ends, next((value for value in wished if value in offered), AT))

    def _choices(self, name: str, choices: Sequence[tuple[str, StrOrPromise]], initial: str) -> None:
        field: Any = self.fields[name]
        field.choices, field.initial = choices, initial

    def _ends(self) -> list[tuple[str, StrOrPromise]]:
        """Those that are allowed, the longest of all included."""
        left = self.latest - self.now if self.latest else None
        found: list[tuple[str, StrOrPromise]] = [
            (name, label) for name, (after, label) in _USUAL.items() if left is None or after <= left
        ]
        if self.latest and left not in {after for after, _ in _USUAL.values()}:
            found.append((MOST, _("As long as is allowed: until %(latest)s") % {"latest": terms.written(self.latest)}))
        if self.before:
            end = self.before.expires_at
            until = _("As it is: until %(end)s") % {"end": terms.written(end)} if end else _("As it is: without end")
            found.insert(0, (KEEP, until))
        found.append((AT, _("Until a date and time")))
        return found if left else [*found, (NEVER, _("Without end"))]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("end") == AT and not data.get("until") and "until" not in self.errors:
            self.add_error("until", _("Say when it is to end."))
        return data

    def expires_at(self) -> datetime.datetime | None:
        """As the domain wants it; not for `KEEP`."""
        match self.cleaned_data["end"]:
            case "at":
                until: datetime.datetime = self.cleaned_data["until"]
                return until
            case "never":
                return None
            case "most":
                return self.latest
            case usual:
                return self.now + _USUAL[usual][0]

    def refuse(self, exc: Refused) -> None:
        at = str(exc.members.get("field", ""))
        field = _FIELDS.get(at, at)
        if field == "end" and self.cleaned_data.get("end") == AT:
            field = "until"
        self.add_error(field if field in self.fields else None, str(exc))


class ShareForm(TermsForm):
    email = _Addresses(
        label=gettext_lazy("E-mail addresses"),
        max_length=30_000,
        help_text=gettext_lazy("One per line, or with commas between. They sign in with these addresses to open it."),
        widget=forms.Textarea({"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Goes into the mail that invites them."),
        widget=forms.Textarea({"rows": 2}),
    )
    field_order = ("email", "permission", "end", "until", "note")

    def clean_email(self) -> list[str]:
        """With the domain's checks that need no other field: all that is wrong is said at once."""
        return _checked(addresses.folded, self.cleaned_data["email"])

    def clean_note(self) -> str:
        return _checked(addresses.note, self.cleaned_data["note"])


class ChangeForm(TermsForm):
    def wanted(self) -> dict[str, Any]:
        """The arguments of `sharing.change`."""
        found: dict[str, Any] = {"permission": self.cleaned_data["permission"]}
        if self.cleaned_data["end"] != KEEP:
            found["expires_at"] = self.expires_at()
        return found


def _checked(check: Callable[[Given], Kept], given: Given) -> Kept:
    try:
        return check(given)
    except Refused as exc:
        raise forms.ValidationError(str(exc)) from exc
