"""Model files and requests that end a process which calls llama.cpp carelessly, and processes that die or hang.

The list of what aborts was measured on llama-cpp-python 0.3.36; each line of it has a test here or is named with the
test that holds it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import psutil
import pytest

from sidecar.errors import ContextLengthError, ModelUnavailableError, RequestError, SidecarError
from sidecar.llama.process import LlamaProcess
from sidecar.llama.settings import Mode
from tests.llama.model_processes import model_processes
from tests.llama.run_options import run_options
from tests.llama.waiting import until
from tests.models import tiny_bert, tiny_chat

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Hello there."}]
NO_END = {"260": -1000.0, "258": -1000.0}
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@asynccontextmanager
async def _process(path: Path, *, mode: Mode = "chat", **options: Any) -> AsyncGenerator[LlamaProcess]:
    process = LlamaProcess(path, mode=mode, options=run_options(**options))
    try:
        yield process
    finally:
        await process.aclose()


async def _answer(process: LlamaProcess, text: str = "Hello there.", **options: Any) -> int:
    """Tokens of an answer."""
    messages = [{"role": "user", "content": text}]
    async with aclosing(process.generate(messages, {"max_tokens": 5, "logit_bias": NO_END, **options})) as events:
        async for event in events:
            if event["event"] == "end":
                return int(event["generated_tokens"])
    raise AssertionError("no end")


# ── processes that die or hang ──


def _worker() -> int:
    return next(child.pid for child in model_processes())


@unix_only
@pytest.mark.parametrize("when", ["load", "prompt", "answer"])
@pytest.mark.parametrize(("number", "reason"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSTOP, "did not answer within")])
async def test_a_worker_that_dies_or_hangs_is_told_and_replaced(
    slow_chat_gguf: Path, when: str, number: signal.Signals, reason: str
) -> None:
    async with _process(slow_chat_gguf, answer_deadline=4.0, load_deadline=12.0) as process:
        if when != "load":
            await _answer(process)
        request = _answer(process, "word " * (1500 if when == "prompt" else 1), max_tokens=4000)
        asking = asyncio.create_task(request)
        await until(lambda: process.starting or process.running)
        if when == "load":
            await until(lambda: bool(model_processes()))
        else:
            before = psutil.Process(_worker()).cpu_times().user
            await until(lambda: psutil.Process(_worker()).cpu_times().user > before + 0.1)
        os.kill(_worker(), number)
        with anyio.fail_after(30), pytest.raises(ModelUnavailableError, match=reason):
            await asking
        assert await _answer(process) == 5


@unix_only
async def test_a_file_cut_short_while_it_is_mapped_ends_the_worker_alone(tmp_path: Path) -> None:
    path = tiny_chat.build(tmp_path / "cut.gguf", layers=24, width=256, feed_forward=1024)
    whole = path.read_bytes()
    async with _process(path, answer_deadline=10.0) as process:
        await _answer(process)
        os.truncate(path, 4096)
        with pytest.raises(ModelUnavailableError, match=r"SIGBUS|cut off|SIGSEGV"):
            await _answer(process, "word " * 200, max_tokens=50)
        # Now the file itself is looked at, and says what is wrong.
        with pytest.raises(ModelUnavailableError, match="cut off"):
            await _answer(process)
        path.write_bytes(whole)
        assert await _answer(process) == 5


# ── damaged files ──


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
async def test_a_truncated_file_is_refused_before_it_is_mapped(
    tmp_path: Path, tiny_chat_gguf: Path, share: float
) -> None:
    path = tmp_path / "cut.gguf"
    content = tiny_chat_gguf.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    async with _process(path) as process:
        with pytest.raises(ModelUnavailableError, match="cut off"):
            await _answer(process)
        assert not process.running


@pytest.mark.parametrize("seed", range(6))
async def test_flipped_bits_cost_an_answer_or_nothing(tmp_path: Path, tiny_chat_gguf: Path, seed: int) -> None:
    content = bytearray(tiny_chat_gguf.read_bytes())
    chance = random.Random(seed)
    for _ in range(40):
        content[chance.randrange(24, len(content))] ^= 1 << chance.randrange(8)
    path = tmp_path / "flipped.gguf"
    path.write_bytes(content)
    await _survives(path, "chat")


async def test_weights_that_are_not_numbers_cost_an_answer_or_nothing(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    content = bytearray(tiny_chat_gguf.read_bytes())
    for at in range(len(content) - 4096, len(content) - 4, 4):
        content[at : at + 4] = np.float32("nan").tobytes()
    path = tmp_path / "nan.gguf"
    path.write_bytes(content)
    await _survives(path, "chat")


@pytest.mark.parametrize("seed", range(3))
async def test_flipped_bits_in_an_embedding_model_give_numbers_or_an_error(
    tmp_path: Path, tiny_bert_gguf: Path, seed: int
) -> None:
    content = bytearray(tiny_bert_gguf.read_bytes())
    chance = random.Random(seed)
    for _ in range(40):
        content[chance.randrange(len(content) // 4, len(content))] ^= 1 << chance.randrange(8)
    path = tmp_path / "flipped.gguf"
    path.write_bytes(content)
    async with _process(path, mode="embedding", answer_deadline=10.0) as process:
        with suppress(SidecarError):
            vectors, _ = await process.embed(["the gate code", "boots"])
            assert np.isfinite(vectors).all()


async def _survives(path: Path, mode: Mode) -> None:
    """Whatever the file does to its worker, this process is told in an error of ours."""
    async with _process(path, mode=mode, answer_deadline=10.0) as process:
        for options in ({}, {"temperature": 0}, {"response_format": {"type": "json_object"}}):
            with suppress(SidecarError):
                assert 0 <= await _answer(process, **options) <= 5


# ── what aborts llama.cpp ──


@pytest.mark.parametrize("letter", ["a", " ", "!", "日"])
async def test_a_long_word_does_not_run_a_tokenizer_out_of_stack(tmp_path: Path, letter: str) -> None:
    path = tiny_chat.build(tmp_path / "tekken.gguf", pre_tokenizer="tekken")
    long = letter * 100_000
    async with _process(path) as process:
        await _answer(process)
        pid = process.pid
        assert await process.count_tokens(long) == len(long.encode())
        around = await process.tokenize(f"{long}<|im_end|>", add_special=True, parse_special=True)
        beginning = await process.tokenize("", add_special=True, parse_special=True)
        assert around[: len(beginning)] == beginning
        assert (len(around), around[-1]) == (len(beginning) + len(long.encode()) + 1, 260)
        with pytest.raises(ContextLengthError):
            await _answer(process, long)
        assert await _answer(process) == 5
        assert process.pid == pid


async def test_an_unknown_kind_of_pooling_is_read_as_none(tmp_path: Path) -> None:
    path = tiny_bert.build(tmp_path / "odd.gguf")
    content = path.read_bytes()
    key = b"bert.pooling_type"
    at = content.index(key) + len(key) + 4
    path.write_bytes(content[:at] + (77).to_bytes(4, "little") + content[at + 4 :])
    async with _process(path, mode="embedding") as process:
        with suppress(ModelUnavailableError):
            vectors, _ = await process.embed(["boots"])
            assert np.linalg.norm(vectors[0]) == pytest.approx(1.0, abs=1e-3)


async def test_a_context_of_a_hundred_million_tokens_is_brought_down_to_the_model_s(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf, context_length=100_000_000) as process:
        assert await process.context_length() == 4096
        assert await _answer(process) == 5


async def test_no_text_is_longer_than_the_batch_or_the_table_of_positions(tmp_path: Path) -> None:
    path = tiny_bert.build(tmp_path / "short.gguf", context_length=64)
    async with _process(path, mode="embedding") as process:
        _, counts = await process.embed(["word " * 5000, "", "x" * 100_000])
        assert max(counts) <= 64
        pid = process.pid
        await process.embed(["again"])
        assert process.pid == pid


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda process: _answer(process, "word " * 5000), ContextLengthError),
        (lambda process: process.detokenize([-1]), RequestError),
        (lambda process: process.detokenize([10**9]), RequestError),
    ],
    ids=["a prompt longer than the context", "a token below the vocabulary", "a token beyond the vocabulary"],
)
async def test_what_llama_cpp_must_not_be_given_is_refused(
    tiny_chat_gguf: Path, call: Callable[[LlamaProcess], Any], error: type[SidecarError]
) -> None:
    async with _process(tiny_chat_gguf) as process:
        await _answer(process)
        pid = process.pid
        with pytest.raises(error):
            await call(process)
        assert await _answer(process, "", logit_bias={"99999999": 50, "-5": 50}) <= 5
        assert process.pid == pid


def _nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def _forked(depth: int) -> dict[str, Any]:
    """Two alternatives alike, each of which holds two alternatives alike: 16 million ways to begin an answer."""
    definitions: dict[str, Any] = {"d0": {"type": "integer"}}
    for level in range(depth):
        part = {"type": "object", "properties": {"a": {"$ref": f"#/$defs/d{level}"}}, "required": ["a"]}
        definitions[f"d{level + 1}"] = {"anyOf": [part, {**part, "description": "the other one"}]}
    return {"$defs": definitions, "$ref": f"#/$defs/d{depth}"}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "string", "pattern": "(((((("},
        {"type": "string", "pattern": "[z-a]{1000000}"},
        {"type": "string", "minLength": 10**9},
        _nested(900),
        _forked(24),
        {"type": "array", "items": {"type": "array", "items": {"$ref": "#"}}, "minItems": 10**6},
    ],
)
async def test_no_schema_becomes_a_grammar_that_ends_the_process(tiny_chat_gguf: Path, schema: dict[str, Any]) -> None:
    async with _process(tiny_chat_gguf, answer_deadline=10.0) as process:
        await _answer(process)
        pid = process.pid
        response_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        with suppress(SidecarError):
            await _answer(process, response_format=response_format, max_tokens=40)
        assert await _answer(process) == 5
        assert process.pid == pid


async def test_a_closed_model_answers_with_an_error(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf) as process:
        await _answer(process)
        await process.aclose()
        for call in (
            _answer(process),
            process.count_tokens("x"),
            process.tokenize("x", add_special=True, parse_special=True),
        ):
            with pytest.raises(ModelUnavailableError, match="closed"):
                await call
