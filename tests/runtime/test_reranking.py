"""A reranking model is opened with the runtime, and one that cannot rank does not keep it from opening."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.runtime.doctor import examine
from sidecar.runtime.runtime import open_runtime

pytestmark = pytest.mark.anyio


async def _status(tmp_path: Path, rerank_model: Path | str) -> dict[str, Any]:
    config = Config(data_dir=tmp_path / "data", embedding_model="none", rerank_model=str(rerank_model))
    async with open_runtime(config) as runtime:
        status = dict(await runtime.status())
        assert "rerank" not in {entry.kind for entry in runtime.model_entries()}
    return {**status, "checks": examine(config, status=status)["checks"]}


async def test_it_is_listed_in_the_status_and_by_the_doctor(tmp_path: Path, tiny_rank_gguf: Path) -> None:
    status = await _status(tmp_path, tiny_rank_gguf)
    assert {"id": "tiny-rank", "kind": "rerank"} in status["models"]
    assert not status["notices"]
    assert {"level": "ok", "text": "reranking: tiny-rank", "hint": None} in status["checks"]


async def test_one_that_cannot_rank_is_left_out_with_a_notice(tmp_path: Path, tiny_bert_gguf: Path) -> None:
    status = await _status(tmp_path, tiny_bert_gguf)
    assert "rerank" not in {model["kind"] for model in status["models"]}
    (notice,) = status["notices"]
    assert notice.startswith("Hits are not reranked: tiny-bert.gguf is an embedding model; a reranking model is needed")
    assert {"level": "warning", "text": notice, "hint": None} in status["checks"]


async def test_what_is_not_a_file_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'bge-reranker' is not a file"):
        await _status(tmp_path, "bge-reranker")
