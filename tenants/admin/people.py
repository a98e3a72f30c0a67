"""People for staff: switched off, never deleted."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminPasswordWidget

from tenants import current, staff, tokens
from tenants.models import Membership, User
from tenants.staff import ReadOnly, Recorded, TabularInline

if TYPE_CHECKING:  # unfold has no types
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
else:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm

admin.site.unregister(Group)

_RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class _Creation(BaseUserCreationForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = User
        fields = ("email", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})


class _Change(UserChangeForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = User
        fields = "__all__"


class _Tenants(ReadOnly, TabularInline[Membership, User]):
    """Where somebody belongs; memberships are changed at the tenant."""

    model = Membership
    extra = 0
    fields = ("place", "role", "created_at")
    readonly_fields = fields
    verbose_name_plural = "tenants"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("tenant")

    @admin.display(description="tenant")
    def place(self, membership: Membership) -> str:
        return staff.link(membership.tenant)


@admin.register(User)
class PersonAdmin(Recorded[User], UserAdmin):  # type: ignore[type-arg]  # not generic at run time
    form, add_form, change_password_form = _Change, _Creation, AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    search_fields = ("email", "name", "tenants__slug")
    readonly_fields = ("last_login", "date_joined", "more")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "is_active", "more")}),
        ("Rights", {"fields": _RIGHTS}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    inlines = (_Tenants,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Who is only just made belongs nowhere."""
        return super().get_inlines(request, obj) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off, not deleted: what they did stays theirs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff are superusers' to change: a password or an address of theirs, set by somebody else, gives that person
        their rights.
        """
        if isinstance(obj, User) and (obj.is_staff or obj.is_superuser) and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rights are superusers' to give: else whoever may change people would have them all."""
        shown = super().get_readonly_fields(request, obj)
        return shown if request.user.is_superuser else (*shown, *_RIGHTS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """What was changed alone is written: the person may have set another password since the row was read."""
        if not change:
            super().save_model(request, obj, form, change)
        elif form.changed_data:
            own = {field.name for field in User._meta.concrete_fields}
            obj.save(update_fields=own.intersection(form.changed_data))
            self.record_change(request, obj, *form.changed_data)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002  (Django's)
        """As everywhere, a new password revokes what the old one made."""
        with transaction.atomic():
            if request.method == "POST" and id.isdecimal():
                User.objects.locked().filter(pk=id).first()  # before it is read, to be written whole
            answer = super().user_change_password(request, id, form_url)
            if request.method == "POST" and answer.status_code == 302:  # else the form is shown again
                person = User.objects.get(pk=id)
                tokens.revoke_all(person, actor=current.person(request))
                self.record_change(request, person, "password")
        return answer

    @admin.display(description="see also")
    def more(self, user: User) -> str:
        return format_html_join(
            ", ",
            "{}",
            (
                (staff.list_link("done by them", "admin:tenants_auditevent_changelist", actor_id=user.pk),),
                (staff.record_link(user),),
            ),
        )


@admin.register(Group)
class GroupAdmin(Recorded[Group], DjangoGroupAdmin):
    """Named sets of permissions, such as those of support; superusers' to change, as rights are."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser) and super().has_change_permission(request, obj)
