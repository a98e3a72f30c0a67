"""Forms of a container that is there: its settings, and the name of a second one."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django_stubs_ext import StrOrPromise

from containers.admission import LEAST_CPU, LEAST_MEMORY
from containers.models import Container
from containers.variables import Changes
from tenants.figures import cores
from tenants.models.plan import MIB
from tenants.pages.forms import DomainForm
from tenants.precondition import IfMatch
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
    forget = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Secrets to take away"), widget=forms.CheckboxSelectMultiple
    )
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
        kwargs.setdefault("initial", self._present())
        super().__init__(*args, **kwargs)
        self.fields["memory"].help_text = _("MiB; the plan %(plan)s allows %(memory)s. No restart is needed.") % {
            "plan": plan,
            "memory": plan.memory // MIB,
        }
        self.fields["cpu"].help_text = _("Cores; the plan %(plan)s allows %(cpu)s. No restart is needed.") % {
            "plan": plan,
            "cpu": cores(plan.cpu),
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
            "generation": row.generation,
            "label": row.label,
            "port": row.port,
            "memory": row.memory // MIB,
            "cpu": cores(row.cpu),
            "resets_connections": row.resets_connections,
            "environment": "\n".join(f"{name}={value}" for name, value in sorted(self.shown.items())),
        }

    def parts(self) -> list[tuple[str, StrOrPromise, list[forms.BoundField]]]:
        return [(slug, title, [self[name] for name in names if name in self.fields]) for slug, title, names in _PARTS]

    def wanted(self) -> dict[str, Any]:
        """The arguments of `changes.change`, in its units."""
        data, row, generation = self.cleaned_data, self.container, self.cleaned_data["generation"]
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
