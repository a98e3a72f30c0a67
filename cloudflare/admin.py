"""Accounts and zones for staff; tunnels and publications to look at. Secrets are never shown."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm, PasswordInput
from django.http import HttpRequest

from cloudflare import domains
from cloudflare.models import (
    Account,
    Connector,
    Publication,
    Seat,
    SigningKey,
    SignOut,
    StaffProvider,
    Tunnel,
    VisitCursor,
    Zone,
)
from cloudflare.reconcile import rotation
from containers.admin import Reconciled, Troubled
from tenants import staff
from tenants.models import Tenant
from tenants.staff import ModelAdmin, ReadOnly, Recorded


class _AccountForm(ModelForm[Account]):
    class Meta:
        model = Account
        fields = (
            *("name", "account_id", "api_token", "max_tunnels", "max_applications", "max_rules"),
            *("identity_provider_id", "max_seats", "returns_seats", "ends_sessions", "enabled"),
        )
        # Rendered empty: a token goes in, and never comes out. Left empty, the one that is there stays.
        widgets = {"api_token": PasswordInput()}  # noqa: RUF012  (Django reads it as declared)
        help_texts = {"api_token": "Empty: the token stays as it is."}  # noqa: RUF012

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._known = self.instance.api_token
        if "api_token" in self.fields:  # whoever may only view has no fields
            self.fields["api_token"].required = not self.instance.pk

    def clean_api_token(self) -> str:
        return str(self.cleaned_data["api_token"] or self._known)

    @property
    def changed_data(self) -> list[str]:
        """The token was changed when one was given; it is never what was rendered."""
        given = bool(self.data.get(self.add_prefix("api_token")))
        return [name for name in super().changed_data if name != "api_token" or given]


@admin.register(Account)
class AccountAdmin(Recorded[Account]):
    form = _AccountForm
    list_display = ("name", "account_id", "max_tunnels", "max_applications", "max_seats", "enabled")
    list_filter = ("enabled",)
    search_fields = ("name", "account_id")

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        """All that lives there is found by the account's id: another account is another row."""
        return ("account_id", "more") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Account | None = None) -> Any:
        """Whoever may only view sees no token field: Django would print its value."""
        hidden = set() if self.has_change_permission(request, obj) or obj is None else {"api_token"}
        return [name for name in super().get_fields(request, obj) if name not in hidden]

    @admin.display(description="see also")
    def more(self, account: Account) -> str:
        return staff.related(self.admin_site, account)


class _ZoneForm(ModelForm[Zone]):
    def clean_domain(self) -> str:
        """As Cloudflare writes names, which are compared with ours; and not the dashboard's own."""
        domain = str(self.cleaned_data["domain"]).strip(".").lower()
        if hosts := domains.shared(domain):
            raise ValidationError(
                f"The dashboard is at {hosts[0]}, below the same registrable domain: tenants could set cookies there."
            )
        return domain


@admin.register(Zone)
class ZoneAdmin(Reconciled[Zone], Recorded[Zone]):
    form = _ZoneForm
    list_display = ("domain", "account", "enabled", "guarded_at", "max_records", "foreign_records", "code")
    list_filter = ("account", "enabled", Troubled)
    list_select_related = ("account",)
    search_fields = ("domain", "zone_id", "account__name")
    autocomplete_fields = ("account",)
    fields = (
        "account",
        "zone_id",
        "domain",
        "enabled",
        "guarded_at",
        "max_records",
        "foreign_records",
        "code",
        "message",
    )
    readonly_fields = ("guarded_at", "max_records", "foreign_records", "code", "message")

    def get_readonly_fields(self, request: HttpRequest, obj: Zone | None = None) -> tuple[str, ...]:
        """Publications are made and found in the zone that they were claimed in: another zone is another row."""
        return ("account", "zone_id", "domain", *self.readonly_fields, "more") if obj else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Zone | None = None) -> tuple[str, ...]:
        return (*self.fields, "more") if obj else self.fields

    @admin.display(description="see also")
    def more(self, zone: Zone) -> str:
        return staff.related(self.admin_site, zone)


