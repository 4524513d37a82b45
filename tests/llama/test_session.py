"""A session with worker processes that misbehave."""

from __future__ import annotations

import sys
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from sidecar.errors import ModelUnavailableError
from sidecar.llama.process import LlamaProcess
from sidecar.llama.session import Counters, Session
from sidecar.worker import Worker
from tests.llama.run_options import run_options

pytestmark = pytest.mark.anyio

_READ_REQUEST = "import struct, sys; sys.stdin.buffer.read(struct.unpack('>I', sys.stdin.buffer.read(4))[0]);"
_WRITE = "sys.stdout.buffer.write({output}); sys.stdout.buffer.flush(); sys.stdin.buffer.read()"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (_WRITE.format(output="b'llama_model_loader: loaded meta data'"), "wrote garbage"),
        (_WRITE.format(output="struct.pack('>I', 3) + b'abc'"), "wrote garbage"),
        (_WRITE.format(output="struct.pack('>I', 8) + struct.pack('>I', 4) + b'[1] '"), "wrote garbage"),
        (_WRITE.format(output="struct.pack('>I', 6) + struct.pack('>I', 2) + b'{}'"), "wrote garbage"),
        ("sys.exit(7)", "ended: exit code 7"),
        ("import os; os.abort()", "ended: "),
        ("sys.stdin.buffer.read()", r"did not answer within 0\.5 s"),
    ],
)
async def test_a_process_that_misbehaves_ends_its_requests_and_itself(program: str, reason: str) -> None:
    worker = await Worker.start([sys.executable, "-c", _READ_REQUEST + program], name="model")
    session = Session(worker, Counters())
    try:
        deadline = 0.5 if "0\\.5" in reason else 20.0
        with anyio.fail_after(20), pytest.raises(ModelUnavailableError, match=reason):
            async for _ in session.ask({"op": "load"}, deadline=deadline):
                pass
        assert not session.alive
        with pytest.raises(ModelUnavailableError, match=reason):
            await anext(session.ask({"op": "load"}, deadline=deadline))
    finally:
        await session.stop()
    assert not worker.alive


async def test_how_fast_an_answer_is_written_is_told_of_one_choice(tiny_chat_gguf: Path) -> None:
    ends = []
    for options in ({}, {"n": 4}):
        process = LlamaProcess(tiny_chat_gguf, mode="chat", options=run_options())
        asked = {"max_tokens": 40, "logit_bias": {"260": -1000, "258": -1000}, **options}
        async with aclosing(process.generate([{"role": "user", "content": "Hello."}], asked)) as events:
            ends.append([event async for event in events][-1])
        await process.aclose()
    assert [(end["generated_tokens"], end["written_tokens"]) for end in ends] == [(40, 40), (160, 40)]
