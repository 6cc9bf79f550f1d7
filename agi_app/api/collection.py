"""The routes as a collection of requests (Postman 2.1, which Bruno and Insomnia read, too), made from the document."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_EXAMPLES = {"number": "+999861380000001", "pattern": "+999861390000001", "external_id": "A1", "days": 30}


def collection(document: Mapping[str, Any]) -> dict[str, Any]:
    """One folder a resource; `base` and `token` are variables."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            folders.setdefault(operation["tags"][0], []).append(_request(document, path, method, operation))
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:agi-app:api")),
            "name": "agi-app",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": "base", "value": "http://127.0.0.1:8080"}, {"key": "token", "value": ""}],
        "item": [{"name": name, "item": items} for name, items in folders.items()],
    }


def _request(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    given = {"path": [], "query": [], "header": []}  # type: dict[str, list[dict[str, Any]]]
    for parameter in operation.get("parameters", ()):
        value = _example(document, parameter["schema"], parameter["name"])
        needed = {} if parameter["required"] else {"disabled": True}
        given[parameter["in"]].append({"key": parameter["name"], "value": str(value), **needed})
    parts = ["{{base}}", *(f":{part[1:-1]}" if part[:1] == "{" else part for part in path.strip("/").split("/"))]
    request: dict[str, Any] = {
        "method": method.upper(),
        "header": given["header"],
        "url": {
            "raw": "/".join(parts),
            "host": ["{{base}}"],
            "path": parts[1:],
            "query": given["query"],
            "variable": given["path"],
        },
        "description": operation["summary"],
    }
    if body := operation.get("requestBody"):
        ((media, content),) = body["content"].items()
        request["header"] = [*given["header"], {"key": "Content-Type", "value": media}]
        example = json.dumps(_example(document, content["schema"], ""), ensure_ascii=False, indent=1)
        request["body"] = {"mode": "raw", "raw": example}
    return {"name": operation["operationId"], "request": request}


def _example(document: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> Any:
    """A value of what a schema needs at least."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    for choice in schema.get("anyOf", ()):
        return _example(document, choice, name)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {key: _example(document, fields[key], key) for key in schema.get("required", ())}
        case "array":
            return [_example(document, schema["items"], name.removesuffix("s"))]
        case "integer" | "number":
            return schema.get("default", schema.get("minimum", 1))
        case "boolean":
            return False
        case _:
            return schema.get("default", name or "text")
