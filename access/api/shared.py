"""`shared/`: what others share with the person who asks."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from access import sharing
from access.api.filters import SharedFilter
from access.api.serializers import SharedSerializer
from access.models import Grant
from tenants import current


class _Mine(GenericAPIView[Grant]):
    queryset: QuerySet[Grant] = Grant.objects.none()
    serializer_class = SharedSerializer

    def mine(self) -> QuerySet[Grant]:
        """What lets the person in at this moment."""
        rows = Grant.objects.live().filter(email=current.person(self.request).email)
        rows = rows.select_related("container__tenant", "container__status")
        return rows.prefetch_related("container__conditions")


class SharedListView(_Mine):
    filterset_class = SharedFilter

    @extend_schema(operation_id="shared_list", responses=SharedSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what is shared with you, the newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.mine()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class SharedView(_Mine):
    @extend_schema(responses=SharedSerializer)
    def get(self, request: Request, grant: Any) -> Response:
        """Show what is shared with you by one grant."""
        return Response(self.get_serializer(get_object_or_404(self.mine(), pk=grant)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, grant: Any) -> Response:
        """Leave a container that is shared with you.

        Those whom you let in by it lose their access with you.
        """
        sharing.leave(get_object_or_404(self.mine(), pk=grant), actor=current.person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
