"""The life of a model's worker process: started on demand, stopped when idle, replaced when it dies."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from sidecar.errors import ContextLengthError, ModelUnavailableError, OverloadedError
from sidecar.llama.frames import Header
from sidecar.llama.process import MAX_WAITING, LlamaProcess
from sidecar.llama.session import Session
from sidecar.llama.settings import Mode
from tests.llama.model_processes import model_processes
from tests.llama.run_options import run_options
from tests.llama.waiting import until

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Hello there."}]
ENDLESS = {"logit_bias": {"260": -1000.0}, "seed": 1}
"""The tiny model's end token never wins."""
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def _process(path: Path, *, mode: Mode = "chat", **options: Any) -> AsyncGenerator[LlamaProcess]:
    process = LlamaProcess(path, mode=mode, options=run_options(**options))
    try:
        yield process
    finally:
        await process.aclose()
        assert not process.running


async def _answer(process: LlamaProcess, **options: Any) -> tuple[str, Header]:
    text = ""
    async with aclosing(process.generate(HELLO, {"max_tokens": 5, "seed": 1, **options})) as events:
        async for event in events:
            if event["event"] == "end":
                return text, event
            text += event["text"]
    raise AssertionError("no end")


def _kill(process: LlamaProcess, number: int) -> None:
    assert process.pid is not None
    os.kill(process.pid, number)


async def test_nothing_runs_before_the_first_request_and_nothing_after_closing(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf) as process:
        assert await process.context_length() == 4096
        running = [process.running]
        await _answer(process)
        assert [*running, process.running] == [False, True]
        assert process.pid is not None
        child = psutil.Process(process.pid)
        await process.aclose()
        await process.aclose()
        assert not child.is_running()
        with pytest.raises(ModelUnavailableError, match="closed"):
            await _answer(process)


async def test_an_idle_process_is_stopped_and_started_again_when_needed(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf, keep_alive=0.05) as process:
        first, _ = await _answer(process)
        pid = process.pid
        assert pid is not None
        await until(lambda: not psutil.pid_exists(pid))
        assert not process.running
        again, _ = await _answer(process)
        assert again == first


async def test_a_process_in_use_is_not_idle(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, keep_alive=0.01) as process:
        _, end = await _answer(process, max_tokens=40)
        assert end["generated_tokens"] == 40


async def test_requests_are_answered_in_order_of_arrival(tiny_chat_gguf: Path) -> None:
    done: list[int] = []

    async def ask(number: int) -> None:
        await _answer(process, max_tokens=20)
        done.append(number)

    async with _process(tiny_chat_gguf, parallel=1) as process, anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(ask, number)
    assert done == list(range(8))


async def test_too_many_waiting_requests_are_sent_away_at_once(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, parallel=1) as process:
        async with aclosing(process.generate(HELLO, {**ENDLESS})) as running:
            await anext(running)
            waiting = [asyncio.create_task(_answer(process)) for _ in range(MAX_WAITING)]
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError) as caught:
                await _answer(process)
            assert caught.value.retry_after > 0
            for task in waiting[1:]:
                task.cancel()
        _, end = await waiting[0]
        assert end["generated_tokens"] == 5
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_tokens_are_counted_while_an_answer_is_under_way(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf) as process, aclosing(process.generate(HELLO, {**ENDLESS})) as events:
        await anext(events)
        assert await process.count_tokens("Höllo<|im_end|>") == len("Höllo<|im_end|>".encode())


@pytest.mark.parametrize("cut", [0, 10, 5000, 200_000])
async def test_a_damaged_file_is_refused_without_starting_a_process(
    tiny_chat_gguf: Path, tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_chat_gguf.read_bytes()[:cut])
    async with _process(path) as process:
        for _ in range(2):
            with pytest.raises(ModelUnavailableError, match=r"model\.gguf is"):
                await _answer(process)
        assert process.pid is None
        path.write_bytes(tiny_chat_gguf.read_bytes())
        await _answer(process)


async def test_a_model_of_the_wrong_kind_is_refused(tiny_bert_gguf: Path, tiny_chat_gguf: Path) -> None:
    async with _process(tiny_bert_gguf) as process:
        with pytest.raises(ModelUnavailableError, match="is an embedding model; a chat model is needed"):
            await _answer(process)
    async with _process(tiny_chat_gguf, mode="embedding") as process:
        with pytest.raises(ModelUnavailableError, match="is a chat model; an embedding model is needed"):
            await process.embed(["a"])


async def test_an_architecture_unknown_to_llama_cpp_is_refused_with_its_reason(
    tmp_path: Path, copybot_gguf: Path
) -> None:
    from tests.models import tiny_chat

    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    path = tiny_chat.build(tmp_path / "model.gguf", architecture="lamma")
    async with _process(path) as process:
        with pytest.raises(ModelUnavailableError, match="unknown model architecture: 'lamma'"):
            await _answer(process)
        assert not process.running


async def test_a_model_that_does_not_fit_in_memory_is_refused_with_the_numbers(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf, available=1024 * 1024) as process:
        with pytest.raises(ModelUnavailableError, match=r"needs about \d+ MiB .* 4,096 tokens, .*, but 1 MiB are free"):
            await _answer(process)
        assert process.pid is None


