"""Every `code` of a problem document, by status. A test holds the sources to this list."""

CODES: dict[int, tuple[str, ...]] = {
    400: ("invalid", "parse_error", "idempotency_key_invalid"),
    401: ("not_authenticated", "authentication_failed", "credentials"),
    403: ("permission_denied", "no_tenant"),
    404: ("not_found",),
    405: ("method_not_allowed",),
    406: ("not_acceptable",),
    409: ("name_taken", "not_running", "being_deleted", "idempotency_in_flight"),
    412: ("precondition_failed",),
    415: ("unsupported_media_type",),
    422: (
        "containers_limit",
        "memory_limit",
        "cpu_limit",
        "name_invalid",
        "name_reserved",
        "name_too_long",
        "template_disabled",
        "idempotency_key_reused",
    ),
    429: ("throttled",),
    503: ("no_domain", "cloudflare_full", "database_away"),
}
