"""An OpenAPI description of the server, made from its routes and bodies, for programs that make requests from one."""

from __future__ import annotations

import re
from typing import Any

from tests.reliability.surface import BODIES, FILLINGS, QUERIES, Endpoint, endpoints

_SHAPES = "#/components/schemas/"


def openapi() -> dict[str, Any]:
    """Describe every route. What answers look like is left open."""
    shapes: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for endpoint in endpoints():
        if endpoint.method != "HEAD":
            operation = _operation(endpoint, shapes)
            paths.setdefault(_bare(endpoint.template), {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sidecar", "version": "1"},
        "security": [{"key": []}],
        "paths": paths,
        "components": {"schemas": shapes, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _bare(template: str) -> str:
    return re.sub(r":path\}", "}", template)


def _operation(endpoint: Endpoint, shapes: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    inside = [
        {"name": name, "in": "path", "required": True, "schema": text, "example": FILLINGS[name]}
        for name in endpoint.parameters
    ]
    queries = QUERIES.get(endpoint.template, ()) if endpoint.method == "GET" else ()
    asked = [{"name": name, "in": "query", "schema": text} for name in queries]
    operation: dict[str, Any] = {
        "parameters": [*inside, *asked],
        "responses": {"default": {"description": "An answer or an error."}},
    }
    if endpoint.method == "POST":
        operation["requestBody"] = {"content": {"application/json": _body(endpoint, shapes)}}
    return operation


def _body(endpoint: Endpoint, shapes: dict[str, Any]) -> dict[str, Any]:
    taken = BODIES.get(endpoint.template)
    if taken is None:
        return {"schema": {"type": "object"}}
    schema = taken.model.model_json_schema(by_alias=True, ref_template=_SHAPES + "{model}")
    shapes |= schema.pop("$defs", {})
    shapes[taken.model.__name__] = schema
    return {"schema": {"$ref": _SHAPES + taken.model.__name__}, "example": dict(taken.right)}
