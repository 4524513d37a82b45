"""OpenAI messages brought to the shape that chat templates read."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.llama.messages import merged_messages, plain_messages


def test_developer_is_system_and_parts_become_text() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "input_text", "text": "two"}]},
        {"role": "assistant", "content": None},
    ]
    assert plain_messages(messages) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one\ntwo"},
        {"role": "assistant", "content": ""},
    ]


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ({"tool_calls": [CALL]}, [CALL]),
        ({"tool_calls": [{"id": "1", "function": {"name": "f"}}]}, [CALL]),
        ({"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {}}}]}, [CALL]),
        ({"function_call": {"name": "f", "arguments": "{}"}}, [{**CALL, "id": "call_0_0"}]),
    ],
)
def test_calls_are_brought_to_one_form(message: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    (plain,) = plain_messages([{"role": "assistant", "content": None, "refusal": None, **message}])
    assert plain == {"role": "assistant", "content": "", "tool_calls": calls}


def test_results_keep_what_says_whose_they_are() -> None:
    tool = {"role": "tool", "tool_call_id": "1", "content": "sun"}
    assert plain_messages([tool, {"role": "function", "name": "f", "content": "sun"}, {"role": "tool"}]) == [
        tool,
        {"role": "tool", "name": "f", "content": "sun"},
        {"role": "tool", "content": ""},
    ]


@pytest.mark.parametrize("call", [5, {}, {"function": 5}, {"function": {"name": 5}}])
def test_a_call_without_a_name_is_refused(call: Any) -> None:
    with pytest.raises(RequestError) as caught:
        plain_messages([{"role": "assistant", "tool_calls": [call]}])
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
        {"role": "user", "content": [{"type": "text", "text": 5}]},
        {"role": "user", "content": ["text"]},
        {"role": "user", "content": 5},
        {"role": "wizard", "content": "hello"},
        {"content": "hello"},
    ],
)
def test_what_a_text_model_cannot_read_is_refused_naming_messages(message: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as caught:
        plain_messages([message])
    assert caught.value.param == "messages"


def test_no_messages_are_refused() -> None:
    with pytest.raises(RequestError):
        plain_messages([])


def test_neighbours_of_one_role_are_merged_and_system_comes_first() -> None:
    messages = [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "s"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "tool", "content": "d"},
        {"role": "user", "content": "e"},
    ]
    turns = [("user", "a\n\nb"), ("assistant", "c"), ("user", "d\n\ne")]
    merged = merged_messages(messages, fold_system=False)
    assert [(m["role"], m["content"]) for m in merged] == [("system", "s"), *turns]
    folded = merged_messages(messages, fold_system=True)
    assert [(m["role"], m["content"]) for m in folded] == [("user", "s\n\na\n\nb"), *turns[1:]]


def test_a_conversation_always_opens_with_the_user() -> None:
    merged = merged_messages([{"role": "assistant", "content": "Hello."}], fold_system=True)
    assert [m["role"] for m in merged] == ["user", "assistant"]
