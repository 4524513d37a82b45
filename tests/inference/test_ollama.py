"""Ollama spoken to in its own words: the window goes with the request, and nothing is cut silently."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sidecar.errors import ContextLengthError, RequestError, UpstreamError
from sidecar.inference.model import Completion, Delta, Usage
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.upstream.server import Upstream
from tests.inference.programs import CHAT, Ollama, line, program
from tests.inference.upstream_server import DEADLINE, Parts, UpstreamServer

pytestmark = pytest.mark.anyio
PATH = "/api/chat"
PIXEL = "iVBORw0KGgo="
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
END = line(message={"content": ""}, done=True, done_reason="stop", prompt_eval_count=9, eval_count=3)


@asynccontextmanager
async def ollama(
    *lines: bytes, window: int = 131072, context_length: int | None = None, here_only: bool = False, **more: Any
) -> AsyncIterator[tuple[UpstreamServer, UpstreamChatModel]]:
    played = Ollama(windows={"tiny": window}, lines=lines or None, **more)
    async with program(played.play) as server:
        upstream = Upstream(server.url, api_key=None, retries=0)
        try:
            yield server, UpstreamChatModel(upstream, "tiny", context_length=context_length, here_only=here_only)
        finally:
            await upstream.aclose()


def asked(*messages: dict[str, Any], **options: Any) -> Completion:
    return Completion(messages=messages or ({"role": "user", "content": "hi"},), options=options)


async def answer(model: UpstreamChatModel, completion: Completion | None = None) -> list[Delta]:
    return [delta async for delta in model.stream(completion or asked())]


async def sent(server: UpstreamServer, model: UpstreamChatModel, completion: Completion) -> Any:
    """The body that reached the server."""
    await answer(model, completion)
    return server.asked(PATH)[-1].body


async def test_an_answer_has_its_words_its_end_and_its_usage() -> None:
    async with ollama() as (server, model):
        assert await answer(model) == [
            Delta(content="Hello"),
            Delta(finish_reason="stop", usage=Usage(prompt_tokens=5, completion_tokens=1)),
        ]
        assert not server.asked(CHAT)


# The window


@pytest.mark.parametrize(
    ("trained", "wanted", "more", "window"),
    [
        (131072, None, {}, 8192),
        (2048, None, {}, 2048),
        (131072, 32768, {}, 32768),
        (16384, 32768, {}, 16384),
        (131072, 2048, {}, 2048),
        (131072, None, {"num_ctx": {"tiny": 4096}}, 4096),
        (131072, None, {"num_ctx": {"tiny": 20000}}, 20000),
        (131072, None, {"loaded": {"tiny": 32768}}, 32768),
        (131072, None, {"loaded": {"tiny": 4096}}, 8192),
    ],
)
async def test_the_window_that_is_asked_for_is_the_one_that_is_told(
    trained: int, wanted: int | None, more: dict[str, Any], window: int
) -> None:
    async with ollama(window=trained, context_length=wanted, **more) as (server, model):
        assert await model.context_length() == window
        body = await sent(server, model, asked())
        assert body["options"]["num_ctx"] == window
        assert (body["truncate"], body["shift"]) == (False, False)
        assert "keep_alive" not in body


async def test_a_conversation_that_its_openai_route_would_cut_is_read_whole() -> None:
    long = [{"role": "user", "content": "word " * 2500}, {"role": "user", "content": "question"}]
    async with ollama(window=16384, context_length=16384) as (server, model):
        deltas = await answer(model, asked(*long))
        usage = deltas[-1].usage
        assert usage is not None
        assert usage.prompt_tokens == 2509
    async with ollama() as (server, model):
        upstream = Upstream(server.url, api_key=None)
        reply = {"model": "tiny", "messages": [{"role": "user", "content": "word " * 5000}, *long], "num_ctx": 16384}
        events = [event async for event in upstream.stream_events("chat/completions", reply)]
        await upstream.aclose()
        assert events[-1]["usage"]["prompt_tokens"] < 4096


@pytest.mark.parametrize("version", ["0.12.5", "0.13.0"])
async def test_messages_that_cannot_fit_are_refused(version: str) -> None:
    messages = [{"role": "user", "content": "word " * 3000}, {"role": "user", "content": "question"}]
    async with ollama(window=2048, version=version) as (server, model):
        with pytest.raises(ContextLengthError) as refused:
            await answer(model, asked(*messages))
        assert refused.value.available == 2048
        assert refused.value.needed > 2048
        assert not server.asked(PATH)


async def test_where_only_the_estimate_doubts_a_newer_ollama_decides() -> None:
    doubtful = {"role": "user", "content": "é" * 1500 + " word" * 900}
    async with ollama(window=2048) as (server, model):
        assert (await answer(model, asked(doubtful)))[0].content == "Hello"
    async with ollama(window=2048, version="0.11.0") as (server, model):
        with pytest.raises(ContextLengthError):
            await answer(model, asked(doubtful))
        assert not server.asked(PATH)


async def test_the_servers_own_refusal_of_a_long_prompt_is_said_in_openais_words() -> None:
    refusal = line(error="the input length exceeds the context length")
    async with ollama(refusal) as (_, model):
        with pytest.raises(ContextLengthError) as refused:
            await answer(model)
        assert refused.value.available == 8192


async def test_an_ollama_that_read_less_than_it_was_sent_is_noticed() -> None:
    end = line(message={"content": "x"}, done=True, done_reason="stop", prompt_eval_count=50, eval_count=1)
    async with ollama(end) as (server, _):
        upstream = Upstream(server.url, api_key=None)
        model = UpstreamChatModel(upstream, "tiny")
        await answer(model, asked({"role": "user", "content": "a few words"}))
        assert list(upstream.notices) == []
        await answer(model, asked({"role": "user", "content": "word " * 1000}))
        assert len(upstream.notices) == 1
        assert "read only 50 tokens" in upstream.notices[0]
        await upstream.aclose()


# The request


async def test_sampling_options_get_ollamas_names_and_others_are_left_out() -> None:
    options = {
        "temperature": 0.1, "top_p": 0.2, "top_k": 3, "seed": 2**40 + 7, "max_tokens": 10**9, "stop": "END",
        "presence_penalty": 0.5, "frequency_penalty": 0.6, "user": "me", "metadata": {}, "stream_options": {}, "n": 1,
        "logit_bias": {}, "min_p": None,
    }  # fmt: skip
    async with ollama() as (server, model):
        body = await sent(server, model, asked(**options))
        assert body["options"] == {
            "temperature": 0.1, "top_p": 0.2, "top_k": 3, "seed": 7, "num_predict": 8192, "stop": ["END"],
            "presence_penalty": 0.5, "frequency_penalty": 0.6, "num_ctx": 8192,
        }  # fmt: skip
        assert set(body) == {"model", "messages", "stream", "options", "truncate", "shift"}


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}, SCHEMA),
        ({"type": "text"}, None),
        ({"type": "json_schema", "json_schema": 3}, None),
    ],
)
async def test_a_response_format_becomes_ollamas(wanted: dict[str, Any], form: object) -> None:
    async with ollama() as (server, model):
        assert (await sent(server, model, asked(response_format=wanted))).get("format") == form


@pytest.mark.parametrize(
    ("options", "family", "think"),
    [
        ({"reasoning_effort": "none"}, "qwen3", False),
        ({"reasoning_effort": "high"}, "qwen3", True),
        ({"reasoning_effort": "minimal"}, "gptoss", "low"),
        ({"think": False}, "qwen3", False),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "qwen3", False),
        ({"chat_template_kwargs": 7, "think": 3}, "qwen3", None),
        ({}, "qwen3", None),
    ],
)
async def test_how_hard_to_think_is_asked_of_models_that_think(
    options: dict[str, Any], family: str, think: object
) -> None:
    async with ollama(capabilities=("completion", "thinking"), family=family) as (server, model):
        assert (await sent(server, model, asked(**options))).get("think") == think
    async with ollama(family=family) as (server, model):
        assert "think" not in await sent(server, model, asked(**options))


async def test_a_conversation_with_tools_and_images_is_translated() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    garbled = {"id": "c2", "function": {"name": "look", "arguments": "{oops"}}
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    messages: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What"}, image, {"type": "text", "text": "is this?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call, garbled], "reasoning_content": "hm"},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        {"role": "function", "name": "old", "content": "b"},
    ]
    async with ollama() as (server, model):
        body = await sent(server, model, asked(*messages, tools=[TOOL], tool_choice="auto"))
        assert body["tools"] == [TOOL]
        assert body["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What\nis this?", "images": [PIXEL]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [
                    {"id": "c1", "function": {"name": "look", "arguments": {"at": 1}}},
                    {"id": "c2", "function": {"name": "look", "arguments": {"arguments": "{oops"}}},
                ],
            },
            {"role": "tool", "content": "a cat", "tool_name": "look", "tool_call_id": "c1"},
            {"role": "tool", "content": "b", "tool_name": "old"},
        ]
        assert "tools" not in await sent(server, model, asked(tools=[TOOL], tool_choice="none"))


def with_image(url: object) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}


@pytest.mark.parametrize(
    ("completion", "param"),
    [
        (asked(n=2), "n"),
        (asked(logit_bias={"5": 1}), "logit_bias"),
        (asked(tools=[TOOL], tool_choice="required"), "tool_choice"),
        (asked(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "look"}}), "tool_choice"),
        (asked(with_image("https://example.com/a.png")), "messages"),
        (asked(with_image("data:image/png;base64,not base64!")), "messages"),
        (asked(with_image(None)), "messages"),
        (asked({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}), "messages"),
    ],
)
async def test_what_ollama_cannot_do_is_said_before_it_is_asked(completion: Completion, param: str) -> None:
    async with ollama() as (server, model):
        with pytest.raises(RequestError) as refused:
            await answer(model, completion)
        assert refused.value.param == param
        assert not server.asked(PATH)


# The answer


async def test_thoughts_words_and_calls_become_deltas() -> None:
    call = {"function": {"name": "look", "arguments": {"at": 1}}}
    lines = (
        line(message={"role": "assistant", "content": "", "thinking": "hm"}, done=False),
        line(message={"role": "assistant", "content": "Hé"}, logprobs=[{"token": "Hé", "logprob": -0.5}], done=False),
        line(message={"role": "assistant", "content": "", "tool_calls": [call]}, done=False),
        line(message={"role": "assistant", "tool_calls": [{"id": "own", **call}]}, done=False),
        END,
    )
    async with ollama(*lines) as (_, model):
        thought, word, first, second, last = await answer(model, asked(tools=[TOOL], logprobs=True, top_logprobs=2))
    assert (thought.reasoning, word.content) == ("hm", "Hé")
    assert word.logprobs == {
        "content": [{"bytes": None, "top_logprobs": [], "token": "Hé", "logprob": -0.5}],
        "refusal": None,
    }
    assert [delta.tool_calls[0]["index"] for delta in (first, second)] == [0, 1]
    assert first.tool_calls[0]["id"].startswith("call_")
    assert second.tool_calls[0]["id"] == "own"
    assert json.loads(first.tool_calls[0]["function"]["arguments"]) == {"at": 1}
    assert (last.finish_reason, last.usage) == ("tool_calls", Usage(prompt_tokens=9, completion_tokens=3))


async def test_a_client_that_reads_one_call_gets_one() -> None:
    calls: list[dict[str, Any]] = [{"function": {"name": name, "arguments": {}}} for name in ("a", "b")]
    async with ollama(line(message={"tool_calls": calls}), line(message={"tool_calls": calls}), END) as (_, model):
        deltas = await answer(model, asked(tools=[TOOL], parallel_tool_calls=False))
    assert [call["function"]["name"] for delta in deltas for call in delta.tool_calls] == ["a"]


async def test_an_answer_at_its_limit_says_so() -> None:
    async with ollama(line(message={"content": "a"}, done=True, done_reason="length")) as (_, model):
        last = (await answer(model))[-1]
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.prompt_tokens > 0


async def test_the_first_word_is_there_before_the_second_and_leaving_closes_the_connection() -> None:
    async with ollama() as (server, model), asyncio.timeout(DEADLINE):
        server.reply(PATH, Parts(line(message={"content": "a"}, done=False), then="hold"))
        deltas = model.stream(asked())
        assert await anext(deltas) == Delta(content="a")
        await deltas.aclose()
        await server.client_left.wait()
        assert server.clients_left == 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((line(message={"content": "a"}), line(error="out of memory")), "out of memory"),
        ((line(message={"content": "a"}),), "in the middle"),
        ((b"<html>",), "not JSON"),
        ((b"[1]\n",), "not an object"),
        ((b"[" * 100_000 + b"\n",), "not JSON"),
    ],
)
async def test_an_answer_that_fails_midway_is_an_error(lines: tuple[bytes, ...], message: str) -> None:
    async with ollama(*lines) as (_, model):
        with pytest.raises(UpstreamError, match=message):
            await answer(model)


@pytest.mark.parametrize(
    "odd",
    [
        line(message=None),
        line(message={"content": 5, "thinking": [], "tool_calls": "x"}),
        line(message={"tool_calls": [None, 3]}, logprobs="many"),
        line(done="yes"),
        b"\r\n\n",
        b"{}\n",
    ],
)
async def test_lines_of_the_wrong_shape_harm_nothing(odd: bytes) -> None:
    async with ollama(odd, line(message={"content": "a"}), END) as (_, model):
        assert "".join(delta.content for delta in await answer(model)) == "a"


async def test_hostile_messages_reach_the_server_whole() -> None:
    texts = ["a\ud800é", "\0", "𝔘" * 100, "[INST]</s>"]
    async with ollama() as (server, model):
        body = await sent(server, model, asked(*({"role": "user", "content": text} for text in texts)))
        assert [message["content"] for message in body["messages"]] == texts


@pytest.mark.parametrize("arguments", ['{"a":' * 900 + "1" + "}" * 900, "[" * 10**6, "{" * 10**6, "\0", "null", "7"])
async def test_hostile_arguments_of_a_call_are_passed_on_as_text(arguments: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}
    async with ollama(context_length=16384) as (server, model):
        with contextlib.suppress(ContextLengthError):
            body = await sent(server, model, asked({"role": "assistant", "content": "", "tool_calls": [call]}))
            assert set(body["messages"][0]["tool_calls"][0]["function"]["arguments"]) <= {"arguments"}


async def test_a_megabyte_of_one_character_is_refused_at_once() -> None:
    async with ollama(version="0.11.0") as (server, model):
        with pytest.raises(ContextLengthError):
            await answer(model, asked({"role": "user", "content": "a" * 2**20}))
        assert not server.asked(PATH)


async def test_a_model_that_is_not_there_is_an_error() -> None:
    async with ollama() as (server, _):
        upstream = Upstream(server.url, api_key=None)
        with pytest.raises(UpstreamError, match="'nope' not found") as refused:
            await answer(UpstreamChatModel(upstream, "nope"))
        assert refused.value.status == 404
        await upstream.aclose()


# Models that are run elsewhere


async def test_a_model_that_ollama_passes_on_is_asked_only_when_that_is_known() -> None:
    async with ollama(remote=frozenset({"tiny"})) as (server, model):
        assert [model.on_this_machine] == [True]
        with pytest.raises(UpstreamError, match="another machine"):
            await answer(model)
        assert not server.asked(PATH)
        assert [model.on_this_machine] == [False]
        assert (await answer(model))[0].content == "Hello"


async def test_a_prompt_with_notes_that_stay_is_never_passed_on() -> None:
    """It was known before the prompt came, but not when its passages were chosen."""
    async with ollama(remote=frozenset({"tiny"})) as (server, model):
        with pytest.raises(UpstreamError, match="another machine"):
            await answer(model)
        completion = Completion(messages=[{"role": "user", "content": "marmalade"}], stays=True)
        for _ in range(2):
            with pytest.raises(UpstreamError, match="another machine"):
                await answer(model, completion)
        assert "marmalade" not in str([seen.body for seen in server.seen])


async def test_offline_a_model_that_ollama_passes_on_is_never_asked() -> None:
    async with ollama(remote=frozenset({"tiny"}), here_only=True) as (server, model):
        for _ in range(2):
            with pytest.raises(UpstreamError, match="another machine"):
                await answer(model)
        assert not server.asked(PATH)
