"""Accounts and zones for staff; tunnels and publications to look at. Secrets are never shown."""

from django.contrib import admin
from django.forms import ModelForm, PasswordInput

from cloudflare.models import Account, Connector, Publication, Tunnel, Zone
from containers.admin import ReadOnly


class _AccountForm(ModelForm[Account]):
    class Meta:
        model = Account
        fields = ("name", "account_id", "api_token", "max_tunnels", "max_applications", "enabled")
        # Rendered empty: a token goes in, and never comes out. Left empty, the one that is there stays.
        widgets = {"api_token": PasswordInput()}  # noqa: RUF012  (Django reads it as declared)
        help_texts = {"api_token": "Empty: the token stays as it is."}  # noqa: RUF012

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._known = self.instance.api_token
        self.fields["api_token"].required = not self.instance.pk

    def clean_api_token(self) -> str:
        return str(self.cleaned_data["api_token"] or self._known)


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin[Account]):
    form = _AccountForm
    list_display = ("name", "account_id", "max_tunnels", "max_applications", "enabled")


@admin.register(Zone)
class ZoneAdmin(admin.ModelAdmin[Zone]):
    list_display = ("domain", "account", "enabled", "guarded_at", "max_records", "foreign_records", "code")
    list_select_related = ("account",)
    fields = ("account", "zone_id", "domain", "enabled", "guarded_at", "max_records", "foreign_records", "message")
    readonly_fields = ("guarded_at", "max_records", "foreign_records", "message")


@admin.register(Tunnel)
class TunnelAdmin(ReadOnly, admin.ModelAdmin[Tunnel]):
    list_display = ("name", "account", "tunnel_id", "connected_at", "config_version", "code")
    list_select_related = ("tenant", "account")
    exclude = ("secret",)


@admin.register(Connector)
class ConnectorAdmin(ReadOnly, admin.ModelAdmin[Connector]):
    list_display = ("engine_name", "wanted", "ready_at", "code")
    list_select_related = ("tunnel__tenant",)


@admin.register(Publication)
class PublicationAdmin(ReadOnly, admin.ModelAdmin[Publication]):
    list_display = ("hostname", "zone", "route", "app_id", "record_id", "leaves_at", "gone_at", "code")
    list_filter = (
        "zone",
        "route",
        ("leaves_at", admin.EmptyFieldListFilter),
        ("gone_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("zone",)
    search_fields = ("hostname",)
