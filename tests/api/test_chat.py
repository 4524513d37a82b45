"""Chat completions, as the official client and as raw bytes see them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import APIError, BadRequestError, NotFoundError, RateLimitError

from sidecar.chat import AnswerDelta
from sidecar.errors import (
    ContextLengthError,
    ModelUnavailableError,
    OverloadedError,
    UpstreamError,
    WorkerCrashedError,
)
from sidecar.inference.model import Usage
from sidecar.logs.lines import LineFormatter
from tests.api.fakes import SOURCE, TEXT, URI, Script
from tests.api.live import Live

pytestmark = pytest.mark.anyio

ASK: list[Any] = [{"role": "user", "content": "Which river is longest?"}]


def frames(stream: bytes) -> list[str]:
    """The stream's frames, each without its closing blank line; fails when one is not a single `data:` line."""
    assert stream.endswith(b"\n\n")
    found = stream.decode("ascii").removesuffix("\n\n").split("\n\n")
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in found)
    return [frame.removeprefix("data: ") for frame in found]


async def test_an_answer_comes_whole_with_citations(live: Live) -> None:
    answer = await live.openai.chat.completions.create(model="vault", messages=ASK)
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model, answer.service_tier) == ("chat.completion", "vault", "default")
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert (choice.message.role, choice.message.content, choice.message.refusal) == ("assistant", TEXT, None)
    assert choice.message.annotations is not None
    citation = choice.message.annotations[0].url_citation
    assert TEXT[citation.start_index : citation.end_index] == "[[Rivers#Length]]"
    assert (citation.url, citation.title) == (URI, "Rivers#Length")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (11, 5, 16)
    assert answer.model_extra is not None
    (source,) = answer.model_extra["vault"]["sources"]
    assert source == {
        "path": "Rivers.md",
        "title": "Rivers",
        "heading_path": ["Length"],
        "start_line": 3,
        "end_line": 4,
        "quote": SOURCE.quote,
        "score": 0.9,
        "uri": URI,
        "link": "Rivers#Length",
        "start_column": 0,
    }


async def test_a_plain_model_says_nothing_of_a_vault(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="Hi"), AnswerDelta(finish_reason="stop"))]
    body = (await live.chat(model="plain")).json()
    assert "vault" not in body
    assert body["choices"][0]["message"]["annotations"] == []
    assert body["usage"]["total_tokens"] == 0


async def test_a_stream_is_role_then_pieces_then_one_finish(live: Live) -> None:
    response = await live.chat(stream=True)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in response.headers
    *chunks, last = frames(response.content)
    assert last == "[DONE]"
    events = [json.loads(chunk) for chunk in chunks]
    assert len({(event["id"], event["created"], event["model"], event["object"]) for event in events}) == 1
    assert events[0]["object"] == "chat.completion.chunk"
    assert all("usage" not in event and len(event["choices"]) == 1 for event in events)
    choices = [event["choices"][0] for event in events]
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert [choice["finish_reason"] for choice in choices] == [None, None, None, "stop"]
    assert "".join(choice["delta"].get("content", "") for choice in choices) == TEXT
    assert choices[-1]["delta"] == {}
    assert choices[2]["delta"]["annotations"][0]["type"] == "url_citation"
    assert events[-1]["vault"]["sources"][0]["path"] == "Rivers.md"
    assert all("vault" not in event for event in events[:-1])


async def test_usage_follows_the_last_choice_only_when_asked_for(live: Live) -> None:
    stream = await live.openai.chat.completions.create(
        model="vault", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert all(chunk.usage is None and len(chunk.choices) == 1 for chunk in chunks[:-1])
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 16


async def test_every_delta_carries_content_unless_it_says_stop(live: Live) -> None:
    live.runtime.scripts = [
        Script(
            AnswerDelta(reasoning="Hm."),
            AnswerDelta(content="Yes"),
            AnswerDelta(),
            AnswerDelta(finish_reason="length", usage=Usage(prompt_tokens=1, completion_tokens=1)),
        )
    ]
    events = [json.loads(frame) for frame in frames((await live.chat(stream=True)).content)[:-1]]
    deltas = [event["choices"][0]["delta"] for event in events]
    assert deltas == [
        {"role": "assistant", "content": ""},
        {"content": "", "reasoning_content": "Hm.", "reasoning": "Hm."},
        {"content": "Yes"},
        {"content": ""},
    ]


async def test_a_finish_reason_comes_once_even_when_a_model_gives_none_or_two(live: Live) -> None:
    none = Script(AnswerDelta(content="Yes"))
    two = Script(AnswerDelta(content="Yes", finish_reason="length"), AnswerDelta(content="!", finish_reason="stop"))
    nothing = Script()
    live.runtime.scripts = [none, two, nothing]
    found = []
    for _ in range(3):
        events = [json.loads(frame) for frame in frames((await live.chat(stream=True)).content)[:-1]]
        found.append([reason for event in events if (reason := event["choices"][0]["finish_reason"])])
        assert events[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert found == [["stop"], ["length"], ["stop"]]


async def test_frames_are_ascii_so_that_no_reader_can_cut_a_character(live: Live) -> None:
    text = "漢字\u2028\x85 🜁 \ud83d"
    live.runtime.scripts = [Script(AnswerDelta(content=text), AnswerDelta(finish_reason="stop"))]
    events = [json.loads(frame) for frame in frames((await live.chat(stream=True)).content)[:-1]]
    assert events[1]["choices"][0]["delta"]["content"] == text


async def test_a_whole_answer_survives_half_a_surrogate_from_the_model(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="a\ud83d"), AnswerDelta(finish_reason="stop"))]
    assert (await live.chat()).json()["choices"][0]["message"]["content"] == "a?"


