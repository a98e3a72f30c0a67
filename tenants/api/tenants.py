"""The tenants that the person belongs to. Of any other there is nothing: 404."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from tenants import current, founding, members, standing
from tenants.api.filters import TenantFilter
from tenants.api.idempotency import idempotent
from tenants.events import Action
from tenants.models import Membership, Tenant
from tenants.pagination import Pages


class TenantSerializer(serializers.ModelSerializer[Membership]):
    """A tenant as one of its people sees it: with the role that they have."""

    slug = serializers.CharField(source="tenant.slug", read_only=True)
    name = serializers.CharField(source="tenant.name", max_length=100)
    plan = serializers.CharField(source="tenant.plan.code", read_only=True)
    suspended = serializers.CharField(
        source="tenant.suspended_reason", read_only=True, help_text="Why it is suspended; empty when it is not."
    )
    created_at = serializers.DateTimeField(source="tenant.created_at", read_only=True)

    class Meta:
        model = Membership
        fields = ("slug", "name", "plan", "role", "suspended", "created_at")
        read_only_fields = ("role",)


class NewTenant(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    slug = serializers.CharField(max_length=20, required=False, allow_blank=True)


class Deletion(serializers.Serializer[Any]):
    """Says which tenant is meant, so that none is deleted by mistake."""

    slug = serializers.CharField(max_length=20)


class Belonging(GenericAPIView[Any]):
    """For views below `tenants/{slug}/`."""

    queryset: QuerySet[Any] = Membership.objects.none()
    pagination_class = Pages

    def memberships(self) -> QuerySet[Membership]:
        return current.memberships(current.person(self.request))

    def membership(self) -> Membership:
        found = self.memberships().filter(tenant__slug=self.kwargs["tenant"]).first()
        if found is None:
            raise Http404
        return found

    def tenant(self) -> Tenant:
        return self.membership().tenant

    def owned(self, action: Action | None = None) -> Tenant:
        """Raises `Refused` for members, before their request is looked at; on record where it was an action."""
        tenant, person = self.tenant(), current.person(self.request)
        if action:
            members.stop_others(tenant, person, action)
        else:
            members.require_owner(tenant, person)
        return tenant

    def listed(self, rows: QuerySet[Any]) -> Response:
        """A page of those that the parameters ask for."""
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def given(self, serializer: type[serializers.BaseSerializer[Any]] | None = None, **more: Any) -> dict[str, Any]:
        found = (serializer or self.get_serializer_class())(data=self.request.data, **more)
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)


class TenantListView(Belonging):
    serializer_class = TenantSerializer
    filterset_class = TenantFilter
    costly = frozenset({"post"})

    @extend_schema(operation_id="tenants_list", responses=TenantSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the tenants that you belong to."""
        return self.listed(self.memberships())

    @extend_schema(request=NewTenant, responses={201: TenantSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a tenant, with you as its owner.

        403 `registration_closed` where people can't make tenants.
        """
        made = founding.create(actor=current.person(request), **self.given(NewTenant))
        body = self.get_serializer(self.memberships().get(tenant=made)).data
        where = reverse("api-tenant", args=[made.slug], request=request)
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": where})


class TenantView(Belonging):
    serializer_class = TenantSerializer

    def get(self, request: Request, tenant: str) -> Response:
        """Show a tenant."""
        return Response(self.get_serializer(self.membership()).data)

    def patch(self, request: Request, tenant: str) -> Response:
        """Give a tenant another name."""
        row = self.owned(Action.TENANT_RENAME)
        given = self.given(partial=True)
        if name := given.get("tenant", {}).get("name"):
            founding.rename(row, name, actor=current.person(request))
        return Response(self.get_serializer(self.membership()).data)

    @extend_schema(request=Deletion, responses={202: None})
    def delete(self, request: Request, tenant: str) -> Response:
        """Delete a tenant with all its containers.

        Say its slug again: 422 `slug_differs` otherwise. They go one after the other; you and all others lose the
        tenant at once. There is no way back, and its slug is never given out again.
        """
        row = self.owned(Action.TENANT_CLOSE)
        standing.close_own(row, **self.given(Deletion), actor=current.person(request))
        return Response(status=status.HTTP_202_ACCEPTED)


class LeaveView(Belonging):
    serializer_class = serializers.Serializer  # nothing is to be said

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, tenant: str) -> Response:
        """Leave a tenant.

        409 `last_owner` while nobody else owns it.
        """
        members.leave(self.tenant(), actor=current.person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
