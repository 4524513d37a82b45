"""What `POST /v1/responses` asks the model: items as chat messages, tools, formats; and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_responses import ResponsesBody
from tests.api.live import Live
from tests.api.responses.reading import post, whole

pytestmark = pytest.mark.anyio

FUNCTION = {"type": "function", "name": "weather", "description": "d", "parameters": {"type": "object"}, "strict": True}
CHAT_FUNCTION = {
    "type": "function",
    "function": {"name": "weather", "description": "d", "parameters": {"type": "object"}, "strict": True},
}
OTHER = {"type": "function", "name": "time", "parameters": None}
CHAT_OTHER = {"type": "function", "function": {"name": "time"}}
CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
CHAT_CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ("Hi", [{"role": "user", "content": "Hi"}]),
        ([{"role": "user", "content": "Hi"}], [{"role": "user", "content": "Hi"}]),
        ([{"role": "developer", "content": "Hi", "type": "message"}], [{"role": "system", "content": "Hi"}]),
        (
            [{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "text", "text": "b"}]}],
            [{"role": "user", "content": "a\nb"}],
        ),
        (
            [{"role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": []}]}],
            [{"role": "assistant", "content": "a"}],
        ),
        (
            [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}],
            [{"role": "assistant", "content": "No."}],
        ),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "data:x", "detail": None}]}],
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}],
        ),
        (
            [
                {"role": "user", "content": "Hi"},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
                {"role": "assistant", "content": "Let me look."},
                CALL,
                {**CALL, "call_id": "c2"},
                {"type": "function_call_output", "call_id": "c1", "output": "rain"},
                {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "sun"}]},
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
                {"type": "ghost_of_the_future", "whatever": 1},
            ],
            [
                {"role": "user", "content": "Hi"},
                {
                    "role": "assistant",
                    "content": "Let me look.",
                    "tool_calls": [CHAT_CALL, {**CHAT_CALL, "id": "c2"}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "rain"},
                {"role": "tool", "tool_call_id": "c2", "content": "sun"},
            ],
        ),
        (
            [
                CALL,
                {"type": "function_call_output", "call_id": "c1", "output": None},
                {"type": "custom_tool_call", "call_id": "c3", "name": "patch", "input": "a"},
                {"type": "custom_tool_call_output", "call_id": "c3", "output": "done"},
            ],
            [
                {"role": "assistant", "content": None, "tool_calls": [CHAT_CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": ""},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c3", "type": "function", "function": {"name": "patch", "arguments": '{"input": "a"}'}}
                    ],
                },
                {"role": "tool", "tool_call_id": "c3", "content": "done"},
            ],
        ),
    ],
)
async def test_items_become_messages(live: Live, given: Any, messages: list[Any]) -> None:
    await whole(live, input=given)
    assert live.runtime.requests[0].messages == messages


async def test_instructions_come_first(live: Live) -> None:
    await whole(live, input="Hi", instructions="Be brief.")
    assert live.runtime.requests[0].messages[0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, {}),
        (
            {"temperature": 0.5, "top_p": None, "max_output_tokens": 9, "seed": 4},
            {"temperature": 0.5, "max_tokens": 9, "seed": 4},
        ),
        (
            {"max_output_tokens": -1, "presence_penalty": 1, "frequency_penalty": -1},
            {"presence_penalty": 1.0, "frequency_penalty": -1.0},
        ),
        (
            {"reasoning": {"effort": "low", "summary": "auto"}, "text": {"verbosity": "low"}},
            {"reasoning_effort": "low", "verbosity": "low"},
        ),
        ({"text": {"format": {"type": "text"}}}, {}),
        ({"text": {"format": {"type": "json_object"}}}, {"response_format": {"type": "json_object"}}),
        (
            {
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "n",
                        "schema": SCHEMA,
                        "strict": True,
                        "description": None,
                    }
                }
            },
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                }
            },
        ),
        (
            {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}},
        ),
        (
            {
                "tools": [{"type": "web_search"}, {"type": "namespace", "name": "n", "description": "d", "tools": []}],
                "tool_choice": "required",
            },
            {},
        ),
        ({"tools": [FUNCTION, {"type": "custom", "name": "x"}]}, {"tools": [CHAT_FUNCTION]}),
        ({"tools": [FUNCTION], "tool_choice": "auto"}, {"tools": [CHAT_FUNCTION]}),
        ({"tools": [FUNCTION], "tool_choice": "none"}, {"tools": [CHAT_FUNCTION], "tool_choice": "none"}),
        ({"tools": [FUNCTION], "tool_choice": "required"}, {"tools": [CHAT_FUNCTION], "tool_choice": "required"}),
        ({"tools": [FUNCTION], "tool_choice": {"type": "web_search_preview"}}, {"tools": [CHAT_FUNCTION]}),
        (
            {
                "tools": [FUNCTION, OTHER],
                "tool_choice": {"type": "function", "name": "time"},
                "parallel_tool_calls": False,
            },
            {
                "tools": [CHAT_FUNCTION, CHAT_OTHER],
                "tool_choice": {"type": "function", "function": {"name": "time"}},
                "parallel_tool_calls": False,
            },
        ),
        (
            {
                "tools": [FUNCTION, OTHER],
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "required",
                    "tools": [{"type": "function", "name": "time"}],
                },
            },
            {"tools": [CHAT_OTHER], "tool_choice": "required"},
        ),
        (
            {
                "store": False,
                "include": ["reasoning.encrypted_content"],
                "prompt_cache_key": "k",
                "client_metadata": {"x": "y"},
                "service_tier": "auto",
                "stream_options": {"include_obfuscation": False},
                "metadata": {"a": "b"},
                "previous_response_id": "",
                "conversation": None,
                "unheard_of": [1],
            },
            {},
        ),
    ],
)
async def test_fields_become_options_in_the_words_of_chat(
    live: Live, fields: dict[str, Any], options: dict[str, Any]
) -> None:
    await whole(live, **fields)
    assert live.runtime.requests[0].options == options


@pytest.mark.parametrize(
    ("fields", "vault", "mode"),
    [
        ({"model": "vault"}, "Garden", "auto"),
        ({"model": "plain"}, None, "auto"),
        ({"model": "plain", "vault": {"name": "Work"}}, "Work", "auto"),
        ({"model": "plain", "vault": {"mode": "always"}}, "Garden", "always"),
        ({"model": "vault", "vault": {"mode": "never", "limit": 3}}, "Garden", "never"),
    ],
)
async def test_the_vault_is_that_of_the_model_or_the_one_asked_for(
    live: Live, fields: dict[str, Any], vault: str | None, mode: str
) -> None:
    await whole(live, **fields)
    target = live.runtime.targets[0]
    assert (target.vault.name if target.vault else None, live.runtime.requests[0].mode) == (vault, mode)


@pytest.mark.parametrize(
    ("fields", "param", "status"),
    [
        ({"input": None}, "input", 400),
        ({"input": ""}, "input", 400),
        ({"input": []}, "input", 400),
        ({"input": 7}, "input", 400),
        ({"input": ["Hi"]}, "input", 400),
        ({"input": [{"type": "reasoning", "summary": []}], "instructions": "Be brief."}, "input", 400),
        ({"input": [{}]}, "input[0].id", 400),
        ({"input": [{"type": 1}]}, "input[0].type", 400),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input[0].role", 400),
        ({"input": [{"type": "message", "content": "x"}]}, "input[0].role", 400),
        ({"input": [{"role": "user", "content": {"a": 1}}]}, "input[0].content", 400),
        ({"input": [{"role": "user", "content": ["x"]}]}, "input[0].content[0]", 400),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text", 400),
        ({"input": [{"role": "user", "content": [{"type": "smell"}]}]}, "input[0].content[0].type", 400),
        ({"input": [{"type": "function_call", "name": "x", "arguments": "{}"}]}, "input[0].call_id", 400),
        ({"input": [{**CALL, "arguments": {}}]}, "input[0].arguments", 400),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": {}}]}, "input[0].output", 400),
        ({"input": [{"type": "item_reference"}]}, "input[0].id", 400),
        ({"input": [{"type": "item_reference", "id": "msg_\u0000"}]}, "input[0]", 404),
        ({"model": "nope"}, "model", 404),
        ({"model": None}, "model", 400),
        ({"model": 3}, "model", 400),
        ({"instructions": ["a"]}, "instructions", 400),
        ({"stream": "yes"}, "stream", 400),
        ({"temperature": 3}, "temperature", 400),
        ({"max_output_tokens": 0}, "max_output_tokens", 400),
        ({"max_output_tokens": 2**63 - 1, "top_logprobs": 21}, "top_logprobs", 400),
        ({"truncation": "some"}, "truncation", 400),
        ({"include": "x"}, "include", 400),
        ({"metadata": []}, "metadata", 400),
        ({"tools": {}}, "tools", 400),
        ({"tools": [{}]}, "tools[0].type", 400),
        ({"tools": [{"type": "function"}]}, "tools[0].name", 400),
        ({"tools": [{"type": "function", "name": "x", "parameters": []}]}, "tools[0].parameters", 400),
        ({"tools": [{"type": "file_search", "max_num_results": 51}]}, "tools[0].max_num_results", 400),
        (
            {"tools": [{"type": "file_search", "ranking_options": {"score_threshold": 2}}]},
            "tools[0].ranking_options.score_threshold",
            400,
        ),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_nope"]}]}, "tools.vector_store_ids", 404),
        ({"tools": [{"type": "file_search", "filters": {"type": "near"}}]}, "tools.filters.type", 400),
        ({"tool_choice": "maybe"}, "tool_choice", 400),
        ({"tool_choice": ["none"]}, "tool_choice", 400),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name", 400),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice", 400),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice", 400),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.tools", 400),
        ({"tool_choice": {"type": "allowed_tools", "tools": [], "mode": "x"}}, "tool_choice.mode", 400),
        ({"tool_choice": {"type": "allowed_tools", "tools": [], "mode": ["x"]}}, "tool_choice.mode", 400),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type", 400),
        ({"text": {"format": {"type": ["text"]}}}, "text.format.type", 400),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema", 400),
        ({"conversation": "conv_1"}, "conversation", 400),
        ({"conversation": {"id": "conv_1"}, "previous_response_id": "resp_1"}, "conversation", 400),
        ({"previous_response_id": "resp_1"}, "previous_response_id", 404),
        ({"previous_response_id": 1}, "previous_response_id", 400),
        ({"background": True, "store": False}, "background", 400),
        ({"vault": {"name": "Nope"}}, "vault", 400),
    ],
)
async def test_what_is_wrong_is_named(live: Live, fields: dict[str, Any], param: str, status: int) -> None:
    response = await post(live, **fields)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param), error
    assert error.keys() == {"message", "type", "param", "code"}
    assert live.runtime.requests == []


def test_there_is_an_end_to_how_much_is_read() -> None:
    with pytest.raises(RequestError, match="more than 10000 items"):
        read_body(ResponsesBody, {"model": "vault", "input": [{"role": "user", "content": "x"}] * 10_001})


async def test_odd_but_lawful_bodies_are_answered(live: Live) -> None:
    for given in ("\u0000", "\u2028\u202e", "{{x}}"):
        assert (await post(live, input=given, metadata={"\u0000": "\u0000"})).status_code == 200
    nested: Any = []
    for _ in range(40):
        nested = [nested]
    assert (await post(live, tools=[{"type": "mcp", "deep": nested}], unknown=nested)).status_code == 200


async def test_nulls_deep_inside_a_field_count_for_nothing_too(live: Live) -> None:
    form = {"type": "json_schema", "name": None, "schema": {"type": "object"}, "strict": None}
    assert (await whole(live, text={"format": form}))["text"]["format"]["name"] == "answer"
    assert (await whole(live, text={"format": {"type": None}}))["text"]["format"] == {"type": "text"}
    chosen = {"type": "allowed_tools", "tools": [FUNCTION], "mode": None}
    assert (await whole(live, tools=[FUNCTION], tool_choice=chosen))["tool_choice"]["mode"] == "auto"


async def test_tokens_are_counted_without_asking_the_model(live: Live) -> None:
    body = {"model": "vault", "input": "Hi", "instructions": "Be brief."}
    response = await live.http.post("/v1/responses/input_tokens", json=body)
    assert response.json() == {"object": "response.input_tokens", "input_tokens": 3}
    assert live.runtime.requests == []