async def test_streamed_tool_calls_have_an_index_and_say_a_name_once(live: Live) -> None:
    calls: list[tuple[dict[str, Any]]] = [
        ({"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x"'}},),
        ({"index": 0, "function": {"name": "look", "arguments": ":1}"}},),
        ({"id": "b", "function": {"name": "go", "arguments": {"y": 2}}},),
    ]
    deltas = [AnswerDelta(tool_calls=entries) for entries in calls]
    live.runtime.scripts = [Script(*deltas, AnswerDelta(finish_reason="stop")) for _ in range(2)]
    events = [json.loads(frame) for frame in frames((await live.chat(stream=True)).content)[:-1]]
    choices = [event["choices"][0] for event in events]
    entries = [entry for choice in choices for entry in choice["delta"].get("tool_calls", [])]
    assert entries == [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"x"'}},
        {"index": 0, "function": {"arguments": ":1}"}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "go", "arguments": ""}},
        {"index": 1, "function": {"arguments": '{"y": 2}'}},
    ]
    assert choices[-1]["finish_reason"] == "tool_calls"

    whole = (await live.chat()).json()["choices"][0]
    assert whole["finish_reason"] == "tool_calls"
    assert whole["message"]["content"] is None
    assert whole["message"]["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x":1}'}},
        {"id": "b", "type": "function", "function": {"name": "go", "arguments": '{"y": 2}'}},
    ]


async def test_a_client_of_the_older_functions_is_told_of_one_call_by_its_older_name(live: Live) -> None:
    calls: list[tuple[dict[str, Any]]] = [
        ({"index": 0, "id": "a", "function": {"name": "look", "arguments": '{"x"'}},),
        ({"index": 0, "function": {"arguments": ": 1}"}},),
        ({"index": 1, "id": "b", "function": {"name": "other", "arguments": "{}"}},),
    ]
    deltas = [AnswerDelta(tool_calls=entries) for entries in calls]
    live.runtime.scripts = [Script(*deltas, AnswerDelta(finish_reason="stop")) for _ in range(2)]
    functions = [{"name": "look", "parameters": {"type": "object"}}]

    streamed = frames((await live.chat(stream=True, functions=functions)).content)[:-1]
    choices = [json.loads(frame)["choices"][0] for frame in streamed]
    pieces = [choice["delta"]["function_call"] for choice in choices if "function_call" in choice["delta"]]
    assert pieces[0] == {"name": "look", "arguments": ""}
    assert "".join(piece["arguments"] for piece in pieces) == '{"x": 1}'
    assert choices[-1]["finish_reason"] == "function_call"
    assert not any("tool_calls" in choice["delta"] for choice in choices)

    whole = (await live.chat(functions=functions)).json()["choices"][0]
    assert whole["finish_reason"] == "function_call"
    assert whole["message"]["function_call"] == {"name": "look", "arguments": '{"x": 1}'}
    assert "tool_calls" not in whole["message"]


async def test_n_choices_are_n_answers_with_seeds_of_their_own(live: Live) -> None:
    texts = ("one", "two", "three")
    live.runtime.scripts = [
        Script(
            AnswerDelta(content=text),
            AnswerDelta(finish_reason="stop", usage=Usage(prompt_tokens=10, completion_tokens=1)),
        )
        for text in texts * 2
    ]
    whole = await live.openai.chat.completions.create(model="vault", messages=ASK, n=3, seed=7)
    assert [(choice.index, choice.message.content) for choice in whole.choices] == list(enumerate(texts))
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (30, 3)
    assert [request.options["seed"] for request in live.runtime.requests] == [7, 8, 9]
    assert all("n" not in request.options for request in live.runtime.requests)

    stream = await live.openai.chat.completions.create(model="vault", messages=ASK, n=3, stream=True)
    content, finished = {0: "", 1: "", 2: ""}, []
    async for chunk in stream:
        (choice,) = chunk.choices
        content[choice.index] += choice.delta.content or ""
        finished += [choice.index] if choice.finish_reason else []
    assert content == dict(enumerate(texts))
    assert finished == [0, 1, 2]


