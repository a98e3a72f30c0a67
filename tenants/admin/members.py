"""Who belongs to a tenant, as staff change it on the tenant's page: held to what its own people are held to."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tenants.models import Membership, Role, Tenant
from tenants.staff import InlineFormSet, TabularInline


class _MembersForms(InlineFormSet):  # type: ignore[type-arg]  # not generic at run time
    """Looked at under the tenant's lock, which the admin's transaction holds until they are saved."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or not self.has_changed():
            return
        if self.instance.pk and Tenant.objects.locked(self.instance.pk).deleted_at:
            raise ValidationError("It is deleted: nobody joins or leaves it.", "tenant_closed")
        owners = self._owners()
        changed = [form for form in self.forms if form.has_changed()]  # the others may be older than what is there
        left = owners - {form.instance.pk for form in changed}
        saved = [form.cleaned_data for form in changed if form not in self.deleted_forms]
        if left or any(one["role"] == Role.OWNER and one["user"].is_active for one in saved):
            return
        if owners or not self.instance.pk:
            raise ValidationError("Nobody would own it: make somebody with an open account an owner.", "last_owner")

    def _owners(self) -> set[Any]:
        """Keys of the memberships, as they are now, that somebody with an open account owns the tenant by."""
        rows = Membership.objects.filter(tenant=self.instance.pk, role=Role.OWNER, user__is_active=True)
        return set(rows.values_list("pk", flat=True))

    def add_fields(self, form: Any, index: int | None) -> None:
        """Another person is another membership: who comes and who goes is heard of by a row that is made and one that
        is deleted.
        """
        super().add_fields(form, index)
        form.fields["user"].disabled = bool(form.instance.pk)


class Members(TabularInline[Membership, Tenant]):
    model = Membership
    formset = _MembersForms
    verbose_name, verbose_name_plural = _("member"), _("members")
    extra = 0
    autocomplete_fields = ("user",)

    def formfield_for_dbfield(self, *args: Any, **kwargs: Any) -> Any:
        """The cells of a table have no label: each is named after its column."""
        field = super().formfield_for_dbfield(*args, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(field.label)
        return field
