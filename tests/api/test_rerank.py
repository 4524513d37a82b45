"""Reranking through the API, with a real cross-encoder in its process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.protocol.openai_rerank import MOST_DOCUMENTS
from tests.api.vault_server import VaultServer, serving

pytestmark = pytest.mark.anyio

_TEXTS = [f"text number {number} about the {place}" for number, place in enumerate(["river", "lake", "sea"] * 14)]


async def _rerank(server: VaultServer, **body: Any) -> dict[str, Any]:
    answer = await server.http.post("/v1/rerank", json={"query": "the river", "documents": _TEXTS, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_documents_come_back_best_first_under_their_index(tmp_path: Path, tiny_rank_gguf: Path) -> None:
    async with serving(data_dir=tmp_path / "data", rerank_model=str(tiny_rank_gguf)) as server:
        whole = await _rerank(server, model="tiny-rank")
        model = server.runtime.rerank_model
        assert model is not None
        alone = [(await model.scores("the river", [text]))[0] for text in (_TEXTS[0], _TEXTS[40])]
        scores = [result["relevance_score"] for result in whole["results"]]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] > scores[-1]
        by_index = {result["index"]: result["relevance_score"] for result in whole["results"]}
        assert sorted(by_index) == list(range(len(_TEXTS)))
        assert [by_index[0], by_index[40]] == pytest.approx(alone, abs=1e-3)
        assert whole["model"] == "tiny-rank"
        assert whole["usage"]["total_tokens"] > 0

        for model_id in (None, "rerank-v3.5", "jina-reranker-v2-base-multilingual"):
            some = await _rerank(server, model=model_id, top_n=2, return_documents=True, documents=_TEXTS[:3])
            assert len(some["results"]) == 2
            assert [result["document"]["text"] for result in some["results"]] == [
                _TEXTS[result["index"]] for result in some["results"]
            ]
        objects = await _rerank(server, documents=[{"text": text, "id": 1} for text in _TEXTS[:3]], top_n=99)
        assert len(objects["results"]) == 3
        assert "document" not in objects["results"][0]
        assert (await server.http.post("/rerank", json={"query": "a", "documents": ["", "🜁\x00"]})).status_code == 200

        unknown = await server.http.post("/v1/rerank", json={"model": "qwen", "query": "a", "documents": ["b"]})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
        assert "tiny-rank" in unknown.json()["error"]["message"]

        wrong: list[tuple[dict[str, Any], str]] = [
            ({"documents": ["b"]}, "query"),
            ({"query": "", "documents": ["b"]}, "query"),
            ({"query": "a" * 10_001, "documents": ["b"]}, "query"),
            ({"query": "a"}, "documents"),
            ({"query": "a", "documents": []}, "documents"),
            ({"query": "a", "documents": "b"}, "documents"),
            ({"query": "a", "documents": ["b", 1]}, "documents[1]"),
            ({"query": "a", "documents": [{"title": "b"}]}, "documents[0]"),
            ({"query": "a", "documents": ["b"] * (MOST_DOCUMENTS + 1)}, "documents"),
            ({"query": "a", "documents": ["b"], "top_n": 0}, "top_n"),
        ]
        for body, param in wrong:
            refused = await server.http.post("/v1/rerank", json=body)
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), body


async def test_without_a_model_the_answer_says_how_to_get_one(tmp_path: Path) -> None:
    async with serving(data_dir=tmp_path / "data") as server:
        answer = await server.http.post("/v1/rerank", json={"model": "any", "query": "a", "documents": ["b"]})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "model_not_found")
    assert "--rerank-model" in error["message"]
