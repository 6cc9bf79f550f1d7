"""The OpenAPI 3.1 document, made from the routes and their models."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from agi_app.api import problems
from agi_app.api.problems import TITLES, ProblemAnswer
from agi_app.api.routes import PATH_PARAMETERS, Kind, Route

REFERENCE = "#/components/schemas/{model}"
_ALWAYS = (400, 401, 403, 421, 429, 500, 503)
_SEEN = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9a-f]{32}")$'},
    "description": "the ETag of what you saw; without it 428, when it has changed 412",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
    "description": "1 to 255 printable ASCII characters: the same key within a day gets the same answer, and nothing"
    " is done twice",
}
_EVENT = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    "description": "the last event that you got: go on behind it; 400 when it is above the newest",
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole document."""
    declared = list(routes)
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemAnswer, "serialization")]
    for route in declared:
        if isinstance(route.answer, type):
            wanted.append((route.answer, "serialization"))
        if isinstance(route.body, type):
            wanted.append((route.body, "validation"))
    references, definitions = models_json_schema(list(dict.fromkeys(wanted)), ref_template=REFERENCE)
    _close(definitions)
    paths: dict[str, dict[str, Any]] = {}
    for route in declared:
        paths.setdefault(route.whole, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "agi-app",
            "version": metadata.version("agi-app"),
            "summary": "Consent-first automated calling. There is no route that places a call.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "agia_ID_SECRET_CHECK"}},
        },
    }


def _close(schema: Any) -> None:
    """Names that do not fit what an object's names must be are allowed nowhere in it: pydantic does not write that."""
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            _close(part)
    elif isinstance(schema, list):
        for part in schema:
            _close(part)


References = Mapping[Any, Mapping[str, Any]]  # by model and mode


def _operation(route: Route, references: References) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n")
    found: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.group],
        "summary": summary,
        "x-agi-app-scope": route.scope.value,
        "x-agi-app-limit": f"{route.limit.value}/min",
        "responses": _responses(route, references),
    }
    if more.strip():
        found["description"] = more.strip()
    if parameters := [*_in_path(route), *_in_query(route), *_in_header(route)]:
        found["parameters"] = parameters
    if isinstance(route.body, str):
        found["requestBody"] = {"required": True, "content": {route.body: {"schema": {"type": "string"}}}}
    elif route.body is not None:
        schema = references[route.body, "validation"]
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _responses(route: Route, references: References) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "done", "headers": _headers(route)}
    if isinstance(route.answer, str):
        done["content"] = {route.answer: {"schema": _of_media(route.answer)}}
    elif route.answer is not None:
        done["content"] = {"application/json": {"schema": references[route.answer, "serialization"]}}
    problem = {problems.MEDIA_TYPE: {"schema": references[ProblemAnswer, "serialization"]}}
    found = {str(route.status): done}
    if route.method == "GET" and not route.stream:
        found["304"] = {"description": "it is as the ETag in If-None-Match says"}
    for status in statuses(route):
        titles = dict.fromkeys(title for code, title in TITLES.values() if code == status)
        found[str(status)] = {"description": "; ".join(titles), "content": problem}
    return found


def _of_media(media_type: str) -> dict[str, Any]:
    """The schema of an answer that is no JSON: a text, but for YAML, of which tools look at what it says."""
    return {} if media_type.endswith("yaml") else {"type": "string"}


def statuses(route: Route) -> list[int]:
    """The statuses of the problems that a route may answer with."""
    found = {*_ALWAYS, *route.more}
    if "{" in route.path:
        found.add(404)
    if route.body is not None:
        found |= {408, 413, 415}
    if route.kind is not Kind.READ or route.query.model_fields:
        found.add(422)
    if route.kind is Kind.EFFECT:
        found.add(409)
    if route.kind is Kind.EDIT:
        found |= {412, 428}
    return sorted(found)


def _headers(route: Route) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    found = {"RateLimit": text, "RateLimit-Policy": text}
    if route.method == "GET" and not route.stream:
        found["ETag"] = text
    if "after" in route.query.model_fields:
        found["Link"] = text
    return found


def _in_path(route: Route) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": dict(PATH_PARAMETERS[name])} for name in names]


def _in_query(route: Route) -> list[dict[str, Any]]:
    schema = route.query.model_json_schema(ref_template=REFERENCE)
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, **_parameter(field, schema.get("$defs", {}))}
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter is there or not: that it may be null is nothing to say."""
    schema = {key: value for key, value in field.items() if key not in ("title", "description", "default", "anyOf")}
    for choice in field.get("anyOf", ()):
        schema |= choice if choice.get("type") != "null" else {}
    if reference := schema.pop("$ref", None):
        schema |= {k: v for k, v in definitions[reference.rpartition("/")[2]].items() if k in ("type", "enum")}
    if field.get("default") is not None:
        schema["default"] = field["default"]
    about = {"description": field["description"]} if "description" in field else {}
    return {"schema": schema, **about}


def _in_header(route: Route) -> list[dict[str, Any]]:
    kinds = {Kind.EDIT: [_SEEN], Kind.EFFECT: [_KEY]}
    return [_EVENT] if route.answer == "text/event-stream" else kinds.get(route.kind, [])
