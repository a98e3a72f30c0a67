"""Templates for staff to write; containers and their state for staff to look at, and to act on by request."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from django.utils.translation import ngettext

from containers import admission, lifecycle, look, standings, steps, storage, usage
from containers.models import Archive, Condition, Container, ContainerStatus, Network, Scheduled, Template
from containers.templatetags.containers import duration
from tenants import consumption, current, staff
from tenants.figures import size
from tenants.models import Tenant
from tenants.refusal import Refused
from tenants.staff import ModelAdmin, Operated, Part, ReadOnly, Recorded, StackedInline, TabularInline

Looked = TypeVar("Looked", bound=Scheduled)


class Reconciled(Operated[Looked]):
    """Rows of the reconcile loop, with the action that has them looked at now."""

    actions: tuple[str, ...] = ("reconcile_now",)

    def tenant_of(self, row: Looked) -> Tenant | None:
        """Whose it is, for the record."""
        return getattr(row, "tenant", None)

    @admin.action(description="Reconcile now", permissions=["operate"])
    def reconcile_now(self, request: HttpRequest, chosen: QuerySet[Looked]) -> None:
        count = 0
        for row in chosen:
            look.at(row, actor=current.person(request), tenant=self.tenant_of(row))
            count += 1
        said = ngettext("%d is looked at now.", "%d are looked at now.", count) % count
        self.message_user(request, said, messages.SUCCESS)


class Troubled(admin.SimpleListFilter):
    """What needs a person comes apart from what is tried again by itself."""

    title, parameter_name = "trouble", "trouble"
    prefix = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "needs a person"), ("retrying", "is tried again")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        failed = queryset.exclude(**{f"{self.prefix}code": ""})
        return failed.filter(**{f"{self.prefix}retrying": self.value() == "retrying"})


class _StatusTroubled(Troubled):
    prefix = "status__"


class _Standing(admin.SimpleListFilter):
    """As the first page counts them."""

    title, parameter_name = "standing", "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in standings.NAMES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Container]) -> QuerySet[Container]:
        return queryset.filter(standings.where(self.value() or "")) if self.value() in standings.NAMES else queryset


class _Storage(admin.SimpleListFilter):
    title, parameter_name = "storage", "storage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("over", "over its limit"), ("measured", "measured, not capped")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Container]) -> QuerySet[Container]:
        if self.value() == "over":
            return queryset.filter(status__in=ContainerStatus.objects.filter(storage.OVER))
        if self.value() == "measured":
            uncapped = Q(status__storage_capped=False) | (Q(status__data_capped=False) & ~Q(data_folder=""))
            return queryset.filter(uncapped).exclude(status__engine_id="")
        return queryset


@admin.register(Template)
class TemplateAdmin(Recorded[Template]):
    """A template that containers were made from can't be deleted: the database protects it. Switch it off."""

    list_display = ("name", "slug", "image", "port", "data_folder", "enabled")
    filter_horizontal = ("plans",)
    list_filter = ("enabled",)
    search_fields = ("name", "slug", "image")

    def get_readonly_fields(self, request: HttpRequest, obj: Template | None = None) -> tuple[str, ...]:
        return ("more",) if obj else ()

    @admin.display(description="see also")
    def more(self, template: Template) -> str:
        return staff.related(self.admin_site, template)


class _Conditions(ReadOnly, TabularInline[Condition, Container]):
    model = Condition
    fields = ("type", "status", "reason", "message", "way", "changed_at", "met_at")
    readonly_fields = fields

    @admin.display(description="steps")
    def way(self, condition: Condition) -> str:
        """One line a step: its title, how it stands, how long it took, and what it said."""
        lines = (
            (step.title, step.state, duration(step.seconds), f": {step.message}" if step.message else "")
            for step in steps.on_the_way_to(condition)
        )
        return format_html_join("\n", "<div>{} {} {}{}</div>", lines) or "-"


class _Status(ReadOnly, StackedInline[ContainerStatus, Container]):
    model = ContainerStatus
    fields = (
        ("state", "started_at", "exit_code", "oom_killed"),
        ("code", "message", "retrying"),
        ("observed_generation", "attempts", "failures", "next_check_at"),
        ("memory_pending", "storage_used", "storage_capped", "data_capped"),
        "engine_id",
    )
    readonly_fields = tuple(name for line in fields for name in ((line,) if isinstance(line, str) else line))


