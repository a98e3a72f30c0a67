"""An example for whatever has none of its own, made from its schema and from names that occur again and again."""

from typing import Any

_KNOWN: dict[str, Any] = {
    "name": "blog",
    "slug": "hello",
    "template": "hello",
    "hostname": "blog-acme.containers.example",
    "url": "https://blog-acme.containers.example/",
    "email": "alice@example.com",
    "granted_by": "alice@example.com",
    "permissions": "view",
    "password": "correct horse battery staple",
    "memory": 134_217_728,
    "cpu": 250,
    "storage": 1_073_741_824,
    "port": 8080,
    "title": "Image",
    "message": "",
}
_WHOLE: dict[str, Any] = {
    "error": None,
    "next": "https://warren.example/api/v1/containers/?page=2",
    "previous": None,
    "count": 123,
    "lifecycle": "running",
    "tenant": "acme",
    "type": "Running",
    "reason": "Running",
    "over": [],
}
_FORMATS = {
    "uuid": "7c9d4a1e-52f0-4b7a-9a55-0e6d3f8b2c11",
    "date-time": "2026-11-24T09:30:00Z",
    "date": "2026-11-24",
    "uri": "https://warren.example/api/v1/containers/?page=2",
    "email": "alice@example.com",
    "ipv4": "192.0.2.7",
}
_PLAIN: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "string": "text", "null": None}


def example(schema: dict[str, Any], document: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows. `document` is where its references lead; deep ones end as null."""
    if name in _WHOLE and _WHOLE[name] in schema.get("enum", [_WHOLE[name]]):
        return _WHOLE[name]
    if "$ref" in schema:
        *_, kind, key = schema["$ref"].split("/")
        return example(document["components"][kind][key], document, name, depth + 1)
    for given in ("example", "default", "const"):
        if given in schema:
            return schema[given]
    for several in ("examples", "enum"):
        if schema.get(several):
            return schema[several][0]
    for several in ("oneOf", "anyOf", "allOf"):
        if schema.get(several):
            return example(schema[several][0], document, name, depth)
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        members = schema.get("properties", {})
        return {key: example(member, document, key, depth) for key, member in members.items()} if depth < 8 else {}
    if kind == "array":
        return [example(schema["items"], document, name, depth)] if "items" in schema and depth < 8 else []
    return _word(schema, kind, name)


def _word(schema: dict[str, Any], kind: str, name: str) -> Any:
    known = _KNOWN.get(name)
    if known is not None and isinstance(known, int) == (kind in {"integer", "number"}):
        return known
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if kind in {"integer", "number"} and "minimum" in schema:
        return max(schema["minimum"], _PLAIN[kind])
    return _PLAIN[kind]
