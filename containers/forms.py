"""The form that creates a container; its checks are admission's, shown at the field they are about."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from containers import admission
from containers.models import Template
from containers.settings_forms import Lines
from tenants import figures
from tenants.models import Plan, Tenant
from tenants.models.plan import MIB
from tenants.pages.forms import DomainForm

# What part of the plan's limits a container gets, by how its size is called.
SIZES = {"small": 4, "medium": 2, "large": 1}
_CALLED = {"small": _("Small"), "medium": _("Medium"), "large": _("Large")}


class _NameForm(DomainForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=63,
        help_text=_("Lower-case letters, digits and hyphens. It becomes part of the address."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )


class RenameForm(_NameForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("New name")


class ContainerForm(_NameForm):
    """An exact limit goes before the size; neither said, it is all that the plan gives."""

    template = forms.ModelChoiceField(
        Template.objects.none(),
        to_field_name="slug",
        empty_label=None,
        widget=forms.RadioSelect,
        label=_("Template"),
        error_messages={"required": _("Choose what it is made from.")},
    )
    size = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=_("Size"))
    memory = forms.IntegerField(min_value=admission.LEAST_MEMORY // MIB, required=False, label=_("Memory in MiB"))
    cpu = forms.DecimalField(
        min_value=Decimal(admission.LEAST_CPU) / 1000,
        max_value=1000,
        decimal_places=2,
        required=False,
        label=_("CPU in cores"),
    )
    environment = Lines(
        label=_("Environment variables"),
        help_text=_("One a line, as NAME=value. They go before the template's. Secrets are for its settings."),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant, self.plan = tenant, tenant.plan
        offered = Template.objects.offered([self.plan])
        fields: Any = self.fields
        fields["template"].queryset = offered
        fields["name"].widget.attrs["aria-describedby"] = "id_name_helptext name-check"
        self.sizes = list(_sizes(self.plan))
        fields["size"].choices = [(value, label) for value, label, _memory, _cpu in self.sizes]
        fields["size"].initial = self.sizes[-1][0]
        facts = {"plan": self.plan, "memory": self.plan.memory // MIB, "cpu": figures.cores(self.plan.cpu)}
        fields["memory"].help_text = lazystr(_("The plan %(plan)s allows %(memory)d a container.")) % facts
        fields["cpu"].help_text = lazystr(_("The plan %(plan)s allows %(cpu)s a container.")) % facts
        wished = self.initial.get("template")
        found = list(offered)
        self.initial["template"] = next((each.slug for each in found if each.slug == wished), found and found[0].slug)

    def wanted(self) -> dict[str, Any]:
        """The arguments of `admission.create`, in its units."""
        data = self.cleaned_data
        sized = {value: (memory, cpu) for value, _label, memory, cpu in self.sizes}
        memory, cpu = sized.get(data["size"], (None, None))
        return {
            "name": data["name"],
            "template": data["template"],
            "memory": memory if data["memory"] is None else data["memory"] * MIB,
            "cpu": cpu if data["cpu"] is None else int(data["cpu"] * 1000),
            "environment": data["environment"],
        }


def _sizes(plan: Plan) -> Any:
    """Each with its value, name, bytes and thousandths of a core; the last is all that the plan gives."""
    for value, part in SIZES.items():
        memory, cpu = plan.memory // part // MIB * MIB if part > 1 else plan.memory, plan.cpu // part
        if memory >= admission.LEAST_MEMORY and cpu >= admission.LEAST_CPU:
            yield value, _CALLED[value], memory, cpu