async def test_the_vault_field_reaches_the_answer(live: Live) -> None:
    wanted = {"limit": 3, "filters": {"tag": "river"}, "mode": "always", "name": "Work", "question": "river?"}
    await live.openai.chat.completions.create(model="plain", messages=ASK, extra_body={"vault": wanted})
    (request,), (target,) = live.runtime.requests, live.runtime.targets
    assert (request.mode, request.limit, request.filters) == ("always", 3, {"tag": "river"})
    assert request.asked == "river?"
    assert target.vault is not None
    assert (target.id, target.vault.name) == ("plain", "Work")


async def test_options_reach_the_model_in_the_words_it_knows(live: Live) -> None:
    response = await live.chat(
        max_tokens=5,
        max_completion_tokens=9,
        temperature=0,
        stop="",
        top_p=None,
        seed=3.0,
        min_p=0.1,
        metadata={"a": "b"},
        tools=[{"type": "web_search"}],
        tool_choice="auto",
    )
    assert response.status_code == 200
    (request,) = live.runtime.requests
    assert request.options == {"max_tokens": 9, "temperature": 0, "seed": 3, "min_p": 0.1, "metadata": {"a": "b"}}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code", "headers"),
    [
        (ContextLengthError(needed=9, available=8), 400, "context_length_exceeded", {}),
        (OverloadedError("Busy.", retry_after=2.5), 429, "rate_limit_exceeded", {"retry-after": "3"}),
        (ModelUnavailableError("Broken file."), 503, "model_unavailable", {"x-should-retry": "false"}),
        (ModelUnavailableError("Died.", retry_after=1), 503, "model_unavailable", {"retry-after": "1"}),
        (WorkerCrashedError("Gone.", exit_code=-9), 503, "worker_unavailable", {}),
        (UpstreamError("No.", status=401), 502, "upstream_error", {}),
        (UpstreamError("No.", status=404, code="model_not_found"), 502, "model_not_found", {}),
        (UpstreamError("Too long.", status=400, code="context_length_exceeded"), 400, "context_length_exceeded", {}),
        (UpstreamError("No answer."), 502, "upstream_error", {}),
        (ValueError("secret note text"), 500, "internal_error", {}),
    ],
)
async def test_errors_before_the_first_token_are_plain_http(
    live: Live, error: Exception, status: int, code: str, headers: dict[str, str], stream: bool
) -> None:
    live.runtime.scripts = [Script(error)]
    response = await live.chat(stream=stream)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body = response.json()["error"]
    assert body.keys() == {"message", "type", "param", "code"}
    assert body["code"] == code
    assert "secret" not in response.text
    assert headers.items() <= dict(response.headers).items()


async def test_a_bug_is_logged_with_its_request_and_without_what_it_says(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    live.runtime.scripts = [Script(ValueError("secret note text"))]
    response = await live.chat()
    request_id = response.headers["x-request-id"]
    assert request_id in response.json()["error"]["message"]
    (record,) = [each for each in caplog.records if each.name == "sidecar.api" and each.levelname == "ERROR"]
    line = LineFormatter().format(record)
    assert f"request {request_id} failed" in line
    assert "ValueError" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("error", "message"), [(ModelUnavailableError("The model died."), "The model died."), (KeyError("x"), "wrong")]
)
async def test_a_failure_after_the_first_token_is_the_last_event(live: Live, error: Exception, message: str) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), error) for _ in range(2)]
    response = await live.chat(stream=True)
    assert response.status_code == 200
    *chunks, last = [json.loads(frame) for frame in frames(response.content)]
    assert message in last["error"]["message"]
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    with pytest.raises(APIError, match=message):
        async for _ in await live.openai.chat.completions.create(model="vault", messages=ASK, stream=True):
            pass
    # The connection lives on.
    assert (await live.chat()).status_code == 200


async def test_the_official_client_raises_its_own_kinds_of_error(live: Live) -> None:
    with pytest.raises(NotFoundError, match="Models here: vault, plain") as missing:
        await live.openai.chat.completions.create(model="nope", messages=ASK)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert missing.value.request_id is not None
    with pytest.raises(BadRequestError) as bad:
        await live.openai.chat.completions.create(model="vault", messages=[])
    assert bad.value.param == "messages"
    live.runtime.scripts = [Script(OverloadedError("Busy."))]
    with pytest.raises(RateLimitError):
        await live.openai.chat.completions.create(model="vault", messages=ASK)
