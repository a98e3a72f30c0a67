"""People, tenants and plans for staff. What Warren writes by itself is shown, never edited."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html_join

from tenants import staff
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Membership, Plan, Tenant, User
from tenants.staff import ReadOnly, Recorded


class _Creation(BaseUserCreationForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = User
        fields = ("email", "name")


class _Change(UserChangeForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = User
        fields = "__all__"


class _Tenants(ReadOnly, admin.TabularInline[Membership, User]):
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
    form, add_form = _Change, _Creation
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    search_fields = ("email", "name", "tenants__slug")
    readonly_fields = ("last_login", "date_joined", "more")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "is_active", "more")}),
        ("Rights", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    inlines = (_Tenants,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off, not deleted: what they did stays theirs."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002  (Django's)
        answer = super().user_change_password(request, id, form_url)
        if request.method == "POST" and answer.status_code == 302:  # else the form is shown again
            self.record_change(request, User.objects.get(pk=id), "password")
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


class _Members(admin.TabularInline[Membership, Tenant]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Tenant)
class TenantAdmin(Recorded[Tenant]):
    list_display = ("name", "slug", "plan", "people", "created_at")
    list_filter = ("plan", "created_at")
    list_select_related = ("plan",)
    search_fields = ("name", "slug", "members__email")
    autocomplete_fields = ("plan",)
    inlines = (_Members,)

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        """The slug is in every hostname."""
        return ("slug", "created_at", "more") if obj else ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Each count is a subquery: joined in, one would multiply the other."""
        counts = {f"count_{name}": count() for name, count in staff.tenant_counts.items()}
        return super().get_queryset(request).annotate(count_people=Count("memberships", distinct=True), **counts)

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return (*self.list_display, *(_count(name) for name in staff.tenant_counts))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(ordering="count_people")
    def people(self, tenant: Tenant) -> int:
        return int(getattr(tenant, "count_people", 0))

    @admin.display(description="see also")
    def more(self, tenant: Tenant) -> str:
        further = [(staff.list_link(label, name, **{key: tenant.pk}),) for label, name, key in staff.tenant_lists]
        return format_html_join(", ", "{}", [(staff.related(self.admin_site, tenant),), *further])


def _count(name: str) -> Any:
    @admin.display(description=name, ordering=f"count_{name}")
    def column(tenant: Tenant) -> int:
        return int(getattr(tenant, f"count_{name}") or 0)

    return column


@admin.register(Plan)
class PlanAdmin(Recorded[Plan]):
    """A plan that tenants have can't be deleted: the database protects it."""

    list_display = ("name", "code", "tenants", "max_containers", "memory_", "cores", "storage_", "traffic", "internet")
    list_filter = ("internet",)
    search_fields = ("name", "code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        return super().get_queryset(request).annotate(count_tenants=Count("tenants"))

    @admin.display(ordering="count_tenants")
    def tenants(self, plan: Plan) -> str:
        count = getattr(plan, "count_tenants", 0)
        return staff.list_link(count, "admin:tenants_tenant_changelist", plan__id__exact=plan.pk)

    @admin.display(description="memory", ordering="memory")
    def memory_(self, plan: Plan) -> str:
        return filesizeformat(plan.memory)

    @admin.display(description="CPU", ordering="cpu")
    def cores(self, plan: Plan) -> str:
        return f"{plan.cpu / 1000:g}"

    @admin.display(description="storage", ordering="storage")
    def storage_(self, plan: Plan) -> str:
        return filesizeformat(plan.storage)

    @admin.display(description="bandwidth", ordering="bandwidth")
    def traffic(self, plan: Plan) -> str:
        return "unlimited" if plan.bandwidth is None else filesizeformat(plan.bandwidth)


class _Verb(admin.SimpleListFilter):
    """From the list of verbs: to ask the table which ones it holds would read all of it."""

    title, parameter_name = "action", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(action.value, action.value) for action in sorted(Action)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class _Outcome(_Verb):
    title, parameter_name = "outcome", "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome.value, outcome.value) for outcome in Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(outcome=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, admin.ModelAdmin[AuditEvent]):
    list_display = ("at", "actor", "action", "target", "outcome", "reason", "tenant", "ip")
    list_filter = (_Outcome, _Verb)
    search_fields = ("actor", "target", "tenant", "reason", "=target_id", "=request_id", "=ip")
    search_help_text = "Part of who, what it was done to, the tenant or a reason; or a whole ID or address."
    date_hierarchy = "at"
    show_full_result_count = False
