"""The schema as a document, and as a page for people; beside it the description of the websockets."""

from functools import cache
from typing import Any

from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.openapi.guide import websockets
from config.openapi.page import sections, words


@cache
def document() -> dict[str, Any]:
    """The whole schema, for everybody the same; made once, at the first request."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


class SchemaView(APIView):
    schema = None  # it is not in itself
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response(document())


class DocsView(TemplateView):
    template_name = "api/docs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        here = self.request.build_absolute_uri("/").rstrip("/")
        return super().get_context_data(
            sections=sections(document(), here), introduction=words(document()["info"]["description"]), **kwargs
        )


class WebsocketsView(TemplateView):
    template_name = "api/websockets.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(guide=websockets(), **kwargs)
