"""`…/tenants/{tenant}/usage/`: what a tenant uses of its plan. Containers are counted here, so it is answered here."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from containers import usage
from tenants import current


class _Plan(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    grant_days = serializers.IntegerField(
        allow_null=True, help_text="The longest that a guest may be let in for; null: without end, if so wished."
    )


class _Counted(serializers.Serializer[Any]):
    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True, help_text="Null: unlimited.")


class _Share(serializers.Serializer[Any]):
    limit = serializers.IntegerField(help_text="Of each container.")
    reserved = serializers.IntegerField(help_text="What all containers may use together.")


class _Bandwidth(serializers.Serializer[Any]):
    used = serializers.IntegerField(help_text="Received and sent since the month began, in UTC; deleted ones too.")
    limit = serializers.IntegerField(allow_null=True, help_text="Per calendar month; null: unlimited.")


class _Over(serializers.Serializer[Any]):
    what = serializers.ChoiceField(choices=["containers", "memory", "cpu", "storage", "internet", "bandwidth"])
    limit = serializers.IntegerField()
    used = serializers.IntegerField(help_text="Of memory, CPU and storage that of the largest container.")


class UsageSerializer(serializers.Serializer[Any]):
    """Bytes, and CPU in thousandths of a core. Bandwidth is counted and shown; nothing ends when it is used up."""

    plan = _Plan()
    containers = _Counted()
    memory = _Share()
    cpu = _Share()
    storage = _Share()
    internet = serializers.BooleanField(help_text="Whether containers may open connections to the internet.")
    bandwidth = _Bandwidth()
    over = _Over(many=True, help_text="What is above its limit, as after a change to a smaller plan.")


class UsageView(APIView):
    @extend_schema(responses=UsageSerializer)
    def get(self, request: Request, tenant: str) -> Response:
        """Show what a tenant uses of its plan."""
        found = get_object_or_404(current.mine(current.person(request)), slug=tenant)
        return Response(UsageSerializer(usage.of(found)).data)
