"""For people who can't sign in yet, or not any more. What is answered never tells who has an account."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import accounts, passwords
from tenants.api.people import PersonSerializer

SENT = _("If this address can be used here, a mail with a link is on its way to it.")


class Address(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class Password(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": passwords.MAX_LENGTH, "trim_whitespace": False, "write_only": True, **kwargs})


class Confirmation(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=1000)
    name = serializers.CharField(max_length=150)
    password = Password()
    tenant_name = serializers.CharField(
        max_length=100, required=False, help_text="Needed by everybody with whom nothing is shared."
    )
    slug = serializers.CharField(max_length=20, required=False, allow_blank=True)


class NewPassword(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=1000)
    password = Password()


class Sent(serializers.Serializer[Any]):
    detail = serializers.CharField()


class _Open(GenericAPIView[Any]):
    """Takes what the serializer describes, from anybody."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    def given(self, request: Request) -> dict[str, Any]:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class SignUpView(_Open):
    serializer_class = Address

    @extend_schema(responses={202: Sent})
    def post(self, request: Request) -> Response:
        """Ask for an account.

        A mail with a link is sent; the answer is the same whoever has the address. Where registration is closed,
        only who was given access to a container gets one.
        """
        accounts.ask(**self.given(request))
        return Response({"detail": SENT}, status=status.HTTP_202_ACCEPTED)


class SignUpConfirmView(_Open):
    serializer_class = Confirmation
    costly = frozenset({"post"})

    @extend_schema(responses={201: PersonSerializer})
    def post(self, request: Request) -> Response:
        """Make the account that a mailed link confirms, and a tenant of its own.

        Who was given access to a container needs no tenant. Sign in at `tokens/` with the password.
        """
        person, _ = accounts.sign_up(**self.given(request))
        return Response(PersonSerializer(person).data, status=status.HTTP_201_CREATED)


class PasswordResetView(_Open):
    serializer_class = Address

    @extend_schema(responses={202: Sent})
    def post(self, request: Request) -> Response:
        """Ask for a new password.

        A mail with a link is sent; the answer is the same whoever has the address.
        """
        passwords.ask(**self.given(request))
        return Response({"detail": SENT}, status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(_Open):
    serializer_class = NewPassword
    costly = frozenset({"post"})

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        """Set a new password with the token of a mailed link.

        Every session ends and every API token is revoked.
        """
        passwords.reset(**self.given(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
