"""JSON Schemas that become grammars, and those that are refused because the grammar would end the process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.llama.grammar import either_grammar, schema_to_grammar

llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

_TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/root"}}},
    "required": ["children"],
}


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]},
        {"type": "array", "items": {}},
        {"type": "array", "items": True},
        {"type": "string", "maxLength": 10**9},
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 64},
        {"enum": ["a", 1, None]},
        {"$defs": {"root": _TREE}, "$ref": "#/$defs/root"},
        {"definitions": {"a b": {"type": "string"}}, "properties": {"x": {"$ref": "#/definitions/a b"}}},
        {"type": "object", "properties": {'ä ::= x\n"\\': {"enum": ["😀", 'a"b', "\\", "\ud800"]}}},
    ],
)
def test_a_sound_schema_becomes_a_grammar(schema: dict[str, Any]) -> None:
    assert "root ::= " in schema_to_grammar(llama_cpp, json.dumps(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "file:///etc/passwd"},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {
            "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"oneOf": [{"$ref": "#/$defs/a"}]}},
            "properties": {"x": {"$ref": "#/$defs/a"}},
        },
        {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(1000)} | {"d1000": {}}},
        _nested(80),
        {"type": "string", "minLength": 10**9},
        {"type": "string", "pattern": "^a{1000000}$"},
        {"type": "string", "pattern": "^[a$"},
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(2000)}},
        {"type": "wizard"},
        {"type": "object", "properties": []},
        {"properties": {"a": {"type": "string"}}, "required": 5},
        [],
    ],
)
def test_a_schema_that_cannot_be_followed_is_a_bad_request(schema: Any) -> None:
    with pytest.raises(RequestError) as caught:
        schema_to_grammar(llama_cpp, json.dumps(schema))
    assert caught.value.param == "response_format"


def test_two_grammars_are_joined_without_mixing_their_rules() -> None:
    first = 'root ::= "root\\" a" [a-z"\\]] a{0,3}\na ::= "x"'
    second = 'root ::= a | "]" a\na ::= [^"\\\\\\x7F]'
    assert either_grammar(first, second).split("\n") == [
        'first-root ::= "root\\" a" [a-z"\\]] first-a{0,3}',
        'first-a ::= "x"',
        'second-root ::= second-a | "]" second-a',
        'second-a ::= [^"\\\\\\x7F]',
        "root ::= first-root | second-root",
        "",
    ]


def test_alternatives_that_allow_the_same_are_one() -> None:
    part = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    alike = [part, {**part, "title": "Other", "description": "The same, said otherwise."}, part]
    for key in ("anyOf", "oneOf"):
        one, three = ({"type": "array", "items": {key: some}} for some in ([part], alike))
        assert schema_to_grammar(llama_cpp, json.dumps(three)) == schema_to_grammar(llama_cpp, json.dumps(one))
    assert "title" in schema_to_grammar(llama_cpp, json.dumps(part))
