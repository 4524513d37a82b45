"""LM Studio's API: what Smart Connections and scripts read of it beyond OpenAI's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.api.neighbours.stopwatch import Stopwatch
from sidecar.api.openai.answers import Deltas
from sidecar.chat import AnswerDelta
from sidecar.errors import OverloadedError
from sidecar.inference.model import Usage
from tests.api.fakes import TEXT, Script
from tests.api.live import Live

pytestmark = pytest.mark.anyio

ASK: list[Any] = [{"role": "user", "content": "Which river is longest?"}]


async def test_models_are_listed_with_what_plugins_sort_them_by(live: Live) -> None:
    body = (await live.http.get("/api/v0/models")).json()
    assert body["object"] == "list"
    assert [(model["id"], model["type"]) for model in body["data"]] == [
        ("vault", "llm"),
        ("Garden/qwen:7b", "llm"),
        ("builtin", "embeddings"),
    ]
    assert [model["loaded_context_length"] for model in body["data"]] == [8192, 4096, 512]
    for model in body["data"]:
        assert (model["object"], model["state"]) == ("model", "loaded")
        assert model["max_context_length"] == model["loaded_context_length"]
        assert {"publisher", "arch", "compatibility_type", "quantization"} <= set(model)


async def test_listing_asks_no_model(live: Live) -> None:
    await live.http.get("/api/v0/models")
    assert {"answer"}.isdisjoint(live.runtime.calls)
    assert live.runtime.embeddings.asked == []


@pytest.mark.parametrize("path", ["vault", "builtin", "gpt-4o", "text-embedding-3-small", "vault/"])
async def test_one_model_is_described_also_under_an_alias(live: Live, path: str) -> None:
    model = (await live.http.get(f"/api/v0/models/{path}")).json()
    assert model["id"] == path.rstrip("/")
    assert model["type"] == ("embeddings" if "b" in path else "llm")


async def test_an_unknown_model_is_not_found_in_openais_shape(live: Live) -> None:
    for path in ("/api/v0/models/no:pe", "/api/v0/models/no%2Fpe"):
        response = await live.http.get(path)
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "model_not_found"
    response = await live.http.post("/api/v0/chat/completions", json={"model": "nope", "messages": ASK})
    assert (response.status_code, response.json()["error"]["param"]) == (404, "model")


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [("stop", "eosFound"), ("length", "maxPredictedTokensReached"), ("content_filter", "eosFound")],
)
@pytest.mark.parametrize(
    ("path", "fields"),
    [("/api/v0/chat/completions", {"messages": ASK}), ("/api/v0/completions", {"prompt": "Which river?"})],
)
async def test_a_whole_answer_says_how_it_went(
    live: Live, path: str, fields: dict[str, Any], reason: str, stop_reason: str
) -> None:
    end = AnswerDelta(finish_reason=reason, usage=Usage(prompt_tokens=3, completion_tokens=2))
    live.runtime.scripts = [Script(AnswerDelta(content="The"), AnswerDelta(content=" Nile"), end)]
    body = (await live.http.post(path, json={"model": "vault", **fields})).json()
    (choice,) = body["choices"]
    assert (choice["message"]["content"] if "message" in choice else choice["text"]) == "The Nile"
    assert body["usage"]["total_tokens"] == 5
    stats = body["stats"]
    assert stats["stop_reason"] == stop_reason
    assert min(stats["tokens_per_second"], stats["generation_time"], stats["time_to_first_token"]) > 0
    assert stats["tokens_per_second"] == pytest.approx(2 / stats["generation_time"])
    assert set(body["model_info"]) == {"arch", "quant", "format", "context_length"}
    assert body["model_info"]["context_length"] == 8192
    assert body["runtime"]["version"] == "0.0.0"


async def test_an_answer_without_a_word_has_no_speed(live: Live) -> None:
    live.runtime.scripts = [Script()]
    body = (await live.http.post("/api/v0/chat/completions", json={"model": "vault", "messages": ASK})).json()
    assert body["stats"]["tokens_per_second"] == 0


async def test_the_first_piece_divides_the_time() -> None:
    ticks = iter([100, 130, 190])
    watch = Stopwatch(lambda: next(ticks))

    async def deltas() -> Deltas:
        yield AnswerDelta(content="The")
        yield AnswerDelta(content=" Nile")

    assert [delta.content async for delta in watch.watch(deltas())] == ["The", " Nile"]
    assert watch.durations() == (90, 30, 60)


async def test_streams_are_openais(live: Live) -> None:
    body = {"model": "vault", "messages": ASK, "stream": True}
    response = await live.http.post("/api/v0/chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *frames, done = response.text.removesuffix("\n\n").split("\n\n")
    assert done == "data: [DONE]"
    deltas = [json.loads(frame.removeprefix("data: "))["choices"][0]["delta"] for frame in frames]
    assert "".join(delta.get("content", "") for delta in deltas) == TEXT


async def test_errors_are_openais(live: Live) -> None:
    live.runtime.scripts = [Script(OverloadedError("Too much."))]
    response = await live.http.post("/api/v0/chat/completions", json={"model": "vault", "messages": ASK})
    assert (response.status_code, response.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert (await live.bare.get("/api/v0/models")).json()["error"]["code"] == "invalid_api_key"


async def test_embeddings_are_openais(live: Live) -> None:
    body = {"model": "builtin", "input": ["abc", "a b"]}
    answer = (await live.http.post("/api/v0/embeddings", json=body)).json()
    assert answer == (await live.http.post("/v1/embeddings", json=body)).json()
    assert [len(entry["embedding"]) for entry in answer["data"]] == [4, 4]
