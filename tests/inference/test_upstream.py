from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse
from tokenizers import Tokenizer

from sidecar.errors import UpstreamError
from sidecar.inference.model import Completion, Delta, Usage
from sidecar.inference.tokens import estimate_messages, estimate_tokens
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.upstream.server import Upstream
from tests.inference.upstream_server import DEADLINE, DONE, Parts, UpstreamServer, chunk, event, upstream_server

pytestmark = pytest.mark.anyio
CHAT = "/v1/chat/completions"
ASKED = Completion(messages=[{"role": "user", "content": "hi"}])
USAGE = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13, "prompt_tokens_details": {"cached_tokens": 3}}


@asynccontextmanager
async def serving(*parts: bytes) -> AsyncIterator[tuple[UpstreamServer, UpstreamChatModel]]:
    async with upstream_server() as server:
        if parts:
            server.reply(CHAT, Parts(*parts))
        upstream = Upstream(server.url, api_key=None)
        try:
            yield server, UpstreamChatModel(upstream, "tiny")
        finally:
            await upstream.aclose()


async def answer(model: UpstreamChatModel, completion: Completion = ASKED) -> list[Delta]:
    return [delta async for delta in model.stream(completion)]


async def test_a_normal_stream_becomes_deltas_with_usage_on_the_last() -> None:
    parts = (
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk(finish="length"),
        event(choices=[], usage=USAGE),
        DONE,
    )
    async with serving(*parts) as (_, model):
        assert await answer(model) == [
            Delta(content="Hel"),
            Delta(content="lo"),
            Delta(finish_reason="length", usage=Usage(prompt_tokens=11, completion_tokens=2, cached_tokens=3)),
        ]


async def test_the_first_delta_is_there_while_the_server_still_writes() -> None:
    async with serving() as (server, model), asyncio.timeout(DEADLINE):
        server.reply(CHAT, Parts(chunk({"content": "a"}), then="hold"))
        deltas = model.stream(ASKED)
        assert await anext(deltas) == Delta(content="a")
        await deltas.aclose()
        await server.client_left.wait()
        assert server.clients_left == 1


async def test_options_known_and_unknown_are_passed_through_and_absent_ones_are_not() -> None:
    options = {"temperature": 0.2, "top_k": 7, "mirostat": {"tau": 5}, "max_tokens": 9, "seed": None, "stream": False}
    async with serving(chunk(finish="stop"), DONE) as (server, model):
        await answer(model, replace(ASKED, options=options))
        assert server.seen[-1].body == {
            "temperature": 0.2,
            "top_k": 7,
            "mirostat": {"tau": 5},
            "max_tokens": 9,
            "model": "tiny",
            "messages": [{"role": "user", "content": "hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }


@pytest.mark.parametrize(
    ("refusal", "gone", "there"),
    [
        ("Unknown field: stream_options", "stream_options", "max_tokens"),
        ("Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens", "max_completion_tokens"),
    ],
)
async def test_what_a_server_refuses_to_know_is_left_out_from_then_on(refusal: str, gone: str, there: str) -> None:
    asked = replace(ASKED, options={"max_tokens": 5})
    async with serving() as (server, model):
        refused = JSONResponse({"error": {"message": refusal}}, status_code=400)
        server.reply(CHAT, refused, Parts(chunk({"content": "ok"}, finish="stop"), DONE))
        assert [delta.content for delta in await answer(model, asked)] == ["ok", ""]
        await answer(model, asked)
        bodies = [seen.body for seen in server.asked(CHAT)]
        assert [gone in body for body in bodies] == [True, False, False]
        assert bodies[-1][there] == 5


async def test_a_refusal_that_stands_is_passed_on_after_one_request() -> None:
    async with serving() as (server, model):
        server.reply(CHAT, JSONResponse({"error": {"message": "bad temperature"}}, status_code=400))
        with pytest.raises(UpstreamError, match="bad temperature") as refused:
            await answer(model)
        assert refused.value.status == 400
        assert len(server.asked(CHAT)) == 1


@pytest.mark.parametrize("ending", [(DONE,), ()])
async def test_a_missing_finish_reason_is_stop(ending: tuple[bytes, ...]) -> None:
    async with serving(chunk({"content": "a"}), *ending) as (_, model):
        assert [delta.finish_reason for delta in await answer(model)] == [None, "stop"]


async def test_a_finish_reason_sent_twice_counts_once() -> None:
    async with serving(chunk({"content": "a"}, finish="length"), chunk(finish="stop"), DONE) as (_, model):
        assert [delta.finish_reason for delta in await answer(model)] == [None, "length"]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_apart_under_either_name(name: str) -> None:
    async with serving(chunk({name: "think"}), chunk({"content": "say"}), DONE) as (_, model):
        deltas = await answer(model)
        assert [(delta.reasoning, delta.content) for delta in deltas] == [("think", ""), ("", "say"), ("", "")]


async def test_tool_calls_get_an_index_where_it_is_missing() -> None:
    first = {"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    parts = (
        chunk({"tool_calls": [first]}),
        chunk({"tool_calls": [{"function": {"arguments": '{"x":'}}]}),
        chunk({"tool_calls": [{"id": "a", "function": {"arguments": " 1}"}}]}),
        chunk({"tool_calls": [{"id": "b", "function": {"name": "g", "arguments": {"y": 2}}}]}),
        chunk({"tool_calls": [{"index": 2, "id": "c", "function": {"name": "h", "arguments": "{}"}}]}),
    )
    async with serving(*parts, DONE) as (_, model):
        deltas = await answer(model)
    calls = [call for delta in deltas for call in delta.tool_calls]
    assert [call["index"] for call in calls] == [0, 0, 0, 1, 2]
    assert calls[0] == {**first, "index": 0}
    assert calls[3]["function"]["arguments"] == '{"y": 2}'
    assert deltas[-1].finish_reason == "tool_calls"


async def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    parts = (
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "b", "function": {"name": "g", "arguments": '{"y":'}}]}),
        # Some servers make up a new id for every piece of a call.
        chunk({"tool_calls": [{"index": 0, "id": "c", "function": {"arguments": " 2}"}}]}),
    )
    async with serving(*parts, DONE) as (_, model):
        deltas = await answer(model)
    calls = [call for delta in deltas for call in delta.tool_calls]
    assert [call["index"] for call in calls] == [0, 0, 1, 1]


