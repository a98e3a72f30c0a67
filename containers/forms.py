"""The form that creates a container; its checks are admission's, shown at the field they are about."""

from decimal import Decimal
from typing import Any

from django import forms

from containers.models import Template
from tenants.models import Tenant
from tenants.models.plan import MIB
from tenants.refusal import Refused


class _TemplateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}: {obj.description}" if obj.description else obj.name


class _NameForm(forms.Form):
    name = forms.CharField(
        max_length=63,
        help_text="Lower-case letters, digits and hyphens. It becomes part of the address.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )

    def refuse(self, exc: Refused) -> None:
        field = exc.members.get("field")
        self.add_error(field if field in self.fields else None, str(exc))


class RenameForm(_NameForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["name"].label = "New name"


class ContainerForm(_NameForm):
    template = _TemplateField(
        Template.objects.none(),
        to_field_name="slug",
        empty_label=None,
        widget=forms.RadioSelect,
    )
    memory = forms.IntegerField(min_value=6, required=False, help_text="MiB")
    cpu = forms.DecimalField(
        min_value=Decimal("0.01"), max_value=1000, decimal_places=2, required=False, label="CPU", help_text="cores"
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.tenant, plan = tenant, tenant.plan
        offered = Template.objects.offered([plan])
        self.fields["template"].queryset = offered  # type: ignore[attr-defined]  # declared as any field
        self.fields["memory"].help_text = f"MiB; the plan {plan} allows {plan.memory // MIB}. Empty: all of it."
        self.fields["cpu"].help_text = f"Cores; the plan {plan} allows {plan.cpu / 1000:g}. Empty: all of it."
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
