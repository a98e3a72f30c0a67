"""How views are described: a summary from the docstring, and both ways to sign in."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc

_VERBS = {
    "list": "List",
    "retrieve": "Show one of",
    "create": "Create one of",
    "update": "Replace one of",
    "partial_update": "Change one of",
    "destroy": "Delete one of",
}


class Schema(AutoSchema):
    def get_summary(self) -> str:
        """The first line of the method's docstring; without one, the verb and what it is about."""
        first = self._words().partition("\n")[0]
        if first:
            return first.rstrip(".")
        action = getattr(self.view, "action", None) or self.method_mapping[self.method.lower()]
        verb = _VERBS.get(action, action.replace("_", " ").capitalize())
        return f"{verb} {self.get_tags()[0].replace('-', ' ')}"

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """What follows the first line; of a method without a docstring, what the view says of itself."""
        words = self._words()
        if words:
            return words.partition("\n")[2].strip()
        return str(get_doc(self.view.__class__))

    def get_request_serializer(self) -> Any:
        """`request=` at the method comes before this: a DELETE has a body only where that says so."""
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _get_request_body(self, direction: str = "request") -> Any:
        """drf-spectacular drops the body of every DELETE; OpenAPI 3.1 allows one."""
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"

    def _words(self) -> str:
        action = getattr(self.view, "action", None) or self.method.lower()
        return str(get_doc(getattr(self.view, action, None)))


class Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "tenants.authentication.TokenAuthentication"
    name = "bearer"
    match_subclasses = True
    priority = 1

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        words = "A token from `POST /api/v1/tokens/`, as `Authorization: Bearer …`."
        return {"type": "http", "scheme": "bearer", "description": words}
