"""How likely the tokens of a GGUF model's answer were."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import pytest

from sidecar.inference.model import Delta
from tests.inference.asking import asked, opened
from tests.models.chatml import CHATML

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Hello there."}]
PROMPT = "<|im_start|>user\nHello there.<|im_end|>\n<|im_start|>assistant\n"


def _entries(deltas: list[Delta]) -> list[dict[str, Any]]:
    return [entry for delta in deltas if delta.logprobs for entry in delta.logprobs["content"]]


def _bytes(entries: list[dict[str, Any]]) -> bytes:
    return b"".join(bytes(entry["bytes"]) for entry in entries)


# In a process of its own, as everywhere: native code that fails would take all tests with it.
_DIRECT = """
import json, sys, llama_cpp
direct = llama_cpp.Llama(sys.argv[1], n_ctx=512, n_threads=1, logits_all=True, verbose=False)
prompt = direct.tokenize(sys.argv[2].encode(), add_bos=False, special=True)
direct.eval(prompt)
print(json.dumps(direct.scores[len(prompt) - 1].tolist()))
"""


def _logits(path: Path) -> np.ndarray:
    """What llama-cpp-python itself gives for the token behind the prompt."""
    command = [sys.executable, "-c", _DIRECT, str(path), PROMPT]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    return np.asarray(json.loads(told), dtype=np.float64)


async def test_nothing_is_described_unasked(tiny_chat_gguf: Path) -> None:
    async with opened(tiny_chat_gguf) as model:
        for options in ({}, {"logprobs": False}, {"top_logprobs": 3}):
            assert all(delta.logprobs is None for delta in await asked(model, HELLO, max_tokens=3, **options))


async def test_logprobs_are_those_of_the_models_own_distribution(tiny_chat_gguf: Path) -> None:
    logits = await anyio.to_thread.run_sync(_logits, tiny_chat_gguf)
    expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    async with opened(tiny_chat_gguf) as model:
        for options in ({}, {"temperature": 0}, {"temperature": 2, "logit_bias": {"97": 50}, "presence_penalty": 1}):
            entry, *_ = _entries(
                await asked(model, HELLO, logprobs=True, top_logprobs=5, max_tokens=4, seed=1, **options)
            )
            top = [each["logprob"] for each in entry["top_logprobs"]]
            assert top == pytest.approx(sorted(expected, reverse=True)[:5], abs=1e-3)
            assert min(abs(entry["logprob"] - expected)) < 1e-3
            if options.get("temperature") == 0:
                assert entry == {**entry["top_logprobs"][0], "top_logprobs": entry["top_logprobs"]}
            if "logit_bias" in options:
                assert (entry["token"], entry["bytes"]) == ("a", [97])
                assert entry["logprob"] == pytest.approx(expected[97], abs=1e-3)


@pytest.mark.parametrize("top", [0, 1, 20])
async def test_as_many_alternatives_are_given_as_were_asked_for(tiny_chat_gguf: Path, top: int) -> None:
    async with opened(tiny_chat_gguf) as model:
        for entry in _entries(await asked(model, HELLO, logprobs=True, top_logprobs=top, max_tokens=20, seed=1)):
            assert len(entry["top_logprobs"]) == top
            assert set(entry) == {"token", "logprob", "bytes", "top_logprobs"}
            assert math.isfinite(entry["logprob"])


async def test_each_piece_comes_with_its_own_tokens(parrots: Callable[..., Path]) -> None:
    async with opened(parrots("Grüße — né, 山荘の門.")) as model:
        deltas = await asked(model, HELLO, logprobs=True, temperature=1.5)
    assert _bytes(_entries(deltas)) == "Grüße — né, 山荘の門.".encode()
    for end in range(len(deltas)):
        # A piece ends where a character does; its last token may have begun the next one.
        so_far = "".join(delta.content for delta in deltas[:end]).encode()
        assert _bytes(_entries(deltas[:end]))[: len(so_far)] == so_far
        assert len(_bytes(_entries(deltas[:end]))) < len(so_far) + 4
    assert any("\ufffd" in entry["token"] for entry in _entries(deltas))


async def test_the_tokens_of_thoughts_calls_and_stop_strings_are_left_out(parrots: Callable[..., Path]) -> None:
    script = '<think>hm</think>Now then: <tool_call>{"name": "clock", "arguments": {}}</tool_call>'
    template = CHATML + "{% if tools %}{# <tool_call> <think></think> #}{% endif %}"
    tools = [{"type": "function", "function": {"name": "clock"}}]
    async with opened(parrots(script, chat_template=template, controls=("</think>", "<tool_call>"))) as model:
        called = await asked(model, HELLO, tools=tools, logprobs=True)
        assert _bytes(_entries(called)).strip() == b"Now then:"
        assert called[-1].finish_reason == "tool_calls"
        stopped = await asked(model, HELLO, logprobs=True, stop="w t")
        assert _bytes(_entries(stopped)) == b"No"
