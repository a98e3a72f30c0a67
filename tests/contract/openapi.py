"""Checks calls and answers against Cloudflare's published schema."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "cloudflare" / "openapi.json"
PATH = Path(os.environ.get("WARREN_OPENAPI", DEFAULT))

# The one thing that a user's checkout may lack: the schema is Cloudflare's, and not part of this project.
needs_schema = pytest.mark.skipif(not PATH.exists(), reason=f"Cloudflare's schema is not at {PATH}")


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATH.read_text())
    return found


@cache
def _operations() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    found = []
    for path, item in sorted(_document()["paths"].items(), key=lambda pair: pair[0].count("{")):
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
        shared = item.get("parameters", [])
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                parameters = [_resolved(row) for row in [*shared, *operation.get("parameters", [])]]
                found.append((method.upper(), pattern, {**operation, "parameters": parameters}))
    return found


def _resolved(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = _document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operation(method: str, path: str) -> dict[str, Any]:
    """The operation of a call; fails for one that Cloudflare does not have."""
    for verb, pattern, found in _operations():
        if verb == method and pattern.fullmatch(path):
            return found
    raise AssertionError(f"Cloudflare's schema has no {method} {path}")


def _plain(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema; references stay.

    Some fields are declared as plain strings, while their description says what `null` in them means.
    """
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _plain(value) for key, value in node.items() if key not in {"nullable", "example", "examples"}}
    if node.get("nullable") or "If `null`" in str(node.get("description", "")):
        return {"anyOf": [{"type": "null"}, plain]}
    return plain


@cache
def _plain_document() -> dict[str, Any]:
    found: dict[str, Any] = _plain(_document())
    return found


def _read_only(node: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Names of the properties, at any depth, that only answers have; a request need not send them."""
    if isinstance(node, list):
        return set().union(*(_read_only(item, seen) for item in node))
    if not isinstance(node, dict):
        return set()
    if "$ref" in node:
        return set() if node["$ref"] in seen else _read_only(_resolved(node), seen | {node["$ref"]})
    found = {
        name
        for name, row in (node.get("properties") or {}).items()
        if isinstance(row, dict) and isinstance(_resolved(row), dict) and _resolved(row).get("readOnly")
    }
    return found.union(*(_read_only(value, seen) for value in node.values()))


def _validate(schema: dict[str, Any], value: Any, what: str) -> None:
    # Ids are Cloudflare's to give; the schema of a DNS record forgets to call its id read-only.
    optional = {*_read_only(schema), "id"} if what.startswith("request") else set()
    validator = jsonschema.Draft4Validator({**_plain(schema), "components": _plain_document()["components"]})
    problems = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in validator.iter_errors(value)
        if not (error.validator == "required" and any(error.message.startswith(f"'{name}'") for name in optional))
    ]
    assert not problems, f"{what}: " + "; ".join(problems)


def check_request(method: str, path: str, query: dict[str, str], body: Any) -> None:
    found = operation(method, path)
    known = {row["name"] for row in found["parameters"] if row["in"] == "query"}
    # `cascade` aside, which cloudflared sends, a parameter that is not in the schema is a mistake of ours.
    unknown = {name for name in query if name not in known and name.split(".")[0] not in known}
    assert not unknown, f"{method} {path} has no parameters {unknown}"
    content = _resolved(found.get("requestBody", {})).get("content", {})
    if body is not None:
        assert content, f"{method} {path} takes no body"
        _validate(content["application/json"].get("schema", {}), body, f"request {method} {path}")
    else:
        assert not _resolved(found.get("requestBody", {})).get("required"), f"{method} {path} needs a body"


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    answers = operation(method, path)["responses"]
    found = answers.get(str(status)) or answers.get(f"{status // 100}XX".lower()) or answers.get(f"{status // 100}XX")
    if found is None and status >= 400:
        found = answers.get("4XX") or answers.get("4xx") or answers.get("default")
    assert found is not None, f"{method} {path} never answers {status}; it answers {sorted(answers)}"
    content = _resolved(found).get("content", {})
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        _validate(_failure(schema) if status >= 400 else schema, body, f"answer {status} of {method} {path}")


def _failure(schema: dict[str, Any]) -> dict[str, Any]:
    """A refusal is declared as success *and* failure, which nothing can be: the failure is what counts."""
    parts = [part for part in schema.get("allOf", []) if part.get("$ref", "").endswith("common-failure")]
    return parts[0] if parts else schema