@admin.register(Container)
class ContainerAdmin(ReadOnly, Operated[Container]):
    list_display = ("hostname", "tenant", "template", "desired", "state", "failure", "kept", "created_at", "deleted_at")
    list_filter = (
        _Standing,
        "desired",
        "status__state",
        _StatusTroubled,
        _Storage,
        "template",
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("tenant", "template", "status")
    search_fields = ("hostname", "name", "engine_name", "=id", "tenant__name", "tenant__slug")
    date_hierarchy = "created_at"
    # Named one by one: what a container's environment holds is its owner's.
    fields = (
        ("hostname", "name", "engine_name"),
        ("of_tenant", "of_template", "created_by"),
        ("desired", "lifecycle", "generation", "wanted_since"),
        ("image", "port", "data_folder", "internet", "resets_connections"),
        ("memory", "cpu", "storage"),
        ("created_at", "deleted_at"),
        "more",
    )
    readonly_fields = ("of_tenant", "of_template", "lifecycle", "more")
    inlines = (_Status, _Conditions)
    actions = ("reconcile_now", "retry", "delete_outside")

    @admin.display(ordering="status__state")
    def state(self, container: Container) -> str:
        return container.status.state

    @admin.display(ordering="status__code")
    def failure(self, container: Container) -> str:
        return container.status.code

    @admin.display(description="keeps", ordering="status__storage_used")
    def kept(self, container: Container) -> str:
        if container.status.storage_used is None:
            return "-"
        over = ", over its limit" if storage.over(container) else ""
        return f"{size(container.status.storage_used)}{over}"

    @admin.display(description="tenant")
    def of_tenant(self, container: Container) -> str:
        return staff.link(container.tenant)

    @admin.display(description="template")
    def of_template(self, container: Container) -> str:
        return staff.link(container.template)

    @admin.display()
    def lifecycle(self, container: Container) -> str:
        return ", ".join(lifecycle.of(container))

    @admin.display(description="see also")
    def more(self, container: Container) -> str:
        return staff.related(self.admin_site, container)

    @admin.action(description="Reconcile now, with its address", permissions=["operate"])
    def reconcile_now(self, request: HttpRequest, chosen: QuerySet[Container]) -> None:
        def act(container: Container, **by: Any) -> None:
            look.at(container.status, target=container, tenant=container.tenant, **by)

        self._each(request, chosen.filter(deleted_at=None), act, ("%d is looked at now.", "%d are looked at now."))

    @admin.action(description="Retry now", permissions=["operate"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Container]) -> None:
        said = ("%d is tried again now.", "%d are tried again now.")
        self._each(request, chosen.filter(deleted_at=None), admission.retry, said)

    @admin.action(description="Delete, here and outside…", permissions=["end"])
    def delete_outside(self, request: HttpRequest, chosen: QuerySet[Container]) -> TemplateResponse | None:
        """Asks first, as Django's own deletion does."""
        living = chosen.filter(deleted_at=None)
        if request.POST.get("post") or not living:
            self._each(request, living, admission.remove, ("%d is being deleted.", "%d are being deleted."))
            return None
        return TemplateResponse(
            request,
            "admin/containers/container/delete_outside.html",
            {
                **self.admin_site.each_context(request),
                "title": "Are you sure?",
                "opts": self.opts,
                "chosen": living,
                "action": "delete_outside",
            },
        )

    def _each(
        self, request: HttpRequest, chosen: Iterable[Container], act: Callable[..., Any], said: tuple[str, str]
    ) -> None:
        """Act on each, and say to how many and why not to others."""
        count = 0
        for container in chosen:
            try:
                act(container, actor=current.person(request))
                count += 1
            except Refused as exc:
                self.message_user(request, f"{container}: {exc}", messages.ERROR)
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, ngettext(*said, count) % count, level)


@admin.register(Archive)
class ArchiveAdmin(ReadOnly, ModelAdmin[Archive]):
    list_display = ("id", "kind", "container", "state", "code", "size", "created_at", "finished_at", "expires_at")
    list_filter = ("kind", "code")
    list_select_related = ("container",)
    search_fields = ("container__hostname", "container__tenant__slug")


@admin.register(Network)
class NetworkAdmin(ReadOnly, Reconciled[Network]):
    list_display = ("engine_name", "kind", "subnet", "tenant", "engine_id", "code")
    list_filter = ("kind", Troubled, ("engine_id", admin.EmptyFieldListFilter))
    list_select_related = ("tenant",)
    search_fields = ("subnet", "engine_id", "tenant__slug", "tenant__name")


def _containers() -> Any:
    living = Container.objects.living().filter(tenant=OuterRef("pk")).order_by().values("tenant")
    return Coalesce(Subquery(living.annotate(count=Count("pk")).values("count")), 0, output_field=IntegerField())


staff.tenant_counts["containers"] = _containers


def _usage(tenant: Tenant) -> dict[str, Any]:
    used = usage.of(tenant)
    cores = {"reserved": used.cpu.reserved / 1000, "limit": used.cpu.limit / 1000}
    return {"usage": used, "cores": cores, "over": consumption.over(tenant.plan, [tenant])}


staff.tenant_parts.append(Part(10, "admin/tenants/tenant/usage.html", _usage, "tenants.view_tenant"))
