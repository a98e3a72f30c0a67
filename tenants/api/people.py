"""`me/`: the person who asks."""

from typing import Any

from django.contrib.auth import update_session_auth_hash
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import accounts, current, passwords
from tenants.models import Membership, User


class _Belonging(serializers.ModelSerializer[Membership]):
    slug = serializers.CharField(source="tenant.slug", read_only=True)
    name = serializers.CharField(source="tenant.name", read_only=True)

    class Meta:
        model = Membership
        fields = ("slug", "name", "role")


class PersonSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(max_length=150)
    tenants = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "email", "name", "language", "date_joined", "tenants")
        read_only_fields = ("email", "date_joined")

    @extend_schema_field(_Belonging(many=True))
    def get_tenants(self, person: User) -> list[dict[str, str]]:
        return [dict(row) for row in _Belonging(current.memberships(person), many=True).data]


class PasswordChange(serializers.Serializer[Any]):
    current_password = serializers.CharField(max_length=passwords.MAX_LENGTH, trim_whitespace=False, write_only=True)
    password = serializers.CharField(max_length=passwords.MAX_LENGTH, trim_whitespace=False, write_only=True)


class Closing(serializers.Serializer[Any]):
    current_password = serializers.CharField(max_length=passwords.MAX_LENGTH, trim_whitespace=False, write_only=True)


class MeView(GenericAPIView[User]):
    serializer_class = PersonSerializer

    def get(self, request: Request) -> Response:
        """Show who you are."""
        return Response(self.get_serializer(request.user).data)

    def patch(self, request: Request) -> Response:
        """Change your name, or the language of the pages and of mail; empty: as the browser says."""
        person = current.person(request)
        given = self.get_serializer(person, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        if given.validated_data:
            person = accounts.change(person, **given.validated_data)
        return Response(self.get_serializer(person).data)

    @extend_schema(request=Closing, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Close your account.

        With your password; a wrong one counts as at the sign-in. 409 `last_owner` while a tenant would be left
        without an owner.
        """
        given = Closing(data=request.data)
        given.is_valid(raise_exception=True)
        accounts.close(current.person(request), given.validated_data["current_password"], request=request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MyPasswordView(GenericAPIView[User]):
    serializer_class = PasswordChange

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        """Change your password.

        Every session ends and every token is revoked, but for the one that asks.
        """
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        words = given.validated_data
        person = passwords.change(
            current.person(request),
            words["current_password"],
            words["password"],
            request=request._request,
            keep=current.token(request),
        )
        if request.auth is None:  # with a session, not with a token
            update_session_auth_hash(request._request, person)
        return Response(status=status.HTTP_204_NO_CONTENT)
