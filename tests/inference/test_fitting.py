"""Prompts against the windows of upstreams: refused before they are sent, counted exactly, or noticed as cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from sidecar.errors import ContextLengthError
from sidecar.inference.fitting import was_cut
from sidecar.inference.model import Completion, Delta
from sidecar.inference.tokens import estimate_prompt, least_prompt_tokens
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.upstream.server import Upstream
from tests.inference.programs import CHAT, play_llama_server, play_lm_studio, play_vllm, program, told
from tests.inference.test_upstream import TEXTS, tokenizer
from tests.inference.upstream_server import UpstreamServer

pytestmark = pytest.mark.anyio
Play = Callable[[UpstreamServer], None]
# Few words of many characters: far fewer tokens on these servers than the estimate fears.
DENSE = "incomprehensibilities " * 60
HUGE = "word " * 2000


@asynccontextmanager
async def serving(play: Play) -> AsyncIterator[tuple[UpstreamServer, Upstream, UpstreamChatModel]]:
    async with program(play) as server:
        upstream = Upstream(server.url, api_key=None, retries=0)
        try:
            yield server, upstream, UpstreamChatModel(upstream, "tiny")
        finally:
            await upstream.aclose()


def asked(text: str, **options: Any) -> Completion:
    return Completion(messages=[{"role": "user", "content": text}], options=options)


async def answer(model: UpstreamChatModel, completion: Completion) -> list[Delta]:
    return [delta async for delta in model.stream(completion)]


EXACT = [partial(play_llama_server, window=200), partial(play_vllm, window=200)]


@pytest.mark.parametrize("play", EXACT)
async def test_a_servers_own_tokenizer_decides_where_the_estimate_doubts(play: Play) -> None:
    async with serving(play) as (server, _, model):
        assert estimate_prompt(asked(DENSE).messages) > 200
        assert (await answer(model, asked(DENSE)))[0].content == "Hello"
        with pytest.raises(ContextLengthError) as refused:
            await answer(model, asked(HUGE))
        assert 2000 < refused.value.needed < 2020
        assert refused.value.available == 200
        assert len(server.asked(CHAT)) == 1


@pytest.mark.parametrize("play", EXACT)
async def test_a_prompt_that_surely_fits_is_not_counted(play: Play) -> None:
    async with serving(play) as (server, _, model):
        await answer(model, asked("hi", max_tokens=50))
        assert not server.asked("/tokenize")
        assert server.asked(CHAT)[-1].body["max_tokens"] == 50


async def test_an_answer_longer_than_what_is_left_is_asked_for_shorter() -> None:
    async with serving(partial(play_vllm, window=200)) as (server, _, model):
        assert (await answer(model, asked("hi", max_tokens=5000)))[0].content == "Hello"
        assert server.asked(CHAT)[-1].body["max_tokens"] == 195


async def test_a_prompt_that_fills_the_window_leaves_no_room_for_an_answer() -> None:
    words = "incomprehensibilities " * (200 - 4)
    async with serving(partial(play_vllm, window=200)) as (server, _, model):
        with pytest.raises(ContextLengthError):
            await answer(model, asked(words))
        assert not server.asked(CHAT)
        assert await answer(model, asked(words.removesuffix("incomprehensibilities ")))


@pytest.mark.parametrize(("read", "cut"), [(600, True), (800, False), (1000, False), (0, False), (None, False)])
def test_a_prompt_was_cut_when_far_less_was_read_than_it_surely_has(read: int | None, cut: bool) -> None:
    assert was_cut([{"role": "user", "content": "word " * 1000}], evaluated=read) is cut


def test_of_a_short_prompt_nothing_is_concluded() -> None:
    assert not was_cut([{"role": "user", "content": "word " * 150}], evaluated=1)


async def test_the_tools_are_counted_too() -> None:
    tools = [{"type": "function", "function": {"name": "look", "description": "word " * 100}}]
    async with serving(partial(play_vllm, window=200)) as (server, _, model):
        await answer(model, asked("hi", tools=tools))
        assert server.asked("/tokenize")[-1].body["tools"] == tools


async def test_a_server_that_refuses_for_itself_is_believed_when_its_tokenizer_is_out_of_reach() -> None:
    async with serving(partial(play_llama_server, window=200)) as (server, _, model):
        server.reply("/tokenize", {"error": "not here"})
        assert (await answer(model, asked(DENSE)))[0].content == "Hello"
        with pytest.raises(ContextLengthError) as refused:
            await answer(model, asked("incomprehensibilities " * 198))
        assert refused.value.available == 200
        assert len(server.asked(CHAT)) == 2


async def test_a_server_that_says_nothing_to_what_is_too_long_is_not_sent_what_may_be() -> None:
    async with serving(partial(play_lm_studio, loaded=200)) as (server, _, model):
        assert (await answer(model, asked("hi")))[0].content == "Hello"
        with pytest.raises(ContextLengthError):
            await answer(model, asked(DENSE))
        assert len(server.asked(CHAT)) == 1


async def test_where_no_window_is_told_everything_is_sent_and_a_cut_is_noticed() -> None:
    def play(server: UpstreamServer) -> None:
        server.reply(CHAT, told(["Hello"], prompt=300))

    async with serving(play) as (_, upstream, model):
        await answer(model, asked("word " * 280))
        assert list(upstream.notices) == []
        await answer(model, asked(HUGE))
        assert "read only 300 tokens" in upstream.notices[0]


@pytest.mark.parametrize("title", TEXTS)
def test_the_low_count_is_not_above_a_real_tokenizers(title: str) -> None:
    counted = len(tokenizer().encode(TEXTS[title], add_special_tokens=False).ids)
    assert 0 < least_prompt_tokens([{"content": TEXTS[title]}]) <= counted


@pytest.mark.parametrize(
    ("content", "least"),
    [
        ("", 0),
        (None, 0),
        ("a" * 10**6, 1),
        ("=" * 5000, 1),
        ("漢字かな交じり", 2),
        ("你好 world", 1),
        ([{"text": "a b"}], 2),
        (7, 0),
    ],
)
def test_the_low_count_takes_anything(content: object, least: int) -> None:
    assert least_prompt_tokens([{"content": content}]) == least