async def test_choices_are_told_apart_by_index_and_each_ends_once() -> None:
    parts = (
        chunk({"content": "a"}, index=1),
        chunk({"content": "b"}, index=0),
        chunk(finish="stop", index=0),
        chunk({"content": "c"}, index=1),
        chunk(finish="length", index=1),
    )
    async with serving(*parts, DONE) as (_, model):
        deltas = await answer(model)
    assert [(delta.index, delta.content) for delta in deltas[:3]] == [(1, "a"), (0, "b"), (1, "c")]
    assert [(delta.index, delta.finish_reason) for delta in deltas[3:]] == [(0, "stop"), (1, "length")]
    assert [delta.usage is not None for delta in deltas] == [False, False, False, False, True]


async def test_logprobs_come_with_their_content() -> None:
    logprobs = {"content": [{"token": "a", "logprob": -0.1}]}
    async with serving(chunk({"content": "a"}, logprobs=logprobs), DONE) as (_, model):
        assert (await answer(model))[0] == Delta(content="a", logprobs=logprobs)


async def test_usage_that_never_comes_is_estimated() -> None:
    async with serving(chunk({"content": "four words of text"}, finish="stop"), DONE) as (_, model):
        usage = (await answer(model))[-1].usage
    assert usage == Usage(
        prompt_tokens=estimate_messages(ASKED.messages), completion_tokens=estimate_tokens("four words of text")
    )


