"""How Django REST framework serves the API."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsing.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "tenants.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["tenants.api.filtering.Strict"],
    "DEFAULT_THROTTLE_CLASSES": ["config.throttling.Rates"],
    "DEFAULT_SCHEMA_CLASS": "config.openapi.schema.Schema",
    "EXCEPTION_HANDLER": "config.problems.handle",
}
