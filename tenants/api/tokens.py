"""API tokens: made with e-mail address and password, or by somebody who is signed in already."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import current, passwords, tokens
from tenants.api.filters import TokenFilter
from tenants.authentication import TokenAuthentication
from tenants.models import ApiToken, Scope, User
from tenants.pagination import Pages
from tenants.refusal import Refused
from tenants.words import gettext as _


class Credentials(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=passwords.MAX_LENGTH, trim_whitespace=False)


class Wanted(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    scope = serializers.ChoiceField(Scope.choices, default=Scope.WRITE)
    expires_in_days = serializers.IntegerField(min_value=1, max_value=36500, required=False, allow_null=True)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """`id` names the token; it is no secret. The token itself is shown once, at creation."""

    id = serializers.CharField(source="token_key", read_only=True)

    class Meta:
        model = ApiToken
        fields = ("id", "name", "scope", "created", "expiry", "last_used_at")


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text="The secret; shown this once.")

    class Meta:
        model = ApiToken
        fields = ("token", *TokenSerializer.Meta.fields)


class NewTokenRequest(Wanted):
    """`email` and `password` only where you are not signed in."""

    email = serializers.EmailField(max_length=254, required=False)
    password = serializers.CharField(max_length=passwords.MAX_LENGTH, required=False, write_only=True)


class TokenListView(GenericAPIView[ApiToken]):
    costly = frozenset({"post"})
    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    filterset_class = TokenFilter
    pagination_class = Pages

    def get_permissions(self) -> Sequence[Any]:
        return [AllowAny()] if self.request.method == "POST" else super().get_permissions()

    def get_queryset(self) -> QuerySet[ApiToken]:
        mine: QuerySet[ApiToken] = ApiToken.objects.filter(user=current.person(self.request))
        return mine

    @extend_schema(operation_id="tokens_list", responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your tokens, the newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewTokenRequest, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        """Create a token.

        Send your e-mail address and password, or nothing where you are signed in already. 401 when they do not fit.
        One that is made with a token does not outlive that token: it expires no later, and is revoked with it.
        """
        wanted = Wanted(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = request.user if request.user.is_authenticated else self._signed_in(request)
        made, secret = tokens.create(actor=user, maker=current.token(request), **wanted.validated_data)
        body = {"token": secret, **self.get_serializer(made).data}
        return Response(body, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    def _signed_in(self, request: Request) -> User:
        given = Credentials(data=request.data)
        given.is_valid(raise_exception=True)
        user = passwords.verify(request._request, **given.validated_data)
        if user is None:
            raise Refused(
                "credentials",
                _("No account has this address with this password. Check both; capital letters count."),
                status=401,
            )
        return user


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Revoke one of your tokens."""
        person = current.person(request)
        tokens.revoke(get_object_or_404(ApiToken, user=person, token_key=key), actor=person)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CurrentTokenView(APIView):
    """The token that the request was made with: lets a script tidy up after itself."""

    authentication_classes = (TokenAuthentication,)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the token that this request is made with."""
        assert isinstance(request.auth, ApiToken)
        tokens.revoke(request.auth, actor=current.person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
