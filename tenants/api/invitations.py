"""Invitations: owners send, list and withdraw them; whoever holds the link accepts."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import current, invitations, passwords
from tenants.api.filters import InvitationFilter
from tenants.api.idempotency import idempotent
from tenants.api.tenants import Belonging, TenantSerializer
from tenants.events import Action
from tenants.models import Invitation, Membership, Role
from tenants.refusal import Refused
from tenants.words import gettext as _


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(Role.choices, default=Role.MEMBER)
    state = serializers.CharField(read_only=True)
    invited_by = serializers.CharField(source="invited_by.email", default=None, read_only=True)

    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "state", "invited_by", "created_at", "expires_at")
        read_only_fields = ("created_at", "expires_at")


class Acceptance(serializers.Serializer[Any]):
    """`name` and `password` are for those who have no account yet."""

    token = serializers.CharField(max_length=1000)
    name = serializers.CharField(max_length=150, required=False)
    password = serializers.CharField(
        max_length=passwords.MAX_LENGTH, trim_whitespace=False, required=False, write_only=True
    )


class InvitationListView(Belonging):
    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    filterset_class = InvitationFilter
    costly = frozenset({"post"})

    @extend_schema(operation_id="tenants_invitations_list", responses=InvitationSerializer(many=True))
    def get(self, request: Request, tenant: str) -> Response:
        """List the invitations to a tenant, the newest first."""
        rows = Invitation.objects.filter(tenant=self.owned()).select_related("invited_by")
        return self.listed(rows)

    @extend_schema(responses={201: InvitationSerializer})
    @idempotent
    def post(self, request: Request, tenant: str) -> Response:
        """Invite somebody by mail.

        An open invitation of that address is renewed.
        """
        made = invitations.invite(self.owned(Action.INVITATION_CREATE), actor=current.person(request), **self.given())
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class InvitationView(Belonging):
    serializer_class = InvitationSerializer

    @extend_schema(responses={204: None})
    def delete(self, request: Request, tenant: str, invitation: int) -> Response:
        """Withdraw an invitation."""
        tenant_row = self.owned(Action.INVITATION_WITHDRAW)
        rows = Invitation.objects.filter(tenant=tenant_row).select_related("tenant")
        invitations.withdraw(get_object_or_404(rows, pk=invitation), actor=current.person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AcceptView(Belonging):
    """With a session or token of the invited address, or with name and password of a new account."""

    permission_classes = (AllowAny,)
    serializer_class = Acceptance
    costly = frozenset({"post"})

    @extend_schema(responses=TenantSerializer)
    def post(self, request: Request) -> Response:
        """Accept an invitation.

        Signed in under the invited address, or with name and password of a new account.
        """
        given = self.given()
        if request.user.is_authenticated:
            made = invitations.accept(given["token"], actor=current.person(request))
        elif "name" in given and "password" in given:
            made = invitations.accept_newly(**given)
        else:
            invitations.invitee(invitations.find(given["token"]))
            raise Refused(
                "sign_in_first",
                _("Sign in under the invited address, or give the name and password of a new account."),
                status=401,
            )
        row = Membership.objects.select_related("tenant__plan").get(pk=made.pk)
        return Response(TenantSerializer(row).data)
