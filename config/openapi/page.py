"""What the page at `/api/docs/` shows of each operation. Pure: from the schema to plain values."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from config.openapi.complete import operations


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    where: str
    kind: str
    required: bool
    description: SafeString


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    description: SafeString
    headers: list[str]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str
    paragraphs: list[SafeString]
    open: bool
    parameters: list[Parameter]
    body: str
    curl: str
    answers: list[Answer]


def sections(schema: dict[str, Any], here: str) -> dict[str, list[Operation]]:
    """Operations by tag, in the order of the schema; `here` is the address that the curl lines call."""
    found: dict[str, list[Operation]] = {}
    for path, method, operation in operations(schema):
        found.setdefault(operation["tags"][0], []).append(_operation(schema, here, path, method, operation))
    return found


def words(text: str) -> SafeString:
    """A paragraph as HTML: lines joined, `code` as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(text.split()))))  # noqa: S308  (escaped)


def _operation(schema: dict[str, Any], here: str, path: str, method: str, operation: dict[str, Any]) -> Operation:
    body = _example(operation.get("requestBody", {}))
    without = {} in operation.get("security", [{}])
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        paragraphs=[words(part) for part in operation.get("description", "").split("\n\n") if part],
        open=without,
        parameters=[_parameter(found) for found in operation.get("parameters", ())],
        body=body,
        curl=_curl(here + path, method.upper(), body, without=without),
        answers=list(_answers(schema, operation)),
    )


def _parameter(found: dict[str, Any]) -> Parameter:
    schema = found["schema"]
    described = words(found.get("description", "").partition("\n\n*")[0])
    return Parameter(found["name"], found["in"], _kind(schema), bool(found.get("required")), described)


def _kind(schema: dict[str, Any]) -> str:
    if "items" in schema:
        return f"{_kind(schema['items'])}, several with commas"
    if "enum" in schema:
        return " | ".join(str(word) for word in schema["enum"])
    return str(schema.get("format") or schema.get("type", ""))


def _answers(schema: dict[str, Any], operation: dict[str, Any]) -> Iterator[Answer]:
    for status, found in operation["responses"].items():
        shared = "$ref" in found
        answer = schema["components"]["responses"][found["$ref"].rpartition("/")[2]] if shared else found
        yield Answer(status, words(answer["description"]), list(answer["headers"]), "" if shared else _example(answer))


def _example(body: dict[str, Any]) -> str:
    for media in body.get("content", {}).values():
        named: list[dict[str, Any]] = list(media.get("examples", {}).values())
        given = named[0].get("value") if named else media.get("example")
        return "" if given is None else json.dumps(given, indent=2, ensure_ascii=False)
    return ""


def _curl(url: str, method: str, body: str, *, without: bool) -> str:
    words = ["curl"] if method == "GET" else ["curl", "-X", method]
    line = " ".join([*words, shlex.quote(url)])
    if not without:
        line += ' \\\n  -H "Authorization: Bearer $TOKEN"'
    if body:
        compact = json.dumps(json.loads(body), ensure_ascii=False)
        line += f" \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(compact)}"
    return line