async def test_of_a_call_only_what_the_model_wrote_is_estimated() -> None:
    call = {"index": 0, "id": "call_" + "0" * 200, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    async with serving(chunk({"tool_calls": [call]}, finish="tool_calls"), DONE) as (_, model):
        usage = (await answer(model))[-1].usage
    assert usage is not None
    assert usage.completion_tokens == estimate_tokens("f{}")


async def test_an_error_in_the_middle_is_raised_after_what_came_before() -> None:
    parts = (chunk({"content": "a"}), event(error={"message": "the model crashed", "type": "server_error"}))
    async with serving(*parts) as (_, model):
        deltas = model.stream(ASKED)
        assert await anext(deltas) == Delta(content="a")
        with pytest.raises(UpstreamError, match="the model crashed"):
            await anext(deltas)


async def test_a_whole_answer_instead_of_a_stream_is_read() -> None:
    message = {
        "role": "assistant",
        "content": "Hello",
        "reasoning_content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    }
    async with serving() as (server, model):
        server.reply(CHAT, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE})
        first, last = await answer(model)
    assert first.content == "Hello"
    assert first.tool_calls[0]["index"] == 0
    assert (last.finish_reason, last.usage) == ("stop", Usage(prompt_tokens=11, completion_tokens=2, cached_tokens=3))


async def test_crlf_and_comments_between_chunks_do_not_matter() -> None:
    crlf = chunk({"content": "é漢"}).replace(b"\n", b"\r\n")
    async with serving(b": keep-alive\r\n\r\n", crlf[:31], crlf[31:], DONE) as (_, model):
        assert [delta.content for delta in await answer(model)] == ["é漢", ""]


@pytest.mark.parametrize(
    "odd",
    [
        event(choices=None),
        event(choices=[None, 3, {"delta": None}, {"delta": "x"}]),
        event(choices=[{"index": "0", "delta": {"content": 5, "tool_calls": "f"}, "finish_reason": 7, "logprobs": []}]),
        event(choices=[{"delta": {"content": [{"type": "image"}, "x"], "tool_calls": [None]}}], usage="many"),
        event(usage={"prompt_tokens": "11", "completion_tokens": None}),
        event(error=None),
        event(choices=[{"delta": {"tool_calls": [{"index": 2**40, "function": None}]}}]),
    ],
)
async def test_chunks_of_the_wrong_shape_harm_nothing(odd: bytes) -> None:
    async with serving(odd, chunk({"content": "a"}), DONE) as (_, model):
        deltas = await answer(model)
    assert "".join(delta.content for delta in deltas) == "a"
    assert deltas[-1].usage is not None


async def test_the_context_window_and_name_are_the_upstreams() -> None:
    async with serving() as (server, model):
        server.reply("/v1/models", {"data": [{"id": "tiny", "max_model_len": 4321}]})
        assert (model.name, model.generative, await model.context_length()) == ("tiny", True, 4321)


TEXTS = {
    "English": "The quick brown fox jumps over the lazy dog, and nobody knows why it did so in 1984.",
    "German": "Die Donaudampfschifffahrtsgesellschaft verkaufte Übergrößen für 1.299,99 € an Jörg Müßiggang.",
    "Portuguese": "Não há razão para a informação não chegar às pessoas que dela necessitam, três vezes por mês.",
    "Russian": "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "code": 'for (let i = 0; i < xs.length; i++) { out[i] ??= f(xs[i] * 0x1f, "k"); }\n\treturn {...out};\n',
    "table": "| 2024-01-31 | 1,234.50 | **ok** |\n|---|---|---|\n| 2024-02-29 | 99.10 | _late_ |",
    "digits": "3.14159265358979323846264338327950288419716939937510",
}


def tokenizer() -> Tokenizer:
    spec = find_spec("wordllama")
    assert spec is not None
    assert spec.origin is not None
    return Tokenizer.from_file(str(Path(spec.origin).parent / "tokenizers" / "l2_supercat_tokenizer_config.json"))


@pytest.mark.parametrize("title", TEXTS)
def test_the_estimate_is_not_below_a_real_tokenizers_count(title: str) -> None:
    counted = len(tokenizer().encode(TEXTS[title], add_special_tokens=False).ids)
    assert counted <= estimate_tokens(TEXTS[title]) <= 2 * counted


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("漢字かな", 5), ("한국어", 4), ("🙂", 4), ("\ud800", 2)])
async def test_the_estimate_counts_a_token_for_a_cjk_character_and_three_for_an_emoji(text: str, tokens: int) -> None:
    async with serving() as (_, model):
        assert await model.count_tokens(text) == tokens


def test_a_prompts_estimate_has_its_parts_and_tool_calls() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "some words"},
        {"type": "image_url", "image_url": {"url": "x"}},
    ]
    plain = estimate_messages([{"role": "user", "content": "some words"}])
    assert estimate_messages([{"role": "user", "content": parts}]) == plain
    calls = [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]
    assert estimate_messages([{"role": "assistant", "content": None, "tool_calls": calls}]) > 0
