from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from starlette.responses import JSONResponse, Response

from sidecar.embedding.upstream import UpstreamEmbeddingModel
from sidecar.errors import UpstreamError
from sidecar.upstream.server import Upstream
from tests.inference.programs import Ollama, program
from tests.inference.upstream_server import UpstreamServer, upstream_server

pytestmark = pytest.mark.anyio
EMBEDDINGS = "/v1/embeddings"


class Counting(Response):
    """Embeds a text as [its length, 1], entries in reverse order, or refuses texts above `longest` characters."""

    def __init__(self, *, longest: int = 10**6) -> None:
        super().__init__()
        self.longest = longest

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        server: UpstreamServer = scope["app"].state.server
        texts = server.seen[-1].body["input"]
        data = [{"index": at, "embedding": [float(len(text)), 1.0]} for at, text in enumerate(texts)]
        reply = JSONResponse({"data": data[::-1], "usage": {"prompt_tokens": 7 * len(texts)}})
        if max(map(len, texts)) > self.longest:
            reply = JSONResponse({"error": {"message": "input is too large to process"}}, status_code=500)
        await reply(scope, receive, send)


@asynccontextmanager
async def embedding(
    *replies: Response | dict[str, Any], **options: Any
) -> AsyncIterator[tuple[UpstreamServer, UpstreamEmbeddingModel]]:
    async with upstream_server() as server:
        server.reply(EMBEDDINGS, *replies)
        upstream = Upstream(server.url, api_key=None)
        try:
            yield server, UpstreamEmbeddingModel(upstream, "tiny-embed", **options)
        finally:
            await upstream.aclose()


def vectors_of(*vectors: object) -> dict[str, Any]:
    return {"data": [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]}


async def test_vectors_come_in_the_order_of_the_texts_normalised() -> None:
    async with embedding(Counting()) as (_, model):
        found = await model.embed(["a" * 3, "b"], kind="passage")
        expected = np.array([[3, 1], [1, 1]]) / np.sqrt([[10], [2]])
        assert found.vectors.dtype == np.float32
        assert np.allclose(found.vectors, expected)
        assert sum(found.token_counts) == 14
        assert found.token_counts[0] > found.token_counts[1]


async def test_requests_are_small_and_ask_for_floats() -> None:
    async with embedding(Counting()) as (server, model):
        texts = [str(number) * (number % 7 + 1) for number in range(150)]
        found = await model.embed(texts, kind="passage")
        lengths = np.array([len(text) for text in texts])
        assert np.allclose(found.vectors[:, 0] / found.vectors[:, 1], lengths)
        bodies = [seen.body for seen in server.asked(EMBEDDINGS)]
        assert max(len(body["input"]) for body in bodies) <= 64
        assert {body["encoding_format"] for body in bodies} == {"float"}
        assert {body["model"] for body in bodies} == {"tiny-embed"}


async def test_blank_texts_are_not_sent_and_get_zero_vectors() -> None:
    async with embedding(Counting()) as (server, model):
        found = await model.embed(["", "abc", " \n"], kind="plain")
        assert server.seen[-1].body["input"] == ["abc"]
        assert not found.vectors[[0, 2]].any()
        assert found.token_counts == (0, 7, 0)
        assert (await model.embed([], kind="plain")).vectors.shape == (0, 2)


async def test_prefixes_stand_before_queries_and_passages_only() -> None:
    async with embedding(Counting(), query_prefix="query: ", passage_prefix="passage: ") as (server, model):
        await model.embed(["x"], kind="query")
        await model.embed(["x"], kind="passage")
        await model.embed(["x"], kind="plain")
        assert [seen.body["input"][0] for seen in server.asked(EMBEDDINGS)[1:]] == ["query: x", "passage: x", "x"]


async def test_texts_the_server_finds_too_long_are_cut_and_the_others_are_not() -> None:
    async with embedding(Counting(longest=100)) as (_, model):
        found = await model.embed(["a" * 40, "b" * 350, "c" * 90], kind="passage")
        assert np.allclose(found.vectors[:, 0] / found.vectors[:, 1], [40, 87, 90])


async def test_a_server_that_finds_everything_too_long_is_an_error() -> None:
    async with embedding(Counting(longest=0)) as (_, model):
        with pytest.raises(UpstreamError, match="too large"):
            await model.embed(["a" * 50], kind="passage")


