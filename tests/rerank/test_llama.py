"""Relevance from GGUF cross-encoders and judges through llama.cpp."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from sidecar.errors import ModelUnavailableError
from sidecar.llama.gguf import read_gguf
from sidecar.rerank.llama import LlamaRerankModel
from tests.llama.run_options import run_options
from tests.llama.waiting import until

pytestmark = pytest.mark.anyio

QUERY = "what is the gate code?"
TEXTS = ["the gate code is 4471", "boots and a lamp", "", "x" * 5000, "漢字, नमस्ते, \x00 and \ud800 🙂"]
NEAR = 2e-3
"""Batches of another make-up round differently."""


@asynccontextmanager
async def _model(path: Path, **options: Any) -> AsyncGenerator[LlamaRerankModel]:
    model = LlamaRerankModel(path, options=run_options(**options))
    try:
        yield model
    finally:
        await model.aclose()


async def _scores(path: Path, query: str = QUERY, texts: list[str] = TEXTS, **options: Any) -> list[float]:
    async with _model(path, **options) as model:
        return await model.scores(query, texts)


@pytest.fixture(params=["tiny_rank_gguf", "tiny_judge_gguf"])
def ranking(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


async def test_texts_get_different_scores_that_repeat(ranking: Path) -> None:
    async with _model(ranking) as model:
        await model.check()
        scores = await model.scores(QUERY, TEXTS)
        assert await model.scores(QUERY, TEXTS) == scores
        other = await model.scores("boots", TEXTS)
    assert all(0 < score < 1 for score in scores)
    assert len({round(score, 4) for score in scores}) == len(TEXTS)
    assert max(abs(new - old) for new, old in zip(other, scores, strict=True)) > 10 * NEAR


async def test_fifty_texts_get_the_scores_of_single_ones_in_order(ranking: Path) -> None:
    texts = [f"note {number} of the cabin " * (number % 7) for number in range(50)]
    async with _model(ranking) as model:
        scores = await model.scores(QUERY, texts)
        for number in (0, 1, 17, 49):
            (alone,) = await model.scores(QUERY, [texts[number]])
            assert scores[number] == pytest.approx(alone, abs=NEAR)
    assert len(scores) == 50


async def test_many_texts_do_not_hold_up_a_question_asked_meanwhile(tiny_rank_gguf: Path) -> None:
    done: list[str] = []

    async def ask(name: str, texts: list[str]) -> None:
        assert len(await model.scores(QUERY, texts)) == len(texts)
        done.append(name)

    async with _model(tiny_rank_gguf) as model:
        await model.scores(QUERY, ["ok"])
        await asyncio.gather(ask("many", ["x" * 400] * 200), ask("one", ["y"]))
    assert done == ["one", "many"]


@pytest.mark.parametrize("length", [600, 5000, 1_000_000])
async def test_a_text_or_query_beyond_the_limit_is_cut_not_fatal(ranking: Path, length: int) -> None:
    async with _model(ranking) as model:
        limit = await model.process.context_length()
        pid = None
        for query, text in ((QUERY, "x" * length), ("x" * length, "ok"), ("x" * length, "[" * length)):
            (score,) = await model.scores(query, [text])
            (cut,) = await model.scores(query[: 2 * limit], [text[: 2 * limit]])
            assert score == pytest.approx(cut, abs=NEAR)
            pid = pid or model.process.pid
        assert model.process.pid == pid


async def test_a_model_with_a_small_position_table_is_never_given_more(tmp_path: Path) -> None:
    from tests.models import tiny_bert

    path = tiny_bert.build(tmp_path / "model.gguf", pooling="rank", context_length=32)
    assert len(await _scores(path, context_length=4096)) == len(TEXTS)


async def test_no_texts_start_nothing(tiny_rank_gguf: Path) -> None:
    async with _model(tiny_rank_gguf) as model:
        assert await model.scores(QUERY, []) == []
        assert model.process.pid is None


@pytest.mark.parametrize("table", ["single", "half", "brain_floats", "eight_bits"])
async def test_a_cross_encoder_is_told_the_two_segments(tmp_path: Path, table: str) -> None:
    from tests.models import gguf_parts, tiny_bert
    from tests.rerank.bert import bert_scores

    store: gguf_parts.Table = getattr(gguf_parts, table)
    path = tiny_bert.build(tmp_path / "model.gguf", pooling="rank", segment_scale=0.5, table=store)
    texts = ["the gate code", "boots and a lamp!", ""]
    scores = await _scores(path, "gate code", texts)
    np.testing.assert_allclose(scores, bert_scores(path, "gate code", texts, segments=True), atol=5e-3)
    one_segment = bert_scores(path, "gate code", texts, segments=False)
    assert np.abs(one_segment - np.array(scores)).max() > 0.03


@pytest.mark.parametrize(
    "options",
    [
        {"pooling": None, "head": "pooled", "segments": 1, "tokenizer": "t5"},
        {"pooling": None, "head": "direct"},
        {"pooling": "rank", "head": "direct", "outputs": 3, "labels": ("yes", "perhaps", "no")},
        {"pooling": "rank", "segments": 1},
    ],
    ids=["like XLM-R, pooling not told", "no dense layer", "the first of three outputs", "one segment"],
)
async def test_heads_and_vocabularies_of_other_families_are_read(tmp_path: Path, options: dict[str, Any]) -> None:
    from tests.models import tiny_bert

    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    path = tiny_bert.build(tmp_path / "model.gguf", **options)
    assert read_gguf(path).kind == "rerank"
    scores = await _scores(path)
    assert len({round(score, 4) for score in scores}) == len(TEXTS)
    assert all(0 < score < 1 for score in scores)


async def test_models_that_cannot_rank_are_refused_before_a_process_starts(
    tmp_path: Path, tiny_bert_gguf: Path, tiny_chat_gguf: Path
) -> None:
    from tests.models import tiny_bert, tiny_judge

    labels = ("a", "b")
    refused = {
        tmp_path / "missing.gguf": "does not exist",
        tiny_bert_gguf: "is an embedding model; a reranking model is needed",
        tiny_chat_gguf: "is a chat model; a reranking model is needed",
        tiny_bert.build(tmp_path / "1.gguf", pooling="rank", head="none"): "no classification head",
        tiny_bert.build(tmp_path / "2.gguf", pooling="rank", labels=labels): "has 1 outputs where the header names 2",
        tiny_judge.build(tmp_path / "3.gguf", template=None): "no rerank template",
        tiny_judge.build(tmp_path / "4.gguf", template="{query}"): "no rerank template",
        tiny_judge.build(tmp_path / "5.gguf", labels=()): "one output",
        tiny_judge.build(tmp_path / "6.gguf", architecture="llama"): "first token of a causal model",
        tiny_judge.build(tmp_path / "7.gguf", head=False): "no classification head",
    }
    for path, reason in refused.items():
        async with _model(path) as model:
            with pytest.raises(ModelUnavailableError, match=reason) as caught:
                await model.check()
            assert caught.value.hint
            with pytest.raises(ModelUnavailableError, match=reason):
                await model.scores(QUERY, ["text"])
            assert model.process.pid is None


async def test_a_damaged_head_is_an_error_and_not_a_score(tmp_path: Path, tiny_rank_gguf: Path) -> None:
    model = read_gguf(tiny_rank_gguf)
    assert model.head is not None
    content = bytearray(tiny_rank_gguf.read_bytes())
    first = model.header_size + model.head.offset
    content[first : first + 4] = np.float32(np.nan).tobytes()
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailableError, match="not numbers"):
        await _scores(path)


async def test_an_idle_model_is_unloaded_and_loaded_again(tiny_rank_gguf: Path) -> None:
    async with _model(tiny_rank_gguf, keep_alive=0.05) as model:
        first = await model.scores(QUERY, TEXTS)
        pid = model.process.pid
        assert pid is not None
        await until(lambda: not psutil.pid_exists(pid))
        assert await model.scores(QUERY, TEXTS) == first


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("deaths", [1, 2])
async def test_a_killed_process_is_replaced_once_and_then_an_error(tiny_judge_gguf: Path, deaths: int) -> None:
    async with _model(tiny_judge_gguf) as model:
        one = await model.scores(QUERY, ["y" * 5000])
        pid = model.process.pid
        assert pid is not None
        at_work = psutil.Process(pid).cpu_times().user + 0.4
        # Where nothing is waited for, so much that it cannot be done before the last kill, however late that comes.
        under_way = asyncio.create_task(model.scores(QUERY, ["y" * 5000] * (60 if deaths == 1 else 2000)))
        for _ in range(deaths):
            await until(lambda: _busy(model.process.pid, at_work))
            killed = model.process.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            await until(partial(_gone, killed))
        if deaths == 1:
            assert max(abs(score - one[0]) for score in await under_way) < NEAR
            assert model.process.pid != pid
        else:
            with pytest.raises(ModelUnavailableError, match="ended: signal SIGKILL"):
                await under_way


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def _busy(pid: int | None, seconds: float) -> bool:
    with suppress(psutil.NoSuchProcess):
        return pid is not None and psutil.Process(pid).cpu_times().user > seconds
    return False


async def test_a_query_given_up_stops_its_work_and_nothing_else(tiny_judge_gguf: Path) -> None:
    async with _model(tiny_judge_gguf) as model:
        first = await model.scores(QUERY, TEXTS)
        pid = model.process.pid
        assert pid is not None
        cpu = psutil.Process(pid).cpu_times().user
        given_up = asyncio.create_task(model.scores(QUERY, ["y" * 5000] * 400))
        await until(lambda: psutil.Process(pid).cpu_times().user > cpu + 0.2)
        waiting = asyncio.create_task(model.scores(QUERY, TEXTS))
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert await waiting == first
        assert model.process.cancelled_count == 1
        assert model.process.pid == pid