@admin.register(Tunnel)
class TunnelAdmin(ReadOnly, Reconciled[Tunnel]):
    list_display = ("name", "tenant", "account", "tunnel_id", "connected_at", "config_version", "code")
    list_filter = ("account", Troubled, ("connected_at", admin.EmptyFieldListFilter))
    list_select_related = ("tenant", "account")
    search_fields = ("tenant__slug", "tenant__name", "tunnel_id")
    actions = ("change_token", *Reconciled.actions)
    fields = (
        ("of_tenant", "account", "tunnel_id"),
        ("connected_at", "empty_since", "config_version", "config_digest"),
        "secret_at",
        ("code", "message", "retrying"),
        ("attempts", "failures", "next_check_at"),
        "more",
    )
    readonly_fields = ("of_tenant", "more")

    @admin.action(description="Change the token of its connectors", permissions=["operate"])
    def change_token(self, request: HttpRequest, chosen: QuerySet[Tunnel]) -> None:
        chosen.exclude(tunnel_id="").update(secret_at=rotation.ASKED)
        self.reconcile_now(request, chosen)

    @admin.display(description="tenant")
    def of_tenant(self, tunnel: Tunnel) -> str:
        return staff.link(tunnel.tenant)

    @admin.display(description="see also")
    def more(self, tunnel: Tunnel) -> str:
        return staff.related(self.admin_site, tunnel)


@admin.register(Connector)
class ConnectorAdmin(ReadOnly, Reconciled[Connector]):
    list_display = ("engine_name", "tunnel", "wanted", "ready_at", "code")
    list_filter = ("wanted", Troubled, ("ready_at", admin.EmptyFieldListFilter))
    list_select_related = ("tunnel__tenant",)
    search_fields = ("tunnel__tenant__slug", "for_tunnel_id", "engine_id")

    def tenant_of(self, row: Connector) -> Tenant:
        return row.tunnel.tenant


@admin.register(Publication)
class PublicationAdmin(ReadOnly, Reconciled[Publication]):
    list_display = (
        "hostname",
        "tenant",
        "zone",
        "tunnel",
        "route",
        "app_id",
        "record_id",
        "leaves_at",
        "gone_at",
        "code",
    )
    list_filter = (
        "zone",
        "route",
        Troubled,
        ("leaves_at", admin.EmptyFieldListFilter),
        ("gone_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("zone", "tunnel__tenant", "container__tenant")
    search_fields = ("hostname", "app_id", "container__tenant__slug")
    fields = (
        ("hostname", "container", "zone", "tunnel"),
        ("route", "routed_in", "leaves_at", "gone_at"),
        ("app_id", "record_id", "record_target"),
        ("revoking", "reset_until", "reset_at"),
        "reset_message",
        ("code", "message", "retrying"),
        ("attempts", "failures", "next_check_at"),
    )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A tenant's page links here."""
        return lookup.startswith("container__tenant__") or super().lookup_allowed(lookup, value, request)

    def tenant_of(self, row: Publication) -> Tenant:
        return row.container.tenant

    @admin.display(ordering="container__tenant__slug")
    def tenant(self, publication: Publication) -> str:
        return str(publication.container.tenant)


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnly, ModelAdmin[SigningKey]):
    list_display = ("kid", "team", "seen_at")
    search_fields = ("kid", "team")
    date_hierarchy = "seen_at"


@admin.register(StaffProvider)
class StaffProviderAdmin(ReadOnly, ModelAdmin[StaffProvider]):
    list_display = ("provider", "audience", "since", "confirmed_at")
    search_fields = ("provider", "audience")


@admin.register(VisitCursor)
class VisitCursorAdmin(ReadOnly, Reconciled[VisitCursor]):
    list_display = ("account", "reached_at", "complete_at", "foreign", "code", "next_check_at")
    list_filter = (Troubled,)
    list_select_related = ("account",)
    search_fields = ("account__name", "account__account_id")
    fields = (
        "account",
        ("reached_at", "complete_at", "foreign"),
        ("code", "message", "retrying"),
        ("attempts", "failures", "next_check_at"),
    )


@admin.register(SignOut)
class SignOutAdmin(ReadOnly, Reconciled[SignOut]):
    list_display = ("email", "account", "created_at", "calling", "next_check_at", "code")
    list_filter = ("account", Troubled)
    list_select_related = ("account",)
    search_fields = ("email",)


@admin.register(Seat)
class SeatAdmin(ReadOnly, ModelAdmin[Seat]):
    list_display = ("email", "account", "user_id", "seen_at")
    list_filter = ("account",)
    list_select_related = ("account",)
    search_fields = ("email",)


staff.tenant_lists.append(("publications", "admin:cloudflare_publication_changelist", "container__tenant__id__exact"))
