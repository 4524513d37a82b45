"""The JSON Schema of a tool's arguments brought down to what a grammar can hold an answer to.

Schemas of tools come from clients' code and use whatever JSON Schema has: nothing in one is ever refused. What cannot
be followed is left out (`pattern`, `format`, `not`, conditions, ranges of numbers beyond a few), and what cannot be
understood allows anything.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

_MAX_DEPTH = 16
_MAX_PARTS = 1500
"""Schemas within one schema; beyond, everything is allowed: the grammar would be too large to be asked."""
_MAX_LENGTH = 64
_MAX_RANGE = 64
_LISTS = ("properties", "required", "allOf", "anyOf", "oneOf", "prefixItems", "items")
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
ANYTHING: Mapping[str, Any] = {"type": ["object", "array", "string", "number", "boolean", "null"]}


class Loosener:
    """Loosens the schemas of several tools, gathering their definitions under names that do not collide."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        """What the loosened schemas refer to as `#/$defs/…`."""
        self._parts = 0

    def loosen(self, schema: object) -> dict[str, Any]:
        """Loosen one tool's schema, to that of an object."""
        root = schema if isinstance(schema, Mapping) else {}
        names: dict[str, str] = {}
        for section in ("$defs", "definitions"):
            parts = root.get(section)
            for name in parts if isinstance(parts, Mapping) and len(parts) <= _MAX_PARTS else ():
                names[f"#/{section}/{name}"] = f"part{len(self.definitions) + len(names)}"
        walk = _Walk(root, names, budget=_MAX_PARTS - self._parts)
        for reference, name in names.items():
            self.definitions[name] = walk.loose(walk.target(reference), depth=1)
        named = {key: value for key, value in root.items() if key not in {"const", "enum"}}
        loosened = walk.loose(named if "$ref" in root else {**named, "type": "object"}, depth=0)
        self._parts += walk.parts
        meant = self.definitions.get(str(loosened.get("$ref")).removeprefix("#/$defs/"), loosened)
        return loosened if meant.get("type") == "object" else {"type": "object"}