@pytest.mark.parametrize(
    "reply",
    [
        vectors_of([1.0, 0.0]),
        vectors_of([1.0, 0.0], [1.0, 0.0], [1.0, 0.0]),
        vectors_of([1.0, 0.0], [1.0]),
        vectors_of([1.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        vectors_of([1.0, None], [1.0, 0.0]),
        vectors_of([1.0, 1e300], [1.0, 0.0]),
        vectors_of("AACAPwAAAAA=", "AACAPwAAAAA="),
        vectors_of([[1.0]], [[1.0]]),
        vectors_of([], []),
        {"data": [[1.0, 0.0], [1.0, 0.0]]},
        {"data": None},
        {},
    ],
)
async def test_vectors_of_the_wrong_number_size_or_kind_are_refused(reply: dict[str, Any]) -> None:
    async with embedding(vectors_of([1.0, 0.0]), reply) as (_, model):
        assert await model.dimensions() == 2
        with pytest.raises(UpstreamError, match="tiny-embed"):
            await model.embed(["a", "b"], kind="passage")


async def test_dimensions_asked_for_are_sent_and_checked() -> None:
    async with embedding(vectors_of([1.0, 0.0]), dimensions=2) as (server, model):
        assert await model.dimensions() == 2
        assert server.seen[-1].body["dimensions"] == 2
    async with embedding(vectors_of([1.0, 0.0]), dimensions=3) as (_, model):
        with pytest.raises(UpstreamError, match="instead of 3"):
            await model.dimensions()


async def test_the_fingerprint_follows_server_model_size_and_prefixes_but_not_the_urls_spelling() -> None:
    def fingerprint(url: str = "http://127.0.0.1:1", model: str = "m", **options: Any) -> str:
        return UpstreamEmbeddingModel(Upstream(url, api_key=None), model, **options).fingerprint

    assert fingerprint("http://127.0.0.1:1/v1/") == fingerprint()
    others = [
        fingerprint("http://127.0.0.1:2"),
        fingerprint(model="n"),
        fingerprint(dimensions=256),
        fingerprint(query_prefix="q"),
        fingerprint(passage_prefix="q"),
    ]
    assert len({fingerprint(), *others}) == 6


async def test_an_error_of_the_server_is_passed_on() -> None:
    async with embedding(JSONResponse({"error": "model not found"}, status_code=404)) as (_, model):
        with pytest.raises(UpstreamError, match="model not found"):
            await model.dimensions()


# Ollama, by its native route


@asynccontextmanager
async def on_ollama(played: Ollama, **options: Any) -> AsyncIterator[tuple[UpstreamServer, UpstreamEmbeddingModel]]:
    async with program(played.play) as server:
        upstream = Upstream(server.url, api_key=None)
        try:
            yield server, UpstreamEmbeddingModel(upstream, "nomic", **options)
        finally:
            await upstream.aclose()


async def test_ollama_is_asked_without_leave_to_cut_and_a_text_that_is_too_long_is_cut_here() -> None:
    async with on_ollama(Ollama(windows={"nomic": 100})) as (server, model):
        found = await model.embed(["w " * 40, "w " * 350, "w " * 90], kind="passage")
        assert np.allclose(found.vectors[:, 0] / found.vectors[:, 1], [40, 87, 90], atol=1)
        bodies = [seen.body for seen in server.asked("/api/embed")]
        assert {body["truncate"] for body in bodies} == {False}
        assert not server.asked(EMBEDDINGS)


async def test_ollamas_token_count_is_shared_out() -> None:
    async with on_ollama(Ollama(windows={"nomic": 100}), dimensions=2) as (server, model):
        found = await model.embed(["one two three", "one"], kind="query")
        assert sum(found.token_counts) == 4
        assert server.asked("/api/embed")[-1].body["dimensions"] == 2


async def test_a_model_that_ollama_passes_on_is_not_sent_texts_unasked() -> None:
    played = Ollama(windows={"nomic": 100}, remote=frozenset({"nomic"}))
    async with on_ollama(played) as (server, model):
        assert model.on_this_machine
        with pytest.raises(UpstreamError, match="another machine"):
            await model.embed(["a secret"], kind="passage")
        assert not server.asked("/api/embed")
        assert not model.on_this_machine


class Turns(Response):
    """Embeds, and before that lets it be known that the model is run elsewhere."""

    def __init__(self, played: Ollama, server: UpstreamServer, *, again: Upstream) -> None:
        super().__init__()
        self._played, self._server, self._again = played, server, again

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        texts = self._server.seen[-1].body["input"]
        replace(self._played, remote=frozenset(self._played.windows)).play(self._server)
        for model in self._played.windows:
            await self._again.show(model)
        await JSONResponse({"embeddings": [[1.0, 2.0] for _ in texts]})(scope, receive, send)


async def test_texts_are_not_sent_on_once_it_is_known_that_they_would_be_passed_on() -> None:
    """Somebody else may have asked meanwhile; the texts were chosen for a model on this machine."""
    played = Ollama(windows={"nomic": 100})
    async with program(played.play) as server:
        upstream = Upstream(server.url, api_key=None)
        model = UpstreamEmbeddingModel(upstream, "nomic")
        await model.dimensions()
        server.reply("/api/embed", Turns(played, server, again=upstream))
        with pytest.raises(UpstreamError, match="another machine"):
            await model.embed([f"a secret {n}" for n in range(40)], kind="passage")
        assert len(server.asked("/api/embed")) == 2
        assert "a secret 39" not in str([seen.body for seen in server.seen])
        await upstream.aclose()


async def test_the_name_here_is_not_the_name_there() -> None:
    async with on_ollama(Ollama(windows={"nomic": 100}), name="gpu/nomic") as (server, model):
        await model.embed(["a"], kind="query")
        assert model.name == "gpu/nomic"
        assert server.asked("/api/embed")[-1].body["model"] == "nomic"
