"""The chat request: what is tolerated, what is normalised, what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.protocol.fields import MAX_OUTPUT, read_body
from sidecar.protocol.openai_chat import ChatBody, Head, assistant_message, chat_chunk, usage_chunk

ASK = {"role": "user", "content": "?"}


def read(**fields: Any) -> ChatBody:
    return read_body(ChatBody, {"model": "vault", "messages": [ASK], **fields})


def message(**fields: Any) -> dict[str, Any]:
    return read(messages=[{"role": "user", **fields}]).messages[0]


def test_an_explicit_null_is_an_absent_field() -> None:
    names = [name for name in ChatBody.model_fields if name not in {"model", "messages"}]
    body = read(**dict.fromkeys(names))
    assert body == read()
    assert body.options() == {}


def test_unknown_fields_are_kept_for_the_model() -> None:
    body = read(top_k=3, reasoning_effort="low", client_metadata={"a": [1]}, nothing=None)
    assert body.options() == {"top_k": 3, "reasoning_effort": "low", "client_metadata": {"a": [1]}}


def test_unknown_keys_of_a_message_are_kept() -> None:
    assert message(content="?", name="Ann", cache_control={"type": "x"}) == {
        "role": "user",
        "content": "?",
        "name": "Ann",
        "cache_control": {"type": "x"},
    }


@pytest.mark.parametrize("role", ["system", "developer"])
def test_developer_is_system(role: str) -> None:
    assert read(messages=[{"role": role, "content": "x"}]).messages[0]["role"] == "system"


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool", "developer"])
def test_text_parts_become_one_text_in_every_role(role: str) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]
    assert read(messages=[{"role": role, "content": parts}]).messages[0]["content"] == "a\nb"


def test_parts_that_are_not_text_stay() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    assert message(content=parts)["content"] == parts


def test_content_may_be_null_or_absent_beside_tool_calls() -> None:
    calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    for extra in ({}, {"content": None}):
        body = read(messages=[ASK, {"role": "assistant", "tool_calls": calls, **extra}])
        assert body.messages[1] == {"role": "assistant", "content": None, "tool_calls": calls}
    tool = {"role": "tool", "tool_call_id": "a", "content": "3"}
    assert read(messages=[ASK, tool]).messages[1] == tool


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, None),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 9}, 9),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 7, "max_completion_tokens": -1}, 7),
        ({"max_tokens": 7.0}, 7),
        ({"max_tokens": 2**62}, MAX_OUTPUT),
    ],
)
def test_the_two_output_limits_are_one(fields: dict[str, Any], limit: int | None) -> None:
    assert read(**fields).options().get("max_tokens") == limit
    assert "max_completion_tokens" not in read(**fields).options()


@pytest.mark.parametrize(
    ("stop", "read_as"), [("", None), ([], None), ([""], None), ("x", ["x"]), (["x", "", "y"], ["x", "y"])]
)
def test_empty_stops_stop_nothing(stop: object, read_as: object) -> None:
    assert read(stop=stop).options().get("stop") == read_as


def test_tools_that_run_elsewhere_are_ignored() -> None:
    function = {"type": "function", "function": {"name": "f", "parameters": {}}}
    body = read(tools=[{"type": "web_search"}, function], tool_choice={"type": "web_search"}, parallel_tool_calls=False)
    assert body.options() == {"tools": [function], "parallel_tool_calls": False}
    assert read(tools=[{"type": "mcp"}], tool_choice="required").options() == {}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 3}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [ASK, "x"]}, "messages[1]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "wizard"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"]}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "assistant", "tool_calls": "x"}]}, "messages[0].tool_calls"),
        ({"stream": "true"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "0"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"stop": 3}, "stop"),
        ({"stop": ["x", 3]}, "stop[1]"),
        ({"stop": ["x"] * 65}, "stop"),
        ({"logit_bias": {"5": 101}}, "logit_bias.5"),
        ({"logprobs": 1}, "logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice.function"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
        ({"vault": "Garden"}, "vault"),
        ({"vault": {"mode": "maybe"}}, "vault.mode"),
        ({"vault": {"limit": 0}}, "vault.limit"),
        ({"vault": {"filters": []}}, "vault.filters"),
        ({"vault": {"name": 3}}, "vault.name"),
    ],
)
def test_what_is_wrong_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        read(**fields).options()
    assert refused.value.param == param


def test_a_refusal_does_not_name_what_is_inside_the_server() -> None:
    with pytest.raises(RequestError) as refused:
        read(stream_options=[])
    assert refused.value.message == "Invalid 'stream_options': Input should be an object."


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(RequestError) as refused:
        read(temperature="my secret diary")
    assert "diary" not in refused.value.message


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}},
    ],
)
def test_response_formats_pass(wanted: dict[str, Any]) -> None:
    assert read(response_format=wanted).options() == {"response_format": wanted}


def test_content_is_null_only_beside_tool_calls() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert assistant_message(content="")["content"] == ""
    assert assistant_message(content="", tool_calls=[call])["content"] is None
    assert assistant_message(content="Look:", tool_calls=[call])["content"] == "Look:"


def test_only_the_usage_chunk_has_no_choices() -> None:
    head = Head(id="chatcmpl-1", created=1, model="m")
    plain, asked = chat_chunk(head, choice={}), chat_chunk(head, choice={}, include_usage=True)
    assert "usage" not in plain
    assert asked["usage"] is None
    last = usage_chunk(head, usage={"total_tokens": 1})
    assert (last["choices"], last["usage"]) == ([], {"total_tokens": 1})


@pytest.mark.parametrize(
    ("choice", "translated"),
    [
        ({}, None),
        ({"function_call": "none"}, "none"),
        ({"function_call": {"name": "f"}}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_the_older_functions_are_tools(choice: dict[str, Any], translated: Any) -> None:
    function = {"name": "f", "parameters": {"type": "object"}}
    options = read(functions=[function], **choice).options()
    assert options["tools"] == [{"type": "function", "function": function}]
    assert options.get("tool_choice") == translated
    assert options.keys() <= {"tools", "tool_choice"}


@pytest.mark.parametrize("fields", [{"functions": [{"x": 1}]}, {"functions": [{"name": "f"}], "function_call": 5}])
def test_older_functions_that_are_none_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        read(**fields).options()


def test_a_function_call_without_functions_means_nothing() -> None:
    assert read(function_call="auto", functions=[]).options() == {}
