"""Who belongs to a tenant. Members see the list, owners change it."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import current, members
from tenants.api.filters import MemberFilter
from tenants.api.tenants import Belonging
from tenants.events import Action
from tenants.models import Membership


class MemberSerializer(serializers.ModelSerializer[Membership]):
    email = serializers.CharField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    active = serializers.BooleanField(source="user.is_active", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "email", "name", "role", "active", "created_at")
        extra_kwargs: dict[str, Any] = {"role": {"required": True}}  # noqa: RUF012  (REST framework's way)


class _Members(Belonging):
    serializer_class = MemberSerializer

    def member(self) -> Membership:
        rows = Membership.objects.filter(tenant=self.tenant()).select_related("tenant", "user")
        return get_object_or_404(rows, pk=self.kwargs["member"])


class MemberListView(_Members):
    filterset_class = MemberFilter

    @extend_schema(operation_id="tenants_members_list", responses=MemberSerializer(many=True))
    def get(self, request: Request, tenant: str) -> Response:
        """List who belongs to a tenant."""
        rows = Membership.objects.filter(tenant=self.tenant()).select_related("user").order_by("created_at", "pk")
        return self.listed(rows)


class MemberView(_Members):
    def get(self, request: Request, tenant: str, member: int) -> Response:
        """Show a member."""
        return Response(self.get_serializer(self.member()).data)

    def patch(self, request: Request, tenant: str, member: int) -> Response:
        """Give a member another role.

        409 `last_owner` if no owner would be left.
        """
        row = self.member()
        self.owned(Action.MEMBER_ROLE)
        row = members.change_role(row, self.given()["role"], actor=current.person(request))
        return Response(self.get_serializer(row).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, tenant: str, member: int) -> Response:
        """Take a member out of a tenant.

        They are out of its containers as well, sessions included.
        """
        members.remove(self.member(), actor=current.person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class HandOverView(_Members):
    @extend_schema(request=None, responses=MemberSerializer)
    def post(self, request: Request, tenant: str, member: int) -> Response:
        """Hand a tenant over.

        The member becomes an owner and you become a member, in one step.
        """
        row = self.member()
        members.hand_over(row, actor=current.person(request))
        row.refresh_from_db()
        return Response(self.get_serializer(row).data)
