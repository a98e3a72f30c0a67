"""The form that creates a container; its checks are admission's, shown at the field they are about."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from containers.models import Template
from tenants.models import Tenant
from tenants.models.plan import MIB
from tenants.refusal import Refused
from tenants.words import gettext as _


class _TemplateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}: {obj.description}" if obj.description else obj.name


class _NameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=63,
        help_text=gettext_lazy("Lower-case letters, digits and hyphens. It becomes part of the address."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )

    def refuse(self, exc: Refused) -> None:
        field = exc.members.get("field")
        self.add_error(field if field in self.fields else None, str(exc))


class RenameForm(_NameForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["name"].label = _("New name")


class ContainerForm(_NameForm):
    template = _TemplateField(
        Template.objects.none(),
        label=gettext_lazy("Template"),
        to_field_name="slug",
        empty_label=None,
        widget=forms.RadioSelect,
    )
    memory = forms.IntegerField(label=gettext_lazy("Memory"), min_value=6, required=False)
    cpu = forms.DecimalField(min_value=Decimal("0.01"), max_value=1000, decimal_places=2, required=False, label="CPU")

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.tenant, plan = tenant, tenant.plan
        offered = Template.objects.offered([plan])
        self.fields["template"].queryset = offered  # type: ignore[attr-defined]  # declared as any field
        self.fields["memory"].help_text = _("MiB; the plan %(plan)s allows %(memory)s. Empty: all of it.") % {
            "plan": plan,
            "memory": plan.memory // MIB,
        }
        self.fields["cpu"].help_text = _("Cores; the plan %(plan)s allows %(cpu)s. Empty: all of it.") % {
            "plan": plan,
            "cpu": f"{plan.cpu / 1000:g}",
        }
        self.fields["template"].initial = offered.first()

    def wanted(self) -> dict[str, Any]:
        """The arguments of `admission.create`, in its units."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "template": data["template"],
            "memory": None if data["memory"] is None else data["memory"] * MIB,
            "cpu": None if data["cpu"] is None else int(data["cpu"] * 1000),
        }
