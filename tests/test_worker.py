"""A child process behind frames: what it says arrives whole, and however it ends, the parent learns it and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

import sidecar
from sidecar.errors import WorkerCrashedError, WorkerTimeoutError
from sidecar.worker import Worker, describe_exit
from tests.serving import until

CHILD = """
import os, sys, time
from sidecar.worker import serve_frames

def main(channel):
    for frame in channel:
        if frame == b"die":
            os.abort()
        if frame == b"leave":
            os._exit(7)
        if frame == b"hang":
            time.sleep(600)
        if frame == b"noise":
            print("a library prints to standard output")
            os.write(1, b"so does native code\\n")
            sys.stderr.write("and complains\\n")
            sys.stderr.flush()
        channel.write(frame[::-1])

serve_frames(main)
"""


@asynccontextmanager
async def started(program: str = CHILD) -> AsyncIterator[Worker]:
    worker = await Worker.start([sys.executable, "-c", program], name="test")
    try:
        yield worker
    finally:
        await worker.stop()


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
@pytest.mark.anyio
async def test_frames_of_any_size_come_back_whole(size: int) -> None:
    frame = bytes(range(256)) * (size // 256 + 1)
    async with started() as worker:
        await worker.send(frame[:size])
        assert await worker.receive(timeout=20) == frame[:size][::-1]


@pytest.mark.anyio
async def test_what_the_child_prints_does_not_break_the_frames() -> None:
    async with started() as worker:
        await worker.send(b"noise")
        assert await worker.receive(timeout=20) == b"esion"
        await worker.send(b"on")
        assert await worker.receive(timeout=20) == b"no"
        await worker.send(b"leave")
        with pytest.raises(WorkerCrashedError):
            await worker.receive(timeout=20)
        assert "and complains" in worker.stderr_tail
        assert "native code" in worker.stderr_tail


@pytest.mark.parametrize(("order", "code"), [(b"die", -signal.SIGABRT), (b"leave", 7)])
@pytest.mark.anyio
async def test_a_child_that_ends_says_how(order: bytes, code: int) -> None:
    async with started() as worker:
        await worker.send(order)
        with pytest.raises(WorkerCrashedError) as caught:
            await worker.receive(timeout=20)
        assert caught.value.exit_code == code
        assert describe_exit(code) in caught.value.message
        with pytest.raises(WorkerCrashedError):
            await worker.receive(timeout=20)


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="this system cannot be asked")
@pytest.mark.anyio
async def test_a_death_is_seen_before_the_event_loop_hears_of_it() -> None:
    async with started() as worker:
        await worker.send(b"on")
        await worker.receive(timeout=20)
        os.kill(worker.pid, signal.SIGKILL)
        # No await before the answer: the event loop has had no turn to notice.
        until(lambda: not worker.alive, seconds=5)
        with pytest.raises(WorkerCrashedError, match="SIGKILL"):
            await worker.receive(timeout=20)


@pytest.mark.anyio
async def test_a_child_that_hangs_is_killed_at_the_deadline() -> None:
    async with started() as worker:
        await worker.send(b"hang")
        with pytest.raises(WorkerTimeoutError, match=r"within 0\.2 s"):
            await worker.receive(timeout=0.2)
    assert not worker.alive


@pytest.mark.anyio
async def test_a_child_that_writes_garbage_is_stopped() -> None:
    async with started("import os; os.write(1, b'\\xff' * 64); import time; time.sleep(600)") as worker:
        with pytest.raises(WorkerCrashedError, match="garbage"):
            await worker.receive(timeout=20)


@pytest.mark.anyio
async def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(WorkerCrashedError, match="could not be started"):
        await Worker.start(["/no/such/program"], name="test")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows kills in another way")
def test_a_model_process_leaves_when_its_parent_was_killed_on_systems_without_a_death_signal(
    tiny_chat_gguf: Path,
) -> None:
    # The worker believes to be on macOS: only the pipe tells it.
    bootstrap = f"""
import runpy, sys
sys.path.append({str(Path(sidecar.__file__).parent.parent)!r})
import sidecar.worker
sidecar.worker._die_with_parent = lambda: None
runpy.run_module("sidecar.llama.worker_main", run_name="__main__")
"""
    parent = f"""
import asyncio
from pathlib import Path
from sidecar.llama import session
from sidecar.llama.process import LlamaProcess, ProcessOptions
session._BOOTSTRAP = {bootstrap!r}.replace("{{", "{{{{").replace("}}", "}}}}")
async def main():
    model = LlamaProcess(Path({str(tiny_chat_gguf)!r}), mode="chat", options=ProcessOptions())
    question = [{{"role": "user", "content": "word " * 400}}]
    async for event in model.generate(question, {{"max_tokens": 2000, "logit_bias": {{"258": -100.0}}}}):
        print(model.pid, flush=True)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no death signal of the parent")
def test_a_child_dies_with_a_parent_that_was_killed() -> None:
    parent = f"""
import asyncio, sys
from sidecar.worker import Worker
async def main():
    worker = await Worker.start([sys.executable, "-c", {CHILD!r}], name="test")
    await worker.send(b"on")
    await worker.receive(timeout=20)
    print(worker.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
