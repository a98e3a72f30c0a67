"""`…/containers/{id}/access/`: who else may enter a container, for those who may share it."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from access import sharing, visits
from access.api.filters import GrantFilter
from access.api.serializers import GrantSerializer, ShareSerializer, TermsSerializer
from access.models import Grant
from containers.models import Container
from tenants import audit, current
from tenants.api.idempotency import idempotent
from tenants.api.preconditions import conditional, if_match, tagged, versioned
from tenants.events import Action

_ONE_OR_MANY = PolymorphicProxySerializer(
    component_name="OneOrManyGrants",
    serializers=[GrantSerializer, GrantSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)


class _Sharing(GenericAPIView[Grant]):
    """A container that is gone keeps the record of whom it was shared with."""

    queryset: QuerySet[Grant] = Grant.objects.none()
    serializer_class = GrantSerializer
    lookup_url_kwarg = "grant"  # where it is not in the URL, it is a list

    def container(self, action: Action | None = None) -> Container:
        """For those who may share it. Raises `Refused` before a request is looked at; on record if it was an action."""
        person = current.person(self.request)
        seen = Container.objects.visible_to(person).select_related("tenant")
        found = get_object_or_404(seen, pk=self.kwargs["pk"])
        if action is None:
            sharing.managing(found, person)
        else:
            with audit.refusals(action, actor=person, target=found, tenant=found.tenant):
                sharing.managing(found, person)
        return found

    def grant(self, action: Action | None = None) -> Grant:
        rows = visits.with_last(Grant.objects.filter(container=self.container(action)))
        rows = rows.select_related("container__tenant")
        return get_object_or_404(rows, pk=self.kwargs["grant"])

    def answered(self, grant: Grant, code: int = status.HTTP_200_OK) -> Response:
        headers = tagged(grant)
        if code != status.HTTP_200_OK:
            where = reverse("api-grant", args=[grant.container_id, grant.pk], request=self.request)
            headers |= {"Location": where}
        return Response(self.get_serializer(grant).data, status=code, headers=headers)


class GrantListView(_Sharing):
    filterset_class = GrantFilter
    costly = frozenset({"post"})

    @extend_schema(operation_id="containers_access_list", responses=GrantSerializer(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        """List the grants of a container, the newest first.

        Ended ones stay: they are the record of who could come in when.
        """
        rows = visits.with_last(Grant.objects.filter(container=self.container()))
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=ShareSerializer, responses={201: _ONE_OR_MANY})
    @versioned
    @idempotent
    def post(self, request: Request, pk: Any) -> Response:
        """Share a container with one e-mail address, or with several.

        201 with the grant, or with a list where `emails` was given. Who has a grant already gets it changed to what is
        said here. It is `pending` until the edge was seen to let the address in; the guest is written to then.

        Members give what they like within the plan; guests who hold `manage` up to their own level, and for no longer
        than their own grant lasts.
        """
        container = self.container(Action.GRANT_CREATE)
        given = ShareSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = sharing.share(container, actor=current.person(request), **given.wanted())
        if given.single:
            return self.answered(made[0], status.HTTP_201_CREATED)
        return Response(self.get_serializer(made, many=True).data, status=status.HTTP_201_CREATED)


class GrantView(_Sharing):
    @extend_schema(responses=GrantSerializer)
    @versioned
    def get(self, request: Request, pk: Any, grant: Any) -> Response:
        """Show a grant: its state at the edge, and since when."""
        return self.answered(self.grant())

    @extend_schema(request=TermsSerializer, responses=GrantSerializer)
    @conditional
    def patch(self, request: Request, pk: Any, grant: Any) -> Response:
        """Change what a grant gives, or until when.

        Guests change those that they gave themselves. Those that were given by a grant follow it.
        """
        row = self.grant(Action.GRANT_CHANGE)
        given = TermsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        actor, known = current.person(request), if_match(request)
        return self.answered(sharing.change(row, actor=actor, if_match=known, **given.wanted()))

    @extend_schema(responses={202: GrantSerializer})
    @conditional
    def delete(self, request: Request, pk: Any, grant: Any) -> Response:
        """Revoke a grant.

        In Warren it counts at once. `state` is `revoking` until it is certain that the edge holds the address out,
        sessions included, and `revoked` from then on. With it end those that the guest gave by it.
        """
        row = self.grant(Action.GRANT_REVOKE)
        ended = sharing.revoke(row, actor=current.person(request), if_match=if_match(request))
        return self.answered(ended, status.HTTP_202_ACCEPTED)
