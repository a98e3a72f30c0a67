"""API tokens: made with e-mail address and password, or by somebody who is signed in already."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import audit
from tenants.authentication import TokenAuthentication
from tenants.events import Action
from tenants.models import ApiToken, User
from tenants.models.user import fold_email
from tenants.pagination import Pages
from tenants.refusal import Refused


class Credentials(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField(max_length=1024, trim_whitespace=False)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """`id` names the token; it is no secret. The token itself is shown once, at creation."""

    id = serializers.CharField(source="token_key", read_only=True)

    class Meta:
        model = ApiToken
        fields = ("id", "created", "expiry")


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text="The secret; shown this once.")

    class Meta:
        model = ApiToken
        fields = ("token", "id", "created", "expiry")


class TokenListView(GenericAPIView[ApiToken]):
    costly = frozenset({"post"})
    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer
    pagination_class = Pages

    def get_permissions(self) -> Sequence[Any]:
        return [AllowAny()] if self.request.method == "POST" else super().get_permissions()

    def get_queryset(self) -> QuerySet[ApiToken]:
        mine: QuerySet[ApiToken] = ApiToken.objects.filter(user=self.request.user)
        return mine

    @extend_schema(operation_id="tokens_list", responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your tokens, the newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=Credentials, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        """Create a token.

        Send your e-mail address and password, or nothing where you are signed in already. 401 when they do not fit.
        """
        user = request.user if request.user.is_authenticated else self._signed_in(request)
        made, secret = ApiToken.objects.create(user=user)
        audit.record(Action.TOKEN_CREATE, actor=user, token=made.token_key)
        body = {"token": secret, **self.get_serializer(made).data}
        return Response(body, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    def _signed_in(self, request: Request) -> User:
        given = Credentials(data=request.data)
        given.is_valid(raise_exception=True)
        user = authenticate(
            request._request,
            username=fold_email(given.validated_data["email"]),
            password=given.validated_data["password"],
        )
        if not isinstance(user, User):
            raise Refused("credentials", "The e-mail address and the password do not fit.", status=401)
        return user


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Revoke one of your tokens."""
        token = ApiToken.objects.filter(user=request.user, token_key=key).first()
        if token is None:
            raise Http404
        return _revoke(request.user, token)


class CurrentTokenView(APIView):
    """The token that the request was made with: lets a script tidy up after itself."""

    authentication_classes = (TokenAuthentication,)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the token that this request is made with."""
        assert isinstance(request.auth, ApiToken)
        return _revoke(request.user, request.auth)


def _revoke(user: Any, token: ApiToken) -> Response:
    audit.record(Action.TOKEN_REVOKE, actor=user, token=token.token_key)
    token.delete()
    return Response(status=status.HTTP_204_NO_CONTENT)
