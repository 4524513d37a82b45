"""What a request says about tools, the schemas of their arguments loosened, and the grammar of calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.llama.dialect import BARE, TAGGED, read_dialect
from sidecar.llama.loosening import ANYTHING, Loosener
from sidecar.llama.tools import calls_grammar, read_tool_use

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("a", "b")]


def _named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize(
    ("given", "names", "required", "parallel"),
    [
        ({"tools": TOOLS}, {"a", "b"}, False, True),
        ({"tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": False}, {"a", "b"}, False, False),
        ({"tools": TOOLS, "tool_choice": "required"}, {"a", "b"}, True, True),
        ({"tools": TOOLS, "tool_choice": _named("b")}, {"b"}, True, False),
        ({"tools": [*TOOLS, {"type": "web_search"}]}, {"a", "b"}, False, True),
    ],
)
def test_tools_and_the_choice_among_them_are_read(
    given: dict[str, Any], names: set[str], required: bool, parallel: bool
) -> None:
    use = read_tool_use(given)
    assert use is not None
    assert set(use.names) == names
    assert (use.required, use.parallel) == (required, parallel)


@pytest.mark.parametrize("given", [{}, {"tools": []}, {"tools": TOOLS, "tool_choice": "none"}, {"tool_choice": "none"}])
def test_where_no_tool_may_be_called_there_is_none(given: dict[str, Any]) -> None:
    assert read_tool_use(given) is None


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "loosened"),
    [
        ({"type": "string", "format": "email", "pattern": "x", "title": "A"}, STRING),
        ({"type": "string", "minLength": 2, "maxLength": 10**9}, {"type": "string", "minLength": 2}),
        ({"type": "string", "minLength": 9, "maxLength": 2}, STRING),
        ({"type": "integer", "minimum": 1, "maximum": 3}, {"enum": [1, 2, 3]}),
        ({"type": "integer", "minimum": 1, "maximum": 10**9}, {"type": "integer"}),
        (
            {"type": ["string", "null"], "maxLength": 3},
            {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
        ),
        ({"anyOf": [{"type": "string"}, True]}, {"anyOf": [STRING, ANYTHING]}),
        ({"oneOf": [{"const": 1}]}, {"anyOf": [{"enum": [1]}]}),
        (
            {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}, STRING]},
            {"anyOf": [STRING, {"type": "null"}]},
        ),
        ({"enum": ["a", None]}, {"enum": ["a", None]}),
        (
            {"type": "array", "items": STRING, "minItems": 1, "uniqueItems": True},
            {"type": "array", "items": STRING, "minItems": 1},
        ),
        ({"type": "array", "prefixItems": [STRING]}, {"type": "array", "prefixItems": [STRING]}),
        ({"type": "array"}, {"type": "array", "items": ANYTHING}),
        ({"type": "object"}, {"type": "object"}),
        (
            {"allOf": [{"$ref": "#/$defs/d"}, {"properties": {"b": STRING}, "required": ["b"]}]},
            {
                "type": "object",
                "properties": {"a": {"type": "boolean"}, "b": STRING},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
        ),
        ({"$ref": "#/$defs/d"}, {"$ref": "#/$defs/part0"}),
        ({"$ref": "#/$defs/missing"}, ANYTHING),
        ({"type": "wizard"}, ANYTHING),
        (False, ANYTHING),
        (
            {"properties": {"k": {}}, "required": ["z"], "additionalProperties": {"type": "number"}},
            {
                "type": "object",
                "properties": {"k": ANYTHING, "z": ANYTHING},
                "required": ["z"],
                "additionalProperties": {"type": "number"},
            },
        ),
    ],
)
def test_a_schema_is_brought_down_to_what_a_grammar_can_hold(schema: Any, loosened: Any) -> None:
    definition = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    whole = Loosener().loosen({"type": "object", "properties": {"x": schema}, "$defs": {"d": definition}})
    assert whole["properties"]["x"] == loosened


@pytest.mark.parametrize(
    "schema",
    [
        {"const": 5},
        {"enum": ["x"], "type": "object"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#/$defs/d", "$defs": {"d": {"type": "string"}}},
        {"type": "string"},
        {"anyOf": [{"type": "string"}]},
    ],
)
def test_arguments_are_an_object_whatever_their_schema_says(schema: dict[str, Any]) -> None:
    assert Loosener().loosen(schema) == {"type": "object"}


def test_definitions_of_two_tools_do_not_mix() -> None:
    loosener = Loosener()
    for kind in ("string", "integer"):
        loosener.loosen({"properties": {"x": {"$ref": "#/definitions/d"}}, "definitions": {"d": {"type": kind}}})
    assert loosener.definitions == {"part0": STRING, "part1": {"type": "integer"}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {f"p{n}": {} for n in range(5000)}},
        {"type": "object", "required": [f"p{n}" for n in range(5000)]},
        {"allOf": [{"properties": {f"p{n}": {}}} for n in range(5000)]},
        {"allOf": [{"properties": {f"p{n}_{m}": {} for m in range(100)}} for n in range(100)]},
    ],
)
def test_an_object_that_nobody_wrote_by_hand_may_be_any(schema: dict[str, Any]) -> None:
    assert Loosener().loosen(schema) == {"type": "object"}


@pytest.mark.parametrize("schema", [{"anyOf": [{}] * 5000}, {"type": "array", "prefixItems": [{}] * 5000}])
def test_more_alternatives_than_a_grammar_can_hold_are_none(schema: dict[str, Any]) -> None:
    loosened = Loosener().loosen({"type": "object", "properties": {"x": schema, "y": STRING}})
    assert loosened["properties"] == {"x": ANYTHING, "y": STRING}


def test_the_parts_of_all_of_are_counted_like_others() -> None:
    part: dict[str, Any] = {"allOf": [{"properties": {"a": {}}}] * 800}
    loosened = Loosener().loosen({"type": "object", "properties": {"x": part, "y": part}})
    assert loosened["properties"]["x"]["type"] == "object"
    assert loosened["properties"]["y"] == ANYTHING


def test_definitions_beyond_number_mean_anything() -> None:
    loosener = Loosener()
    parts = {f"d{n}": STRING for n in range(5000)}
    loosened = loosener.loosen({"type": "object", "properties": {"x": {"$ref": "#/$defs/d1"}}, "$defs": parts})
    assert loosened["properties"] == {"x": ANYTHING}
    assert loosener.definitions == {}


def _chained(length: int) -> dict[str, Any]:
    parts = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(length)}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**parts, f"d{length}": STRING}}


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(5000)}},
        {"type": "object", "properties": {"a": {"enum": ["x" * 1000] * 1000}}},
        {
            "type": "object",
            "properties": {f"p{n}": {"type": "array", "items": STRING, "minItems": 64} for n in range(64)},
        },
        {"$ref": "#/$defs/x", "$defs": {"x": {"anyOf": [{"$ref": "#/$defs/x"}]}}},
        {
            "type": "object",
            "properties": {"root": STRING, "call": STRING, "space": STRING, "char": STRING, "part0": STRING},
        },
        _nested(200),
        _chained(1000),
    ],
)
def test_every_schema_of_a_tool_becomes_a_grammar(parameters: dict[str, Any]) -> None:
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    tools = [{"type": "function", "function": {"name": 'a "b" \\', "parameters": parameters}}, *TOOLS]
    use = read_tool_use({"tools": tools})
    assert use is not None
    for marks in (TAGGED, BARE):
        grammar = calls_grammar(llama_cpp, use, marks, opened=False)
        assert grammar.count("\nroot ::= ") == 1
        assert json.dumps('"a \\"b\\" \\\\"') in grammar


@pytest.mark.parametrize(
    ("template", "vocabulary", "opens"),
    [
        ("… <tool_call> …", {"<|python_tag|>"}, "<tool_call>"),
        ("… [TOOL_CALLS] …", set(), "[TOOL_CALLS]"),
        ("… tools …", {"<|python_tag|>"}, "<|python_tag|>"),
        ("… tools …", set(), ""),
    ],
)
def test_what_the_template_writes_counts_before_what_the_vocabulary_could(
    template: str, vocabulary: set[str], opens: str
) -> None:
    dialect = read_dialect(template, knows_tools=True, has_token=vocabulary.__contains__)
    assert dialect.calls.open == opens
    assert read_dialect(template, knows_tools=False, has_token=vocabulary.__contains__).calls == TAGGED


def test_thoughts_have_the_marks_of_template_or_vocabulary() -> None:
    def close(template: str, *tokens: str) -> str | None:
        think = read_dialect(template, knows_tools=False, has_token=tokens.__contains__).think
        return think.close if think else None

    assert close("… '</think>' …") == close("…", "</think>") == "</think>"
    assert close("…", "[/THINK]") == "[/THINK]"
    assert close("…") is None
