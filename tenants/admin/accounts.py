"""Invitations, mail and API tokens for staff to look at; tokens to revoke as well."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from tenants import current, tokens
from tenants.models import ApiToken, Invitation, Mail
from tenants.staff import ModelAdmin, ReadOnly


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, ModelAdmin[Invitation]):
    list_display = ("email", "tenant", "role", "state", "invited_by", "created_at", "expires_at")
    list_filter = (
        "role",
        ("accepted_at", admin.EmptyFieldListFilter),
        ("withdrawn_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("tenant", "invited_by")
    search_fields = ("email", "tenant__name", "tenant__slug")


@admin.register(Mail)
class MailAdmin(ReadOnly, ModelAdmin[Mail]):
    list_display = ("to", "kind", "state", "created_at", "sent_at", "failures", "reason")
    list_filter = ("state", "kind")
    search_fields = ("to", "reason")
    date_hierarchy = "created_at"


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly, ModelAdmin[ApiToken]):
    """Without the digest: nobody needs to see it."""

    list_display = ("token_key", "name", "user", "scope", "created", "last_used_at", "expiry")
    list_filter = ("scope", ("expiry", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("name", "token_key", "user__email")
    fields = ("token_key", "name", "user", "scope", "created", "last_used_at", "expiry")
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tenants.delete_apitoken")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        for token in chosen.select_related("user"):
            tokens.revoke(token, actor=current.person(request))
        messages.success(request, "The chosen tokens are revoked.")
