"""The forms that share a container and change what is given; the checks are the domain's, shown where they belong."""

import datetime
import json
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy

from access import addresses, levels, terms
from access.levels import Permission
from access.models import Grant
from tenants.models import Plan
from tenants.pages.forms import DomainForm
from tenants.refusal import Refused
from tenants.words import gettext as _

Given = TypeVar("Given")
Kept = TypeVar("Kept")
Choices = list[tuple[str, Any]]  # values and labels
DAY = datetime.timedelta(days=1)
WEEK = 7 * DAY
_USUAL = {
    "day": (DAY, gettext_lazy("1 day")),
    "week": (WEEK, gettext_lazy("7 days")),
    "month": (30 * DAY, gettext_lazy("30 days")),
}
KEEP, MOST, AT, NEVER = "keep", "most", "at", "never"
# Where the domain's words for what was refused are another field here, or none of its own.
_FIELDS = {"permissions": "permission", "expires_at": "end"}


class _Addresses(forms.CharField):
    """Any number, apart by commas, semicolons or white space; also as mail programs write them: `Gina <g@example.com>`.

    As `addressesIn` of share.js takes them apart.
    """

    widget = forms.Textarea

    def clean(self, value: Any) -> list[str]:
        bare = re.sub(r"[^,;\r\n<>]*<([^<>]*)>", r" \1 ", super().clean(value))
        return [piece for piece in re.split(r"[\s,;]+", bare) if piece]


class TermsForm(DomainForm):
    """What somebody may do, and until when. `own` is the grant of a guest who gives it: nobody gives more."""

    permission = forms.ChoiceField(label=gettext_lazy("What they may do"), widget=forms.RadioSelect)
    end = forms.ChoiceField(label=gettext_lazy("Until when"), widget=forms.RadioSelect)
    until = forms.DateTimeField(
        required=False, widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    # The zone that the label of `until` names: by the time the form comes back, the reader's may be known or another.
    zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, plan: Plan, own: Grant | None, before: Grant | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.before = timezone.now(), before
        self.latest = min(terms.limits(plan, own, self.now), default=None)
        self.timezone = _zone(self.data.get("zone", "")) or timezone.get_current_timezone()
        self.fields["zone"].initial = name = str(self.timezone)
        self.fields["until"].label = _("Date and time (%(zone)s)") % {"zone": name.replace("_", " ")}
        most = own.permission if own else Permission.MANAGE
        given = [(value, label) for value, label in Permission.choices if levels.within(value, most)]
        self._choices("permission", given, before.permission if before else Permission.VIEW)
        ends = self._ends()
        offered = {value for value, label in ends}
        wished = (KEEP, "week", MOST, "day")
        self._choices("end", ends, next((value for value in wished if value in offered), AT))

    def _choices(self, name: str, choices: Choices, initial: str) -> None:
        field: Any = self.fields[name]
        field.choices, field.initial = choices, initial

    def _ends(self) -> Choices:
        """Those that are allowed, the longest of all included."""
        left = self.latest - self.now if self.latest else None
        found: Choices = [(name, label) for name, (after, label) in _USUAL.items() if left is None or after <= left]
        if self.latest and left not in {after for after, label in _USUAL.values()}:
            found.append((MOST, _("The longest: %(end)s") % {"end": self._written(self.latest)}))
        if self.before:
            end = self.before.expires_at
            kept = _("As it is: %(end)s") % {"end": self._written(end) if end else _("without end")}
            found.insert(0, (KEEP, kept))
        found.append((AT, _("Until a date")))
        return found if left else [*found, (NEVER, _("Without end"))]

    def _written(self, moment: datetime.datetime) -> str:
        local = timezone.localtime(moment, self.timezone)
        return f"{formats.date_format(local, 'j M Y, H:i')} {local.tzname()}"

    def full_clean(self) -> None:
        with timezone.override(self.timezone):
            super().full_clean()

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
        help_text=gettext_lazy("One or many, with commas or spaces between. They sign in with these to open it."),
        widget=forms.Textarea(
            {"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "data-chips": True}
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Optional. It goes into the mail that invites them; links are not allowed in it."),
        widget=forms.Textarea({"rows": 2}),
    )
    field_order = ("email", "permission", "end", "until", "note", "zone")

    def clean_email(self) -> list[str]:
        """With the domain's checks that need no other field: of each address that is wrong it is said why."""
        given = self.cleaned_data["email"]
        if len(given) <= addresses.MOST:
            for each in given:
                try:
                    addresses.folded([each])
                except Refused as exc:
                    self.wrong_address(each, str(exc))
            if "email" in self.errors:
                return []
        return _checked(addresses.folded, given)

    def wrong_address(self, email: str, why: str) -> None:
        """Say at the field what is the matter with one of the addresses, and to share.js with which."""
        field = self.fields["email"].widget.attrs
        field["data-wrong"] = json.dumps({**json.loads(field.get("data-wrong", "{}")), email: why})
        self.add_error("email", why)

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


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    """What a form says is anybody's: a name that is no zone is none."""
    try:
        return zoneinfo.ZoneInfo(name) if name and len(name) < 64 else None
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None
