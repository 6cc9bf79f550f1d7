"""As much of JSON Schema as our schemas use, so that a test can ask them without another dependency."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "format", "type", "properties", "required"),
    *("additionalProperties", "patternProperties", "items", "anyOf", "oneOf", "enum", "const", "pattern"),
    *("minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum"),
}


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "") -> Iterator[str]:
    """Where ``value`` does not fit; an unknown keyword is an error of the test."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        yield from faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    choices = schema.get("anyOf", schema.get("oneOf"))
    if choices is not None and all(any(True for _ in faults(value, choice, root, at)) for choice in choices):
        yield f"{at}: none of the choices"
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{at}: not {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: not one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: not {schema['const']}"
    if isinstance(value, str) and "pattern" in schema and not matches(schema["pattern"], value):
        yield f"{at}: does not match"
    if isinstance(value, list):
        yield from (f for n, item in enumerate(value) for f in faults(item, schema.get("items", {}), root, f"{at}/{n}"))
    if isinstance(value, dict):
        yield from _object_faults(value, schema, root, at)


def _object_faults(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}: {key} is missing" for key in schema.get("required", ()) if key not in value)
    patterns = schema.get("patternProperties", {})
    for key, inner in value.items():
        fitting = [s for pattern, s in patterns.items() if matches(pattern, key)]
        found = schema.get("properties", {}).get(key) or (fitting[0] if fitting else schema.get("additionalProperties"))
        if found is False:
            yield f"{at}: unknown key {key}"
        elif isinstance(found, dict):
            yield from faults(inner, found, root, f"{at}/{key}")


def matches(pattern: str, text: str) -> bool:
    """The pattern as JavaScript reads it."""
    return re.search(pattern.replace(r"\p{L}\p{N}_", r"\w").replace(r"[\p{L}_]", r"[^\W\d]"), text) is not None


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