async def test_what_a_model_takes_is_kept_free_for_it_before_and_after_it_is_loaded(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf) as process:
        assert process.needed == 0
        await process.context_length()
        assert process.tuning is not None
        memory = process.tuning.memory
        assert process.needed == memory.in_ram
        await _answer(process)
        # Linux counts the pages of a mapped file as available, although they are read for every token.
        assert process.needed == (memory.mapped if sys.platform == "linux" else 0)


async def test_without_llama_cpp_python_the_hint_says_what_to_do(
    tiny_chat_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    async with _process(tiny_chat_gguf) as process:
        with pytest.raises(ModelUnavailableError, match="llama-cpp-python is not installed") as caught:
            await _answer(process)
        assert caught.value.hint is not None
        assert "--upstream" in caught.value.hint


async def test_a_prompt_that_does_not_fit_is_refused_before_any_work(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf, context_length=256) as process:
        long = [{"role": "user", "content": "x" * 300}]
        with pytest.raises(ContextLengthError) as caught:
            await anext(process.generate(long, {}))
        prompt = len("<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n") + 300 - 2 * 11 - 9
        assert (caught.value.needed, caught.value.available) == (prompt + 1, 256)
        assert process.evaluated_tokens == 0
        await _answer(process)


async def test_closing_an_answer_stops_the_work_and_frees_the_turn(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf) as process:
        events = process.generate(HELLO, {**ENDLESS, "max_tokens": 8000})
        await anext(events)
        await anext(events)
        await events.aclose()
        await _answer(process)
        await until(lambda: process.cancelled_count == 1)
        assert process.generated_tokens < 100


async def test_a_prefill_is_stopped_in_the_middle(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf) as process:
        await _answer(process)
        assert process.pid is not None
        child = psutil.Process(process.pid)
        before, evaluated = child.cpu_times().user, process.evaluated_tokens
        events = process.generate([{"role": "user", "content": "word " * 1500}], {})
        first = asyncio.create_task(anext(events))
        await until(lambda: child.cpu_times().user > before + 0.2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await until(lambda: process.cancelled_count == 1, within=5)
        assert process.evaluated_tokens - evaluated < 7000
        await _answer(process)


async def test_a_task_cancelled_by_its_group_stops_the_work_too(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf) as process:
        async with anyio.create_task_group() as group:
            events = process.generate(HELLO, {**ENDLESS, "max_tokens": 8000})

            async def consume() -> None:
                async with aclosing(events):
                    async for _ in events:
                        group.cancel_scope.cancel()

            group.start_soon(consume)
        await until(lambda: process.cancelled_count == 1)


@unix_only
async def test_a_killed_process_ends_the_answer_with_its_signal_and_the_next_request_is_served(
    slow_chat_gguf: Path,
) -> None:
    async with _process(slow_chat_gguf) as process:
        events = process.generate(HELLO, {**ENDLESS})
        await anext(events)
        _kill(process, signal.SIGKILL)
        with anyio.fail_after(2), pytest.raises(ModelUnavailableError, match="ended: signal SIGKILL") as caught:
            async for _ in events:
                pass
        assert caught.value.hint is not None
        assert "memory ran out" in caught.value.hint
        _, end = await _answer(process)
        assert end["generated_tokens"] == 5


@unix_only
async def test_a_process_killed_while_loading_is_reported_and_replaced(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf) as process:
        first = asyncio.create_task(_answer(process))
        await until(lambda: bool(model_processes()))
        for child in model_processes():
            child.kill()
        with pytest.raises(ModelUnavailableError, match="ended: signal SIGKILL"):
            await first
        await _answer(process)


@unix_only
async def test_a_process_killed_while_idle_is_replaced(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf) as process:
        first, _ = await _answer(process)
        _kill(process, signal.SIGKILL)
        await until(lambda: not process.running)
        again, _ = await _answer(process)
        assert again == first


@unix_only
async def test_a_request_right_after_the_process_was_killed_is_served(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf) as process:
        first, _ = await _answer(process)
        for _ in range(5):
            _kill(process, signal.SIGKILL)
            assert (await _answer(process))[0] == first
            assert await process.count_tokens("hello") > 0


@unix_only
async def test_a_process_that_keeps_dying_is_given_rest(slow_chat_gguf: Path) -> None:
    clock = _Clock()
    async with _process(slow_chat_gguf, clock=clock) as process:
        for rest in (0.0, 1.0, 2.0, 4.0):
            events = process.generate(HELLO, {**ENDLESS})
            await anext(events)
            _kill(process, signal.SIGKILL)
            with pytest.raises(ModelUnavailableError, match="SIGKILL"):
                async for _ in events:
                    pass
            if rest:
                with pytest.raises(ModelUnavailableError, match="SIGKILL") as caught:
                    await _answer(process)
                assert caught.value.retry_after == rest
                clock.now += rest
        await _answer(process)


@unix_only
async def test_one_death_counts_once_however_many_answers_it_ends(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, clock=_Clock()) as process:
        # With a seed one would wait for the other.
        answers = [process.generate(HELLO, {"logit_bias": ENDLESS["logit_bias"]}) for _ in range(3)]
        for events in answers:
            await anext(events)
        _kill(process, signal.SIGKILL)
        for events in answers:
            with pytest.raises(ModelUnavailableError, match="SIGKILL"):
                async for _ in events:
                    pass
        # A second death without a success between would be given rest.
        await _answer(process)


async def test_one_that_waits_for_its_turn_longer_than_a_hang_lasts_is_none(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, answer_deadline=2.0) as process:
        first = process.generate(HELLO, {**ENDLESS})
        await anext(first)
        begun = asyncio.get_running_loop().time()
        waiting = asyncio.create_task(_answer(process, seed=2))
        # The first is sent something all the time, and the second nothing of its own.
        async for _ in first:
            if asyncio.get_running_loop().time() - begun > 5.0:
                break
        assert not waiting.done()
        await first.aclose()
        with anyio.fail_after(20):
            await waiting


@unix_only
async def test_a_hung_process_is_stopped_and_replaced(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, answer_deadline=2.0) as process:
        events = process.generate(HELLO, {**ENDLESS})
        await anext(events)
        _kill(process, signal.SIGSTOP)
        with anyio.fail_after(10), pytest.raises(ModelUnavailableError, match="did not answer within 2 s"):
            async for _ in events:
                pass
        await _answer(process)


@unix_only
async def test_a_hung_process_that_does_not_even_read_a_request_is_replaced(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf, answer_deadline=1.0) as process:
        await _answer(process)
        _kill(process, signal.SIGSTOP)
        # More than a pipe and the buffer before it hold.
        with anyio.fail_after(15):
            assert await process.count_tokens("word " * 100_000) == 500_000


async def test_a_long_prefill_is_not_taken_for_a_hang(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, answer_deadline=1.5) as process:
        events = process.generate([{"role": "user", "content": "word " * 250}], {"max_tokens": 1, "seed": 1})
        async with aclosing(events):
            replies = [event async for event in events]
        assert replies[-1]["evaluated_tokens"] > 1250


async def test_a_request_behind_a_long_prompt_is_not_taken_for_hung(slow_chat_gguf: Path) -> None:
    async with _process(slow_chat_gguf, answer_deadline=1.5, parallel=1) as process:
        long = process.generate([{"role": "user", "content": "word " * 250}], {"max_tokens": 1})
        async with aclosing(long):
            reading = asyncio.create_task(anext(long))
            await until(lambda: process.running)
            _, end = await _answer(process)
            await reading
        assert end["generated_tokens"] == 5


async def test_a_client_that_leaves_during_loading_does_not_spoil_it(tiny_chat_gguf: Path) -> None:
    async with _process(tiny_chat_gguf) as process:
        first = asyncio.create_task(_answer(process))
        await until(lambda: process.starting)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await until(lambda: process.running)
        pid = process.pid
        await _answer(process)
        assert process.pid == pid


async def test_closing_while_loading_leaves_nothing_behind(tiny_chat_gguf: Path) -> None:
    process = LlamaProcess(tiny_chat_gguf, mode="chat", options=run_options(keep_alive=math.inf))
    first = asyncio.create_task(_answer(process))
    await until(lambda: process.starting)
    await process.aclose()
    with pytest.raises(ModelUnavailableError, match="closed"):
        await first
    assert not model_processes()


class _Script:
    """Stands for a worker that says what is written and dies."""

    pid = 1

    def __init__(self, says: tuple[str, ...]) -> None:
        self.alive = True
        self._says = says

    async def ask(self, request: Header, *, deadline: float) -> AsyncGenerator[tuple[Header, bytes]]:
        for event in self._says:
            yield {"event": event}, b""
        if "end" not in self._says:
            self.alive = False
            raise ModelUnavailableError("The model process ended: signal SIGSEGV.")

    async def stop(self) -> None:
        self.alive = False


@pytest.mark.parametrize(
    ("says", "asked"),
    [((), 2), (("begun",), 1), (("begun", "waiting"), 2), (("begun", "waiting", "begun"), 1), (("begun", "delta"), 1)],
)
async def test_only_a_request_that_the_worker_was_not_busy_with_is_asked_again(
    tiny_chat_gguf: Path, monkeypatch: pytest.MonkeyPatch, says: tuple[str, ...], asked: int
) -> None:
    workers = [_Script(says), _Script(("begun", "waiting", "begun", "delta", "end"))]

    async def start(*_settings: object, **_options: object) -> _Script:
        return workers.pop(0)

    monkeypatch.setattr(Session, "start", start)
    process = LlamaProcess(tiny_chat_gguf, mode="chat", options=run_options(keep_alive=math.inf))
    events = []
    with suppress(ModelUnavailableError):
        async with aclosing(process.generate(HELLO, {})) as replies:
            events = [event["event"] async for event in replies]
    assert len(workers) == 2 - asked
    assert events == (["delta", "end"] if asked == 2 else [])
    await process.aclose()
