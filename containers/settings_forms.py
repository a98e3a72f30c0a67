"""Forms of a container that is there: its settings, and the name of a second one."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy
from django_stubs_ext import StrOrPromise

from containers import overtaken
from containers.admission import LEAST_CPU, LEAST_MEMORY
from containers.models import Container
from containers.overtaken import Difference
from containers.variables import Changes
from tenants import figures
from tenants.models.plan import MIB
from tenants.pages.forms import DomainForm
from tenants.precondition import IfMatch
from tenants.refusal import Refused
from tenants.words import gettext as _


class Lines(forms.CharField):
    """Variables, one a line."""

    widget = forms.Textarea

    def __init__(self, **more: Any) -> None:
        attributes = {"rows": 5, "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}
        super().__init__(required=False, strip=False, widget=forms.Textarea(attrs=attributes), **more)

    def clean(self, value: Any) -> dict[str, str]:
        text = super().clean(value)
        found: dict[str, str] = {}
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            if not line.strip():
                continue
            name, equals, content = line.partition("=")
            if not equals:
                raise forms.ValidationError(
                    _("Line %(number)s has no equals sign; write it as NAME=value.") % {"number": number}
                )
            if name.strip() in found:
                raise forms.ValidationError(
                    _("Line %(number)s names a variable for the second time; take one of them away.")
                    % {"number": number}
                )
            found[name.strip()] = content
        return found


class _Forgotten(forms.MultipleChoiceField):
    """One that somebody else took away meanwhile is as good as taken away."""

    def valid_value(self, value: str) -> bool:
        return True


# Of the settings' page: the word in the address of each, its title and its fields.
_PARTS: list[tuple[str, StrOrPromise, tuple[str, ...]]] = [
    ("general", gettext_lazy("General"), ("label", "port")),
    ("limits", gettext_lazy("Limits"), ("memory", "cpu")),
    ("environment", gettext_lazy("Environment and secrets"), ("environment", "secrets", "forget")),
    ("leaving", gettext_lazy("When somebody loses access"), ("resets_connections",)),
]


class SettingsForm(DomainForm):
    # Which one the form was filled from: its fields hold everything, and would undo what others changed since.
    generation = forms.IntegerField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    label = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("A note for people, shown on its page; the program never sees it."),
    )
    port = forms.IntegerField(
        label=gettext_lazy("Port"),
        min_value=1,
        max_value=65535,
        help_text=gettext_lazy("Where the program in the container answers with HTTP."),
    )
    memory = forms.IntegerField(label=gettext_lazy("Memory"), min_value=LEAST_MEMORY // MIB)
    cpu = forms.DecimalField(min_value=LEAST_CPU / 1000, max_value=1000, decimal_places=3, label="CPU")
    environment = Lines(
        label=gettext_lazy("Environment"),
        help_text=gettext_lazy("One a line, as NAME=value. A change restarts the program."),
    )
    secrets = Lines(
        label=gettext_lazy("New secrets"),
        help_text=gettext_lazy(
            "One a line, as NAME=value. They are encrypted and never shown again; a name that is there gets the "
            "new value."
        ),
    )
    forget = _Forgotten(required=False, label=gettext_lazy("Secrets to take away"), widget=forms.CheckboxSelectMultiple)
    resets_connections = forms.BooleanField(
        required=False,
        label=gettext_lazy("Reset open connections when somebody loses access"),
        help_text=gettext_lazy(
            "Everybody on this container reconnects then. Without it, whoever lost access can go on over a "
            "connection that is still open, until it ends; nobody gets a new one."
        ),
    )

    def __init__(self, *args: Any, container: Container, **kwargs: Any) -> None:
        self.container, plan = container, container.tenant.plan
        self.shown, self.unshown = _by_lines(container.environment)
        self.met: list[Difference] = []  # what this form was refused for, where it comes back
        kwargs.setdefault("initial", self._present())
        super().__init__(*args, **kwargs)
        self.fields["memory"].help_text = _("MiB; the plan %(plan)s allows %(memory)s. No restart is needed.") % {
            "plan": plan,
            "memory": plan.memory // MIB,
        }
        self.fields["cpu"].help_text = _("Cores; the plan %(plan)s allows %(cpu)s. No restart is needed.") % {
            "plan": plan,
            "cpu": figures.cores(plan.cpu),
        }
        if self.unshown:
            names = ", ".join(sorted(self.unshown))
            kept = _("Of several lines, and kept as they are: %(names)s.") % {"names": names}
            self.fields["environment"].help_text += f" {kept}"
        known = sorted(container.secret_values)
        if known:
            self.fields["forget"].choices = [(name, name) for name in known]  # type: ignore[attr-defined]
        else:
            del self.fields["forget"]

    def _present(self) -> dict[str, Any]:
        row = self.container
        return {
            **self._version(),
            "label": row.label,
            "port": row.port,
            "memory": row.memory // MIB,
            "cpu": f"{row.cpu / 1000:g}",
            "resets_connections": row.resets_connections,
            "environment": _lines(dict(sorted(self.shown.items()))),
        }

    def _version(self) -> dict[str, Any]:
        row = self.container
        return {"generation": row.generation, "seen": overtaken.write(overtaken.facts(row, self.shown))}

    def parts(self) -> list[tuple[str, StrOrPromise, list[forms.BoundField]]]:
        return [(slug, title, [self[name] for name in names if name in self.fields]) for slug, title, names in _PARTS]

    def wanted(self) -> dict[str, Any]:
        """The arguments of `changes.change`, in its units."""
        data, row = self.cleaned_data, self.container
        # Who started it meanwhile, say, changed nothing that stands in here.
        generation = data["generation"] if self.differences else row.generation
        gone: dict[str, str | None] = dict.fromkeys(self.shown.keys() - data["environment"].keys())
        plain: Changes = {**gone, **data["environment"]}
        hidden: Changes = {**dict.fromkeys(data.get("forget", [])), **data["secrets"]}
        return {
            "label": data["label"],
            "port": data["port"],
            # What is not whole MiB came by the API, and stays if nobody touched it.
            "memory": row.memory if data["memory"] == row.memory // MIB else data["memory"] * MIB,
            "cpu": int(data["cpu"] * 1000),
            "resets_connections": data["resets_connections"],
            "environment": plain,
            "secrets": hidden,
            "if_match": IfMatch.parse(f'"{generation}"'),
        }

    @cached_property
    def differences(self) -> list[Difference]:
        """What others changed since a valid form was opened."""
        if self.cleaned_data["generation"] == self.container.generation:
            return []
        before = overtaken.read(self.cleaned_data["seen"])
        return overtaken.compare(before, overtaken.facts(self.container, self.shown), self._typed(before))

    def _typed(self, before: overtaken.Facts) -> dict[overtaken.Key, Any]:
        data = self.cleaned_data
        found: dict[overtaken.Key, Any] = {
            (name, ""): data[name] for name in ("label", "port", "memory", "resets_connections")
        }
        found["cpu", ""] = int(data["cpu"] * 1000)
        found |= {("environment", name): value for name, value in data["environment"].items()}
        found |= {key: digest for key, digest in before.items() if key[0] == "secrets"}
        found |= dict.fromkeys((("secrets", name) for name in data.get("forget", [])), None)
        return found | dict.fromkeys((("secrets", name) for name in data["secrets"]), overtaken.TYPED)

    def again(self) -> "SettingsForm":
        """The form that was overtaken, to be sent knowingly: what was typed stays, the rest stands as it is now."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for each in self.differences:
            if each.key[0] not in overtaken.NAMED and not each.clashes:
                data[each.key[0]] = self.initial[each.key[0]]
        if any(each.key[0] == "environment" for each in self.differences):
            data["environment"] = _lines(overtaken.merged(self.cleaned_data["environment"], self.differences))
        for name, value in self._version().items():
            data[name] = value
        shown = SettingsForm(data, container=self.container)
        shown.met, shown.led_above = self.differences, True
        shown.is_valid()
        for field, words in self._clashes().items():
            shown.add_error(field, words)
        return shown

    def _clashes(self) -> dict[str, str]:
        """What to say at which field."""
        found: dict[str, str] = {}
        for field in self.fields:
            those = [each for each in self.differences if each.key[0] == field and each.clashes]
            if those and field in overtaken.NAMED:
                names = ", ".join(each.key[1] for each in those)
                found[field] = _("Somebody else changed %(names)s meanwhile; saving puts yours over it.") % {
                    "names": names
                }
            elif those:
                now = overtaken.told(those[0])["now"]
                found[field] = _("Somebody else changed this meanwhile, to: %(now)s. Saving puts yours over it.") % {
                    "now": now
                }
        return found

    def others(self) -> list[dict[str, Any]]:
        """What others changed, for people; `mine` is empty where nobody touched it in this form."""
        called = {field: self[field].label for field in overtaken.FIELDS} | {"secrets": _("Secret")}
        return [{"field": called[each.key[0]], "name": each.key[1], **overtaken.told(each)} for each in self.met]

    @property
    def undoes(self) -> bool:
        """Whether saving it would undo what somebody else did."""
        return any(each.clashes for each in self.met)