class _Walk:
    def __init__(self, root: Mapping[str, Any], names: Mapping[str, str], *, budget: int) -> None:
        self._root = root
        self._names = names
        self._budget = budget
        self.parts = 0

    def target(self, reference: str) -> object:
        """The part that a known reference means."""
        _, section, name = reference.split("/", 2)
        return self._root[section][name]

    def loose(self, schema: object, *, depth: int) -> dict[str, Any]:
        self.parts += 1
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH or self.parts + _breadth(schema) > self._budget:
            return _any()
        if isinstance(schema.get("$ref"), str):
            name = self._names.get(schema["$ref"])
            return _any() if name is None else {"$ref": f"#/$defs/{name}"}
        if "const" in schema:
            return _enumerated([schema["const"]])
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return _enumerated(schema["enum"])
        if isinstance(schema.get("allOf"), list) and schema["allOf"]:
            schema = self._merged(schema)
            if self.parts + _breadth(schema) > self._budget:
                return _any()
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        # Beside a type, alternatives mostly say which keys go together; the type alone is the looser of the two.
        if isinstance(alternatives, list) and alternatives and not {"type", "properties"} & schema.keys():
            return {"anyOf": distinct([self.loose(each, depth=depth + 1) for each in alternatives])}
        return self._typed(schema, depth=depth)

    def _merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {key: copy.copy(value) for key, value in schema.items() if key != "allOf"}
        self.parts += len(schema["allOf"])
        for part in schema["allOf"]:
            if isinstance(part, Mapping) and isinstance(part.get("$ref"), str) and part["$ref"] in self._names:
                part = self.target(part["$ref"])
            for key, value in part.items() if isinstance(part, Mapping) else ():
                known = merged.get(key)
                if isinstance(known, dict) and isinstance(value, Mapping):
                    known.update(value)
                elif isinstance(known, list) and isinstance(value, list) and key == "required":
                    known.extend(value)
                elif known is None:
                    merged[key] = copy.copy(value)
        merged.pop("allOf", None)
        return merged

    def _typed(self, schema: Mapping[str, Any], *, depth: int) -> dict[str, Any]:
        kind = schema.get("type")
        if isinstance(kind, list):
            kinds = [each for each in _TYPES if each in kind]
            return (
                {"anyOf": [self._typed({**schema, "type": each}, depth=depth) for each in kinds]} if kinds else _any()
            )
        if kind is None and "properties" in schema:
            kind = "object"
        if kind is None and ("items" in schema or "prefixItems" in schema):
            kind = "array"
        if kind == "object":
            return self._object(schema, depth=depth)
        if kind == "array":
            return self._array(schema, depth=depth)
        if kind == "string":
            return {"type": "string", **_bounds(schema, "minLength", "maxLength")}
        if kind == "integer":
            return _integers(schema)
        return {"type": kind} if kind in _TYPES else _any()

    def _object(self, schema: Mapping[str, Any], *, depth: int) -> dict[str, Any]:
        given = schema.get("properties")
        properties = {
            str(key): self.loose(value, depth=depth + 1)
            for key, value in (given.items() if isinstance(given, Mapping) else ())
        }
        required = schema.get("required")
        wanted = [key for key in required if isinstance(key, str)] if isinstance(required, list) else []
        for key in wanted:
            properties.setdefault(key, _any())
        loosened: dict[str, Any] = {"type": "object", "properties": properties, "required": wanted}
        further = schema.get("additionalProperties")
        if isinstance(further, Mapping) and further:
            loosened["additionalProperties"] = self.loose(further, depth=depth + 1)
        elif not properties and further is not False and not isinstance(given, Mapping):
            return {"type": "object"}
        else:
            # What a tool does not list it does not expect, whether or not its schema would let it pass.
            loosened["additionalProperties"] = False
        return loosened

    def _array(self, schema: Mapping[str, Any], *, depth: int) -> dict[str, Any]:
        items = schema.get("items")
        first = schema.get("prefixItems", items if isinstance(items, list) else None)
        if isinstance(first, list) and first:
            return {"type": "array", "prefixItems": [self.loose(each, depth=depth + 1) for each in first]}
        return {"type": "array", "items": self.loose(items, depth=depth + 1), **_bounds(schema, "minItems", "maxItems")}


def _breadth(schema: Mapping[str, Any]) -> int:
    """The longest list in a schema: each of its entries costs the grammar something, even one that allows anything."""
    return max((len(part) for key in _LISTS if isinstance(part := schema.get(key), Mapping | list)), default=0)


def distinct(schemas: list[Any]) -> list[Any]:
    """Alternatives without those that are like another. A grammar follows each of them at once: where they hold one
    another, twelve levels of two took it 13 seconds.
    """
    return list({json.dumps(schema, sort_keys=True): schema for schema in schemas}.values())


def _any() -> dict[str, Any]:
    return dict(ANYTHING)


def _enumerated(values: list[Any]) -> dict[str, Any]:
    kept = values if len(values) <= _MAX_PARTS else []
    return {"enum": list(kept)} if kept and len(json.dumps(kept)) < 64 * 1024 else _any()


def _bounds(schema: Mapping[str, Any], low: str, high: str) -> dict[str, int]:
    """The bounds of a length that can be written out; contradicting ones are none."""
    bounds = {
        key: schema[key]
        for key in (low, high)
        if isinstance(schema.get(key), int) and not isinstance(schema[key], bool) and 0 <= schema[key] <= _MAX_LENGTH
    }
    return {} if bounds.get(low, 0) > bounds.get(high, _MAX_LENGTH) else bounds


def _integers(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A grammar knows no ranges: one of a few numbers is written out."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(low, int) and isinstance(high, int) and 0 <= high - low < _MAX_RANGE:
        return {"enum": list(range(low, high + 1))}
    return {"type": "integer"}
