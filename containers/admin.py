"""Templates for staff to write; containers and their state for staff to look at, and to try again or delete."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from containers import admission
from containers.models import Archive, Condition, Container, Network, Template
from tenants import current
from tenants.refusal import Refused


class ReadOnly:
    """For rows that admission and the reconcilers write, and nobody else."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Template)
class TemplateAdmin(admin.ModelAdmin[Template]):
    list_display = ("name", "slug", "image", "port", "enabled")
    list_filter = ("enabled",)
    search_fields = ("name", "slug", "image")


class _Conditions(ReadOnly, admin.TabularInline[Condition, Container]):
    model = Condition


@admin.register(Container)
class ContainerAdmin(ReadOnly, admin.ModelAdmin[Container]):
    list_display = ("hostname", "tenant", "template", "desired", "state", "failure", "created_at", "deleted_at")
    list_filter = ("desired", "status__state", "template", ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("tenant", "template", "status")
    search_fields = ("hostname", "name", "tenant__name", "tenant__slug")
    inlines = (_Conditions,)
    actions = ("retry", "delete_outside")

    @admin.display(ordering="status__state")
    def state(self, container: Container) -> str:
        return container.status.state

    @admin.display(ordering="status__code")
    def failure(self, container: Container) -> str:
        return container.status.code

    @admin.action(description="Retry now")
    def retry(self, request: HttpRequest, chosen: QuerySet[Container]) -> None:
        self._each(request, chosen, admission.retry)

    @admin.action(description="Delete, here and outside")
    def delete_outside(self, request: HttpRequest, chosen: QuerySet[Container]) -> None:
        self._each(request, chosen, admission.remove)

    def _each(self, request: HttpRequest, chosen: QuerySet[Container], act: Any) -> None:
        for container in chosen:
            try:
                act(container, actor=current.person(request))
            except Refused as exc:
                self.message_user(request, f"{container}: {exc}", messages.ERROR)


@admin.register(Archive)
class ArchiveAdmin(ReadOnly, admin.ModelAdmin[Archive]):
    list_display = ("id", "kind", "container", "state", "code", "size", "created_at", "finished_at", "expires_at")
    list_filter = ("kind", "code")
    list_select_related = ("container",)
    search_fields = ("container__hostname", "container__tenant__slug")


@admin.register(Network)
class NetworkAdmin(ReadOnly, admin.ModelAdmin[Network]):
    list_display = ("engine_name", "kind", "subnet", "tenant", "engine_id")
    list_filter = ("kind",)
    list_select_related = ("tenant",)
