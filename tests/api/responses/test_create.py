"""What `POST /v1/responses` answers: items, events in their order, failures."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sidecar.chat import AnswerDelta
from sidecar.citations import Annotation
from sidecar.errors import ContextLengthError, ModelUnavailableError, OverloadedError
from sidecar.inference.model import Usage
from sidecar.runtime.vector_store import file_id
from tests.api.fakes import TEXT, URI, Script
from tests.api.live import Live
from tests.api.responses.reading import kinds, post, streamed, whole

pytestmark = pytest.mark.anyio

# The keys that OpenAI's specification (2.3.0) or Open Responses (2026-04-24) require.
REQUIRED = [
    "id", "object", "created_at", "completed_at", "status", "error", "incomplete_details", "instructions", "model",
    "output", "previous_response_id", "reasoning", "tools", "tool_choice", "parallel_tool_calls", "text",
    "temperature", "top_p", "top_logprobs", "presence_penalty", "frequency_penalty", "max_output_tokens",
    "max_tool_calls", "store", "background", "truncation", "service_tier", "metadata", "usage", "safety_identifier",
    "prompt_cache_key",
]  # fmt: skip
NOT_NULL = [
    "status", "model", "output", "tools", "tool_choice", "truncation", "parallel_tool_calls", "text", "top_p",
    "temperature", "top_logprobs", "presence_penalty", "frequency_penalty", "store", "background", "service_tier",
    "metadata",
]  # fmt: skip

TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
END = AnswerDelta(finish_reason="stop")
CALLS = (
    AnswerDelta(content="Let me look."),
    AnswerDelta(
        tool_calls=({"index": 0, "id": "call_a", "type": "function", "function": {"name": "weather", "arguments": ""}},)
    ),
    AnswerDelta(tool_calls=({"index": 0, "function": {"arguments": '{"city":'}},)),
    AnswerDelta(tool_calls=({"index": 0, "function": {"arguments": '"Oslo"}'}},)),
    AnswerDelta(tool_calls=({"index": 1, "id": "call_b", "function": {"name": "time", "arguments": "{}"}},)),
    AnswerDelta(finish_reason="tool_calls", usage=Usage(prompt_tokens=7, completion_tokens=9)),
)


async def test_a_response_has_every_key_that_is_required(live: Live) -> None:
    body = await whole(live)
    assert set(REQUIRED) <= body.keys()
    assert all(body[key] is not None for key in NOT_NULL)
    assert body["id"].startswith("resp_")
    assert (body["object"], body["status"], body["model"]) == ("response", "completed", "vault")
    assert body["completed_at"] >= body["created_at"] > 1_700_000_000
    assert (body["tool_choice"], body["truncation"], body["store"]) == ("auto", "disabled", True)
    assert body["text"] == {"format": {"type": "text"}, "verbosity": "medium"}
    assert body["usage"] == {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 16,
    }
    (message,) = body["output"]
    assert message.keys() == {"id", "type", "role", "status", "content"}
    assert (message["type"], message["role"], message["status"]) == ("message", "assistant", "completed")
    (part,) = message["content"]
    assert (part["type"], part["text"], part["logprobs"]) == ("output_text", TEXT, [])
    assert body["vault"]["sources"][0]["path"] == "Rivers.md"


async def test_what_was_asked_for_is_repeated(live: Live) -> None:
    sent: dict[str, Any] = {
        "instructions": "Be brief.",
        "temperature": 0.25,
        "top_p": 0.5,
        "top_logprobs": 3,
        "max_output_tokens": 99,
        "metadata": {"a": "b"},
        "truncation": "auto",
        "parallel_tool_calls": False,
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "user": "u",
        "store": False,
    }
    body = await whole(live, **sent, tools=[TOOL, {"type": "web_search"}], reasoning={"effort": "low"})
    assert sent.items() <= body.items()
    assert body["tools"] == [{**TOOL, "description": None, "strict": None}, {"type": "web_search"}]
    assert body["reasoning"] == {"effort": "low", "summary": None}


async def test_a_stream_tells_each_item_from_beginning_to_end(live: Live) -> None:
    found = await streamed(live)
    assert kinds(found) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert found[0]["sequence_number"] == 0
    first, last = found[0]["response"], found[-1]["response"]
    assert (first["status"], first["output"], first["usage"], first["completed_at"]) == ("in_progress", [], None, None)
    assert (last["status"], last["id"]) == ("completed", first["id"])
    assert set(REQUIRED) <= first.keys()
    (item,) = last["output"]
    assert "".join(event["delta"] for event in found if "delta" in event) == TEXT
    assert found[7]["text"] == TEXT
    assert found[8]["part"] == item["content"][0]
    assert found[9]["item"] == item
    assert {event["item_id"] for event in found if "item_id" in event} == {item["id"]}
    assert {event["output_index"] for event in found if "output_index" in event} == {0}
    assert found[2]["item"] == {**item, "status": "in_progress", "content": []}


async def test_a_citation_is_one_of_a_file_and_one_of_an_address(live: Live) -> None:
    cited = Annotation(
        url=URI, title="Rivers#Length", start_index=5, end_index=22, vault="Garden", file="Geo/Rivers.md"
    )
    text = "Nile [[Rivers#Length]]"
    live.runtime.scripts = [Script(AnswerDelta(content=text, annotations=(cited,)), END) for _ in range(2)]
    part = (await whole(live))["output"][0]["content"][0]
    identity = file_id("Garden", "Geo/Rivers.md")
    assert part["annotations"] == [
        {"type": "file_citation", "index": 22, "file_id": identity, "filename": "Geo/Rivers.md"},
        {"type": "url_citation", "url": URI, "title": "Rivers#Length", "start_index": 5, "end_index": 22},
    ]
    added = [e for e in await streamed(live) if e["type"] == "response.output_text.annotation.added"]
    assert [event["annotation"] for event in added] == part["annotations"]
    assert [event["annotation_index"] for event in added] == [0, 1]


async def test_calls_of_functions_are_items_of_their_own(live: Live) -> None:
    live.runtime.scripts = [Script(*CALLS)]
    body = await whole(live, tools=[TOOL])
    message, first, second = body["output"]
    assert message["content"][0]["text"] == "Let me look."
    assert first == {
        "id": first["id"],
        "type": "function_call",
        "status": "completed",
        "call_id": "call_a",
        "name": "weather",
        "arguments": '{"city":"Oslo"}',
    }
    assert first["id"].startswith("fc_")
    assert (second["call_id"], second["name"], second["arguments"]) == ("call_b", "time", "{}")
    assert (body["status"], body["usage"]["total_tokens"]) == ("completed", 16)


async def test_calls_are_streamed_behind_the_text_that_they_end(live: Live) -> None:
    live.runtime.scripts = [Script(*CALLS)]
    found = await streamed(live, tools=[TOOL])
    assert kinds(found)[7:] == [
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert [event["output_index"] for event in found[2:-1]] == [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 1, 1, 2, 2]
    done = [event for event in found if event["type"] == "response.function_call_arguments.done"]
    assert [(event["name"], event["arguments"]) for event in done] == [("weather", '{"city":"Oslo"}'), ("time", "{}")]


async def test_a_client_that_wants_one_call_gets_one(live: Live) -> None:
    live.runtime.scripts = [Script(*CALLS)]
    body = await whole(live, tools=[TOOL], parallel_tool_calls=False)
    assert [item["type"] for item in body["output"]] == ["message", "function_call"]


async def test_text_behind_a_call_is_a_message_of_its_own_with_its_own_places(live: Live) -> None:
    cited = Annotation(url=URI, title="R", start_index=14, end_index=19, vault="Garden", file="R.md")
    live.runtime.scripts = [Script(*CALLS[:3], AnswerDelta(content="  [[R]]", annotations=(cited,)), END)]
    first, call, second = (await whole(live))["output"]
    assert call["type"] == "function_call"
    part = second["content"][0]
    assert first["content"][0]["text"] + part["text"] == "Let me look.  [[R]]"
    url = part["annotations"][1]
    assert part["text"][url["start_index"] : url["end_index"]] == "[[R]]"


async def test_thoughts_are_a_reasoning_item_before_the_message(live: Live) -> None:
    live.runtime.scripts = [
        Script(AnswerDelta(reasoning="Hm, "), AnswerDelta(reasoning="rivers."), AnswerDelta(content="Nile"), END)
    ]
    found = await streamed(live)
    assert kinds(found)[2:12] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
    ]
    thought, message = found[-1]["response"]["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm, rivers."}]
    assert message["content"][0]["text"] == "Nile"


@pytest.mark.parametrize(("reason", "told"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
async def test_a_cut_answer_is_incomplete_and_says_why(live: Live, reason: str, told: str) -> None:
    script = (AnswerDelta(content="The Ni"), AnswerDelta(finish_reason=reason))
    live.runtime.scripts = [Script(*script), Script(*script)]
    body = await whole(live)
    assert (body["status"], body["incomplete_details"]) == ("incomplete", {"reason": told})
    assert body["output"][0]["status"] == "incomplete"
    assert body["completed_at"] is None
    assert kinds(await streamed(live))[-1] == "incomplete"


async def test_an_answer_without_a_word_is_an_empty_message(live: Live) -> None:
    live.runtime.scripts = [Script(), Script(AnswerDelta(reasoning="Hm."), END)]
    assert (await whole(live))["output"][0]["content"][0]["text"] == ""
    assert [item["type"] for item in (await whole(live))["output"]] == ["reasoning", "message"]


async def test_logprobs_come_in_the_form_of_responses(live: Live) -> None:
    entry = {"token": "Nile", "logprob": -0.5, "bytes": None, "top_logprobs": [{"token": "N", "logprob": -2.0}]}
    live.runtime.scripts = [Script(AnswerDelta(content="Nile", logprobs={"content": [entry]}), END) for _ in range(2)]
    asked = {"include": ["message.output_text.logprobs"], "top_logprobs": 1}
    part = (await whole(live, **asked))["output"][0]["content"][0]
    assert part["logprobs"] == [
        {
            "token": "Nile",
            "logprob": -0.5,
            "bytes": [],
            "top_logprobs": [{"token": "N", "logprob": -2.0, "bytes": []}],
        }
    ]
    assert live.runtime.requests[0].options == {"logprobs": True, "top_logprobs": 1}
    delta = next(event for event in await streamed(live, **asked) if event["type"] == "response.output_text.delta")
    assert delta["logprobs"] == part["logprobs"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OverloadedError("Busy."), 429, "rate_limit_exceeded"), (ValueError("secret"), 500, "internal_error")],
)
async def test_errors_before_the_first_word_are_plain_http(
    live: Live, error: Exception, status: int, code: str, stream: bool
) -> None:
    live.runtime.scripts = [Script(error)]
    response = await post(live, stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert "secret" not in response.text
    assert live.runtime.closed_answers == 1


async def test_a_failure_after_the_first_word_is_told_in_both_ways(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), ModelUnavailableError("The model died."))]
    found = await streamed(live)
    assert kinds(found)[-5:] == ["output_text.done", "content_part.done", "output_item.done", "error", "failed"]
    error, failed = found[-2:]
    assert (error["message"], error["code"], error["param"]) == ("The model died.", "model_unavailable", None)
    response = failed["response"]
    assert (response["status"], response["error"]) == (
        "failed",
        {"code": "server_error", "message": "The model died."},
    )
    assert response["output"][0]["content"][0]["text"] == "The "
    assert response["output"][0]["status"] == "incomplete"
    # The connection lives on.
    assert (await post(live)).status_code == 200


async def test_a_failure_in_the_midst_of_a_whole_answer_is_plain_http(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), ModelUnavailableError("The model died."))]
    response = await post(live)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "model_unavailable")


@pytest.mark.parametrize("stream", [False, True])
async def test_the_answer_ends_with_its_client(live: Live, stream: bool) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    asking = asyncio.create_task(post(live, stream=stream))
    await live.runtime.wait_for(opened=1)
    asking.cancel()
    await live.runtime.wait_for(closed=1)


async def test_a_conversation_that_is_too_long_loses_its_beginning_only_when_asked_to(live: Live) -> None:
    items = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "three"},
    ]
    too_long = ContextLengthError(needed=900, available=100)
    live.runtime.scripts = [Script(too_long)]
    refused = (await post(live, input=items)).json()["error"]
    assert (refused["code"], refused["param"]) == ("context_length_exceeded", "input")
    live.runtime.scripts = [Script(too_long), Script(too_long), Script(AnswerDelta(content="3"), END)]
    assert (await whole(live, input=items, truncation="auto"))["output"][0]["content"][0]["text"] == "3"
    asked = [[message["content"] for message in request.messages] for request in live.runtime.requests[1:]]
    assert asked[1:] == [["Be brief.", "two", "2", "three"], ["Be brief.", "three"]]
    live.runtime.scripts = [Script(too_long)]
    assert (await post(live, truncation="auto")).status_code == 400
