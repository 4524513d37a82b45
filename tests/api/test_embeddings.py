"""Embeddings."""

from __future__ import annotations

import base64
import struct

import pytest

from tests.api.live import Live

pytestmark = pytest.mark.anyio


async def test_the_official_client_decodes_its_default_format(live: Live) -> None:
    answer = await live.openai.embeddings.create(model="text-embedding-3-small", input=["abc", "a b c d e"])
    assert [entry.index for entry in answer.data] == [0, 1]
    assert [len(entry.embedding) for entry in answer.data] == [4, 4]
    assert answer.data[0].embedding[0] == pytest.approx(3 / 10**0.5)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (6, 6)
    assert live.runtime.embeddings.asked == [(["abc", "a b c d e"], "plain")]


async def test_base64_is_little_endian_float32(live: Live) -> None:
    body = {"model": "builtin", "input": "abc"}
    plain = (await live.http.post("/v1/embeddings", json=body)).json()
    coded = (await live.http.post("/v1/embeddings", json={**body, "encoding_format": "base64"})).json()
    numbers = struct.unpack("<4f", base64.b64decode(coded["data"][0]["embedding"]))
    assert list(numbers) == plain["data"][0]["embedding"]
    assert plain["object"] == "list"
    assert plain["data"][0]["object"] == "embedding"


async def test_shortened_vectors_have_length_one_again(live: Live) -> None:
    answer = await live.openai.embeddings.create(model="builtin", input="abc", dimensions=1)
    assert answer.data[0].embedding == [1.0]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [[]]}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"input": ["a", 1]}, "input"),
        ({"input": [True]}, "input"),
        ({"input": {"a": 1}}, "input"),
        ({}, "input"),
        ({"input": "a", "dimensions": 5}, "dimensions"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
    ],
)
async def test_bad_input_is_refused_by_name(live: Live, fields: dict[str, object], param: str) -> None:
    response = await live.http.post("/v1/embeddings", json={"model": "builtin", **fields})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("tokens", "texts"),
    [([15339, 1917], ["hello world"]), ([[15339, 1917], [0]], ["hello world", "!"])],
)
async def test_token_ids_of_openais_tokenizer_are_embedded_as_their_text(
    live: Live, tokens: object, texts: list[str]
) -> None:
    response = await live.http.post("/v1/embeddings", json={"model": "builtin", "input": tokens})
    assert response.status_code == 200
    assert live.runtime.embeddings.asked == [(texts, "plain")]


@pytest.mark.parametrize("tokens", [[200_000], [[15339], [-1]], [100257], [12.5], [[15339], "a"]])
async def test_other_token_ids_are_refused(live: Live, tokens: object) -> None:
    response = await live.http.post("/v1/embeddings", json={"model": "builtin", "input": tokens})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "input"
    assert live.runtime.embeddings.asked == []


async def test_a_full_batch_is_embedded_in_order(live: Live) -> None:
    texts = ["x" * (1 + number % 7) for number in range(2048)]
    answer = await live.openai.embeddings.create(model="builtin", input=texts)
    assert [entry.index for entry in answer.data] == list(range(2048))
    assert answer.data[6].embedding[0] == pytest.approx(7 / 50**0.5)


async def test_an_unknown_model_is_not_found(live: Live) -> None:
    response = await live.http.post("/v1/embeddings", json={"model": "nope", "input": "a"})
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"
