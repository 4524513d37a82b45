"""Bodies that are no usable JSON, and values that are wrong wherever they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.api.body import MAX_DEPTH, MAX_VALUES
from sidecar.protocol.fields import Body

MAX_BODY = 4 * 2**20
"""What a server takes unless its settings say otherwise."""


def broken(right: bytes) -> Iterator[tuple[str, bytes]]:
    """What a body that is right becomes when it is damaged; `right` is an object."""
    inside = right.rstrip()[:-1] + (b"," if len(right.strip()) > 2 else b"")
    yield from {
        "empty": b"",
        "blank": b" \r\n\t ",
        "NUL": b"\x00",
        "NULs behind": right + b"\x00\x00",
        "cut off": right[:-1],
        "an array": b"[" + right + b"]",
        "a string": json.dumps(right.decode()).encode(),
        "null": b"null",
        "a number": b"1",
        "two values": right + right,
        "a trailing comma": inside + b"}",
        "single quotes": right.replace(b'"', b"'"),
        "a comment": b"/* */" + right,
        "UTF-16": right.decode().encode("utf-16"),
        "not UTF-8": inside + b'"x":"\xff\xfe"}',
        "an overlong NUL": inside + b'"x":"\xc0\x80"}',
        "a surrogate in UTF-8": inside + b'"x":"\xed\xa0\x80"}',
        "half a surrogate": inside + b'"x":"\\ud83d"}',
        "half a surrogate as a key": inside + b'"\\udc00":1}',
        "surrogates the wrong way round": inside + b'"x":"\\ude00\\ud83d"}',
        "NaN": inside + b'"x":NaN}',
        "Infinity": inside + b'"x":-Infinity}',
        "a number that overflows": inside + b'"x":1e400}',
        "an integer beyond 64 bits": inside + b'"x":9223372036854775808}',
        "an integer of 100,000 digits": inside + b'"x":' + b"9" * 100_000 + b"}",
        "a key twice": inside + b'"x":1,"x":1}',
        "a key twice, inside": inside + b'"x":{"y":1,"y":2}}',
        "a key twice, once escaped": inside + b'"x":1,"\\u0078":2}',
        "too deep": inside + b'"x":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        "100,000 deep": inside + b'"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "100,000 deep and never closed": b'{"x":' * 100_000,
        "too many values": inside + b'"x":[' + b"0," * MAX_VALUES + b"0]}",
        "a control character": inside + b'"x":"a\nb"}',
        "only brackets": b"{[" * 50_000,
        "only quotes": b'"' * 100_000,
        "only backslashes": b'{"' + b"\\" * 100_000,
        "a form": b"query=cabin&model=vault",
    }.items()


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63 - 1, -(2**63), 0.5, 1e308, "", "x", "\x00", "\U000e0001\u202e\ufeff",
    "x" * 20_000, [], [[]], [None], [0], ["x"], [{}], {}, {"x": 1}, {"type": "x"}, {"type": ["x"], "text": {}},
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a body: the names that lead to it, and the JSON types it says it takes; none: it looks for itself."""

    place: tuple[str, ...]
    kinds: frozenset[str]

    @property
    def mistyped(self) -> list[Any]:
        """A value of each type that the field does not take."""
        # One kind of number: 1 is a number too, and 1.0 is whole.
        taken = self.kinds | ({"integer"} if "number" in self.kinds else set())
        lenient = LENIENT.get(self.place[-1])
        return [value for kind, value in TYPES.items() if self.kinds and kind not in taken and kind != lenient]


TYPES: Mapping[str, Any] = {
    "boolean": True, "integer": 1, "number": 1.5, "string": "x", "array": [["x"]], "object": {"x": [1]},
}  # fmt: skip
LENIENT = {"stop": "string", "num_predict": "number"}
"""What clients send beside the type that is written down: one word for a list of one, limits that are not whole."""


def fields(model: type[Body]) -> list[Field]:
    """All fields of a body, those of the objects inside it too, by the names on the wire."""
    schema = model.model_json_schema(by_alias=True)
    return list(_fields(schema, schema.get("$defs", {}), at=()))


def changed(right: Mapping[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A body with one field replaced; objects on the way to it are made where there are none."""
    first, rest = place[0], place[1:]
    if not rest:
        return {**right, first: value}
    inner = right.get(first)
    return {**right, first: changed(inner if isinstance(inner, Mapping) else {}, rest, value)}


def _fields(schema: Mapping[str, Any], shapes: Mapping[str, Any], *, at: tuple[str, ...]) -> Iterator[Field]:
    for name, described in schema.get("properties", {}).items():
        choices = described.get("anyOf", [described])
        kinds = [_kind(choice) for choice in choices]
        yield Field(place=(*at, name), kinds=frozenset(kind for kind in kinds if kind) if all(kinds) else frozenset())
        for choice in choices:
            if (reference := choice.get("$ref")) is not None:
                yield from _fields(shapes[reference.rsplit("/", 1)[1]], shapes, at=(*at, name))


def _kind(choice: Mapping[str, Any]) -> str | None:
    if "$ref" in choice:
        return "object"
    kind: str | None = choice.get("type")
    return kind
