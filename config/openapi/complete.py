"""What every operation has in common, put into the schema once: problems, headers, an example of each body."""

from collections.abc import Iterable, Iterator
from typing import Any

from config.openapi.codes import CODES
from config.openapi.examples import example
from config.problems import CONTENT_TYPE, document, title

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what happened, why, and what next. A problem may have more members, such as `limit`.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$", "description": "Stable; for programs."},
        "detail": {"type": "string", "description": "For people."},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
HEADERS = {
    "X-Request-ID": "Names this request in logs and in the audit log; one that you send is kept.",
    "RateLimit-Policy": 'The limits that apply: `"default";q=600;w=60` is 600 requests in 60 seconds.',
    "RateLimit": 'What is left of them: `"default";r=599;t=60`, and in how many seconds there is more.',
    "Retry-After": "Seconds after which it makes sense to ask again.",
    "Location": "Where it can be looked at from now on.",
}
_ALWAYS = ("X-Request-ID", "RateLimit-Policy", "RateLimit")
_LATER = {409, 429, 503}
_WITH_A_PAGE = ("/Container", "/Archive", "/Grant")  # what is accepted of these has an address of its own


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A hook of drf-spectacular."""
    components = result["components"]
    _modernize(components["schemas"])
    components["schemas"]["Problem"] = PROBLEM
    components["headers"] = {
        name: {"description": words, "schema": {"type": "string"}} for name, words in HEADERS.items()
    }
    components["responses"] = {f"Problem{status}": _problem(status) for status in CODES}
    components["responses"]["Problem"] = _problem(None)
    for path, method, operation in operations(result):
        _answers(path, method, operation)
        for body in _bodies(operation):
            for media in body.get("content", {}).values():
                if "schema" in media and not {"example", "examples"} & set(media):
                    media["example"] = example(media["schema"], result)
    return result


def _modernize(part: Any) -> None:
    """What REST framework still writes as `nullable` is a type of its own in OpenAPI 3.1."""
    if isinstance(part, dict):
        if part.pop("nullable", False):
            part["type"] = [part["type"], "null"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            _modernize(inner)


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _bodies(operation: dict[str, Any]) -> Iterable[dict[str, Any]]:
    yield operation.get("requestBody", {})
    yield from (answer for answer in operation["responses"].values() if "$ref" not in answer)


def _answers(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        led = status == "202" and _leads(answer)
        names = (*_ALWAYS, "Location") if led else _ALWAYS
        answer["headers"] = {name: _header(name) for name in names} | answer.get("headers", {})
        answer["description"] = answer.get("description") or (_LED if led else _MEANING.get(status, "Done."))
    for status in _problems(path, method, operation):
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    operation["responses"].setdefault("default", {"$ref": "#/components/responses/Problem"})
    operation["responses"] = dict(sorted(operation["responses"].items()))


_MEANING = {
    "200": "Here it is.",
    "201": "It was made.",
    "202": "It was accepted, and happens from now on.",
    "204": "It is done; there is nothing to say.",
}


_LED = "It was accepted, and happens from now on; look at `Location`."


def _leads(answer: dict[str, Any]) -> bool:
    """Whether what is answered can be looked at again: it then has a key. A mail that was asked for has none."""
    bodies = [media["schema"].get("$ref", "") for media in answer.get("content", {}).values()]
    return any(schema.endswith(_WITH_A_PAGE) for schema in bodies)


def _problems(path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from (400, 401, 403, 406, 429, 503)
    if "{" in path or any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
        yield 404
    if method in {"post", "put", "patch", "delete"}:
        yield from (409, 412, 415, 422)


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _problem(status: int | None) -> dict[str, Any]:
    """The answer of one status; without one, whatever else may go wrong."""
    names = (*_ALWAYS, "Retry-After") if status in _LATER else _ALWAYS
    words = f"{title(status)}. Codes: {', '.join(CODES[status])}." if status else "Any other problem."
    code = CODES[status][0] if status else "method_not_allowed"
    body = document(status or 405, code, f"{title(status or 405)}.")
    media = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": body}
    return {"description": words, "headers": {name: _header(name) for name in names}, "content": {CONTENT_TYPE: media}}
