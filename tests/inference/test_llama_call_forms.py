"""Calls that are no JSON objects, held to by grammar: what a model with random weights must write is read as calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

from sidecar.inference.model import Delta
from tests.inference.asking import asked, opened
from tests.models import tiny_chat
from tests.models.chatml import CHATML

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Hello there."}]
PROPERTIES: dict[str, Any] = {
    "city": {"enum": ["Rome", "Zürich </p>"]},
    "days": {"type": "integer", "minimum": 1, "maximum": 3},
    "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "maxItems": 2},
    "short": {"type": "string", "maxLength": 4},
    "yes": {"type": "boolean"},
}
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": PROPERTIES,
            "required": ["city", "days", "parts"],
            "$defs": {"part": {"enum": ["a", "b"]}},
            "additionalProperties": False,
        },
    },
}
CLOCK: dict[str, Any] = {
    "type": "function",
    "function": {"name": "clock", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}},
}
ANYTHING: dict[str, Any] = {"type": "function", "function": {"name": "anything", "parameters": {"type": "object"}}}
HUGE: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "huge",
        "parameters": {"type": "object", "properties": {f"p{n}": {"enum": ["x" * 900] * 900} for n in range(70)}},
    },
}
SIGNS = {
    "mistral": "[TOOL_CALLS] [ARGS]",
    "deepseek": "<｜tool▁call▁begin｜>",
    "deepseek-r1": "<｜tool▁call▁begin｜> ```json",
    "kimi": "<|tool_call_argument_begin|>",
    "gpt-oss": "<|channel|>analysis<|message|> to=functions",
    "functionary": "<function= </function>",
    "qwen3-coder": "<tool_call> <function=",
    "seed": "<seed:tool_call>",
    "glm": "<tool_call> <arg_key>",
    "cohere": "<|START_ACTION|>",
}


def _calls(deltas: list[Delta]) -> list[tuple[str, Any]]:
    calls: list[tuple[str, str]] = []
    for call in (call for delta in deltas for call in delta.tool_calls):
        if "id" in call:
            calls.append((call["function"]["name"], ""))
        else:
            calls[-1] = (calls[-1][0], calls[-1][1] + call["function"]["arguments"])
    return [(name, json.loads(arguments)) for name, arguments in calls]


@pytest.mark.parametrize("family", SIGNS)
async def test_a_call_that_must_be_made_is_made_and_read(tmp_path: Path, family: str) -> None:
    template = CHATML + "{% if tools %}{# " + SIGNS[family] + " #}{% endif %}"
    async with opened(tiny_chat.build(tmp_path / "model.gguf", chat_template=template)) as model:
        for seed in range(3):
            deltas = await asked(
                model,
                HELLO,
                tools=[WEATHER, CLOCK],
                tool_choice="required",
                seed=seed,
                max_tokens=3000,
                # JSON lets a model write blanks for ever.
                logit_bias={"10": -50, "32": -5},
            )
            assert "".join(delta.content for delta in deltas) == ""
            assert deltas[-1].finish_reason == "tool_calls"
            for name, arguments in _calls(deltas):
                if name == "clock":
                    assert arguments == {}
                    continue
                assert {"city", "days", "parts"} <= set(arguments) <= set(PROPERTIES)
                assert arguments["city"] in PROPERTIES["city"]["enum"]
                assert arguments["days"] in {1, 2, 3}
                assert set(arguments["parts"]) <= {"a", "b"}
                assert isinstance(arguments.get("short", ""), str)
                assert isinstance(arguments.get("yes", True), bool)


@pytest.mark.parametrize("family", ["mistral", "qwen3-coder", "glm"])
@pytest.mark.parametrize("tool", [ANYTHING, HUGE])
async def test_a_schema_without_bounds_becomes_a_grammar_too(tmp_path: Path, family: str, tool: dict[str, Any]) -> None:
    template = CHATML + "{% if tools %}{# " + SIGNS[family] + " #}{% endif %}"
    async with opened(tiny_chat.build(tmp_path / "model.gguf", chat_template=template)) as model:
        deltas = await asked(model, HELLO, tools=[tool], tool_choice="required", seed=1, max_tokens=60)
    names = [call["function"]["name"] for delta in deltas for call in delta.tool_calls if "id" in call]
    assert names[:1] == [tool["function"]["name"]]
