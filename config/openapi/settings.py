"""How drf-spectacular describes the API."""

SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Warren",
    "VERSION": "1",
    "DESCRIPTION": "Containers for many tenants. Errors are `application/problem+json` with a stable `code`.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enum_id_removal",  # words stay where they are used
        "config.openapi.complete.complete",
    ],
}