def _lines(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in values.items())


def _by_lines(values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Those that can be written one a line, and the others."""
    shown = {name: value for name, value in values.items() if not re.search(r"[\r\n]", value)}
    return shown, {name: value for name, value in values.items() if name not in shown}


class DuplicateForm(DomainForm):
    name = forms.CharField(
        max_length=63,
        help_text=gettext_lazy("Lower-case letters, digits and hyphens. It becomes part of the address."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )


class DeleteForm(DomainForm):
    name = forms.CharField(
        label=gettext_lazy("Type its name to delete it"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, container: Container, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.container = container
        self.fields["name"].help_text = gettext("It is called %(name)s.") % {"name": container.name}

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if typed != self.container.name:
            words = gettext("That is not its name, and nothing was deleted: type %(name)s, or keep it.")
            raise forms.ValidationError(words % {"name": self.container.name})
        return typed


class RestoreForm(DomainForm):
    file = forms.FileField(
        label=gettext_lazy("Archive"),
        help_text=gettext_lazy(
            "A tar or tar.gz file with what is to be in the data folder, as a download here gives it."
        ),
        widget=forms.FileInput(attrs={"accept": ".tar,.gz,.tgz,application/gzip,application/x-tar"}),
    )

    @classmethod
    def refused(cls, exc: Refused) -> "RestoreForm":
        """For what was not even read: browsers give no file a second time."""
        form = cls({}, {})
        form.fields["file"].required = False
        form.add_error("file", str(exc))
        form.fields["file"].required = True
        return form
