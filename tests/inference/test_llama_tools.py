"""Tool calls of GGUF models: offered by template or text, recognised in each family's marks, and held to by grammar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.inference.model import Delta
from tests.inference.asking import asked, opened
from tests.models.chatml import CHATML

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "How is the weather in Rome?"}]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"enum": ["Rome", 'Qué "x"', "🏔\\"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 3},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
CLOCK: dict[str, Any] = {"type": "function", "function": {"name": "clock"}}
TOOLS = [WEATHER, CLOCK]
TAGGED = CHATML + "{% if tools %}{# <tool_call> #}{% endif %}"
MISTRAL = CHATML + "{% if tools %}{# [TOOL_CALLS] #}{% endif %}"
LLAMA = CHATML + "{% if tools %}{# <|python_tag|> #}{% endif %}"
UNMARKED = CHATML + "{% if tools %}{% endif %}"
ROME = '{"city": "Rome"}'


def _text(deltas: list[Delta]) -> str:
    return "".join(delta.content for delta in deltas)


def _calls(deltas: list[Delta]) -> list[tuple[str, str]]:
    """Names and arguments, put together as clients do; every delta is checked on the way."""
    calls: list[tuple[str, str]] = []
    ids = set()
    for call in (call for delta in deltas for call in delta.tool_calls):
        if "id" in call:
            assert set(call) == {"index", "id", "type", "function"}
            assert (call["index"], call["type"]) == (len(calls), "function")
            assert call["function"]["arguments"] == ""
            ids.add(call["id"])
            calls.append((call["function"]["name"], ""))
        else:
            assert call == {"index": len(calls) - 1, "function": {"arguments": call["function"]["arguments"]}}
            calls[-1] = (calls[-1][0], calls[-1][1] + call["function"]["arguments"])
    assert len(ids) == len(calls)
    return calls


def _reasons(deltas: list[Delta]) -> list[str]:
    return [delta.finish_reason for delta in deltas if delta.finish_reason is not None]


@pytest.mark.parametrize(
    ("template", "controls", "script", "content", "calls"),
    [
        (
            TAGGED,
            (),
            f'Ich sehe nach — né.\n<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>',
            "Ich sehe nach — né.",
            [("weather", ROME)],
        ),
        (CHATML, (), f'<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>', "", [("weather", ROME)]),
        (
            TAGGED,
            ("<tool_call>", "</tool_call>"),
            f'Well.<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>',
            "Well.",
            [("weather", ROME)],
        ),
        (
            MISTRAL,
            ("[TOOL_CALLS]",),
            f'[TOOL_CALLS][{{"name": "weather", "arguments": {ROME}}}, {{"name": "clock", "arguments": {{}}}}]',
            "",
            [("weather", ROME), ("clock", "{}")],
        ),
        (
            LLAMA,
            ("<|python_tag|>",),
            f'<|python_tag|>{{"name": "weather", "parameters": {ROME}}}',
            "",
            [("weather", ROME)],
        ),
        (LLAMA, (), f'{{"name": "weather", "parameters": {ROME}}}', "", [("weather", ROME)]),
        (UNMARKED, (), f'So:\n```json\n{{"name": "weather", "arguments": {ROME}}}\n```', "So:", [("weather", ROME)]),
    ],
)
async def test_a_models_own_way_of_calling_becomes_tool_calls(
    parrots: Any, template: str, controls: tuple[str, ...], script: str, content: str, calls: list[tuple[str, str]]
) -> None:
    async with opened(parrots(script, chat_template=template, controls=controls)) as model:
        deltas = await asked(model, HELLO, tools=TOOLS)
        assert (_text(deltas), _calls(deltas), _reasons(deltas)) == (content, calls, ["tool_calls"])
        one = await asked(model, HELLO, tools=TOOLS, parallel_tool_calls=False)
        assert (_calls(one), _reasons(one)) == (calls[:1], ["tool_calls"])
        cut = await asked(model, HELLO, tools=TOOLS, max_tokens=3)
        assert _reasons(cut) == ["length"]
        plain = await asked(model, HELLO, tools=TOOLS, tool_choice="none")
        assert (_calls(plain), _reasons(plain)) == ([], ["stop"])
        assert '"name": "weather"' in _text(plain)


async def test_a_call_whose_mark_is_written_is_held_to_the_tools_schema(parrots: Any) -> None:
    script = '<tool_call>\n{"name": "weather", "arguments": {"city": "Atlantis"}}</tool_call>'
    async with opened(parrots(script, chat_template=TAGGED)) as model:
        # Off its script, the model may go on with more calls.
        deltas = await asked(model, HELLO, tools=[WEATHER], max_tokens=200, parallel_tool_calls=False)
        ((name, arguments),) = _calls(deltas)
    assert name == "weather"
    assert json.loads(arguments)["city"] != "Atlantis"


ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {"call": {"enum": ["<tool_call>{", 'x "']}},
    "required": ["call"],
}
FORMAT = {"type": "json_schema", "json_schema": {"schema": ANSWER}}


@pytest.mark.parametrize(
    ("template", "script"),
    [
        (TAGGED, f'<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>'),
        (MISTRAL, f'[TOOL_CALLS][{{"name": "weather", "arguments": {ROME}}}]'),
        (LLAMA, f'{{"name": "weather", "parameters": {ROME}}}'),
    ],
)
async def test_a_tool_may_be_called_before_an_answer_in_a_schema(parrots: Any, template: str, script: str) -> None:
    async with opened(parrots(script, chat_template=template)) as model:
        deltas = await asked(model, HELLO, tools=TOOLS, response_format=FORMAT, max_tokens=200)
    assert _text(deltas) == ""
    assert [(name, json.loads(text)) for name, text in _calls(deltas)] == [("weather", json.loads(ROME))]
    assert _reasons(deltas) == ["tool_calls"]


@pytest.mark.parametrize("template", [TAGGED, MISTRAL, LLAMA])
async def test_an_answer_in_a_schema_is_no_call_even_with_a_mark_in_it(parrots: Any, template: str) -> None:
    script = '{"call": "<tool_call>{"}'
    async with opened(parrots(script, chat_template=template)) as model:
        deltas = await asked(model, HELLO, tools=TOOLS, response_format=FORMAT, max_tokens=200)
    assert (json.loads(_text(deltas)), _calls(deltas), _reasons(deltas)) == (json.loads(script), [], ["stop"])


async def test_a_random_model_with_tools_and_a_schema_gives_one_or_the_other(tmp_path: Path) -> None:
    from tests.models import tiny_chat

    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    async with opened(tiny_chat.build(tmp_path / "model.gguf", chat_template=TAGGED)) as model:
        for seed in range(8):
            deltas = await asked(
                model, HELLO, tools=TOOLS, response_format=FORMAT, seed=seed, temperature=2, max_tokens=1200
            )
            calls = _calls(deltas)
            if calls:
                assert (_text(deltas), _reasons(deltas)) == ("", ["tool_calls"])
                assert all(json.loads(text) == {} if name == "clock" else _fits(text) for name, text in calls)
            else:
                assert json.loads(_text(deltas))["call"] in ANSWER["properties"]["call"]["enum"]


async def test_a_mark_that_is_only_mentioned_forces_no_call(parrots: Any) -> None:
    script = "Calls stand in `<tool_call>` here."
    async with opened(parrots(script, chat_template=TAGGED)) as model:
        deltas = await asked(model, HELLO, tools=TOOLS)
    assert (_text(deltas), _calls(deltas), _reasons(deltas)) == (script, [], ["stop"])


@pytest.mark.parametrize("script", ['{"name": "Rome", "arguments": 1}', "<tool_call>x", "[1, 2] < 3"])
async def test_what_only_looks_like_a_call_is_said(parrots: Any, script: str) -> None:
    async with opened(parrots(script, chat_template=UNMARKED)) as model:
        deltas = await asked(model, HELLO, tools=TOOLS)
    assert (_text(deltas), _calls(deltas), _reasons(deltas)) == (script, [], ["stop"])


def _fits(arguments: str) -> bool:
    given = json.loads(arguments)
    return (
        given["city"] in WEATHER["function"]["parameters"]["properties"]["city"]["enum"]
        and given.get("days", 1) in {1, 2, 3}
        and not given.keys() - {"city", "days"}
    )


@pytest.mark.parametrize("template", [CHATML, TAGGED, MISTRAL, LLAMA, UNMARKED])
async def test_a_random_model_calls_the_tool_that_is_asked_for(tmp_path: Path, template: str) -> None:
    from tests.models import tiny_chat

    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    async with opened(tiny_chat.build(tmp_path / "model.gguf", chat_template=template)) as model:
        for seed in range(4):
            options = {"tools": TOOLS, "seed": seed, "temperature": 2, "stop": ["}", '"'], "max_tokens": 1200}
            named = await asked(
                model, HELLO, **options, tool_choice={"type": "function", "function": {"name": "weather"}}
            )
            ((name, arguments),) = _calls(named)
            assert (name, _text(named), _reasons(named)) == ("weather", "", ["tool_calls"])
            assert _fits(arguments)
            required = await asked(model, HELLO, **options, tool_choice="required")
            calls = _calls(required)
            assert 1 <= len(calls) <= 8
            assert all(
                _fits(arguments) if name == "weather" else json.loads(arguments) == {} for name, arguments in calls
            )
            assert (_text(required), _reasons(required)) == ("", ["tool_calls"])
            one = await asked(model, HELLO, **options, tool_choice="required", parallel_tool_calls=False)
            assert len(_calls(one)) == 1


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        {},
        True,
        {
            "type": "object",
            "properties": {"a": {"type": "string", "pattern": "^[z-a]$", "format": "wizard"}},
            "required": ["a"],
        },
        {"type": "object", "properties": {"a": {"type": "wizard"}, "b": {"not": {}}}, "required": ["a", "c"]},
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "object", "properties": {"n": {"$ref": "#/$defs/x"}}}}},
        {"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/x"}}},
        {"type": "object", "properties": {"a": {"$ref": "https://example.com"}, "b": {"$ref": "#/properties/a"}}},
        {"type": "object", "properties": {'ä ::= "\n\\': {"enum": ["\ud800"]}, "call": {"type": ["string", "null"]}}},
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": {"anyOf": [{"type": "null"}, {"allOf": [5]}]}}},
        },
    ],
)
async def test_no_schema_of_a_tool_keeps_it_from_being_called(tiny_chat_gguf: Path, parameters: Any) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    bias = {str(token): -100 for token in range(128, 256)}
    async with opened(tiny_chat_gguf) as model:
        deltas = await asked(
            model,
            HELLO,
            tools=[tool],
            tool_choice="required",
            parallel_tool_calls=False,
            seed=1,
            max_tokens=400,
            logit_bias=bias,
        )
        (call,) = _calls(deltas)
        assert call[0] == "f"
        if _reasons(deltas) == ["tool_calls"]:
            assert isinstance(json.loads(call[1]), dict)


@pytest.mark.parametrize(
    "choice", [{"type": "function", "function": {"name": "unknown"}}, "sometimes", {"type": "function"}, 5]
)
async def test_a_choice_that_cannot_be_met_is_refused_without_loading_anything(
    tiny_chat_gguf: Path, choice: Any
) -> None:
    async with opened(tiny_chat_gguf) as model:
        with pytest.raises(RequestError) as caught:
            await asked(model, HELLO, tools=TOOLS, tool_choice=choice)
        assert caught.value.param == "tool_choice"
        assert not model.process.running


async def test_tools_that_cannot_be_followed_are_named_as_the_reason(tmp_path: Path) -> None:
    from tests.models import tiny_chat

    # Parentheses are counted wherever they stand: too many nested ones end llama.cpp.
    tools = [{"type": "function", "function": {"name": "(" * 250}}]
    async with opened(tiny_chat.build(tmp_path / "model.gguf", chat_template=TAGGED)) as model:
        with pytest.raises(RequestError) as caught:
            await asked(model, HELLO, tools=tools, tool_choice="required", max_tokens=1)
        assert caught.value.param == "tools"
        assert "response_format" not in caught.value.message
