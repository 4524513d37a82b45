"""Several answers of one GGUF model at once, on the real llama.cpp."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import ModelUnavailableError
from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.model import Completion, Delta
from sidecar.llama.frames import Header
from sidecar.llama.session import Counters, Session
from sidecar.llama.settings import LoadSettings
from tests.llama.run_options import run_options
from tests.llama.waiting import until
from tests.models import tiny_chat
from tests.models.chatml import CHATML

pytestmark = pytest.mark.anyio

NO_END = {"260": -1000, "258": -1000}
NOTES = [f"The gate code for cabin {number} is {number}471-B. Bring boots." for number in range(6)]


@pytest.fixture(scope="module")
def steady_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answers take long enough to meet each other."""
    return tiny_chat.build(tmp_path_factory.mktemp("steady") / "steady.gguf", layers=24, context_length=4096)


@asynccontextmanager
async def _model(path: Path, **options: Any) -> AsyncGenerator[LlamaChatModel]:
    model = LlamaChatModel(path, options=run_options(**options))
    try:
        yield model
    finally:
        await model.aclose()


def _asking(text: str, **options: Any) -> Completion:
    return Completion(messages=[{"role": "user", "content": text}], options=options)


async def _deltas(model: LlamaChatModel, completion: Completion) -> list[Delta]:
    return [delta async for delta in model.stream(completion)]


def _text(deltas: list[Delta], index: int = 0) -> str:
    return "".join(delta.content for delta in deltas if delta.index == index)


async def _answer(model: LlamaChatModel, text: str, **options: Any) -> str:
    return _text(await _deltas(model, _asking(text, **options)))


def _about(number: int) -> Completion:
    question = {"role": "user", "content": f"What is the gate code for cabin {number}?"}
    return Completion(messages=[{"role": "system", "content": NOTES[number]}, question])


async def test_each_of_several_answers_at_once_is_the_right_one(copybot_gguf: Path) -> None:
    async with _model(copybot_gguf) as model:
        answers = await asyncio.gather(*(_deltas(model, _about(number)) for number in range(6)))
    assert [_text(deltas) for deltas in answers] == [f" is {number}471-B." for number in range(6)]
    for deltas in answers:
        usage = deltas[-1].usage
        assert usage is not None
        assert usage.completion_tokens == len(" is 0471-B.")


async def test_two_answers_progress_side_by_side(steady_gguf: Path) -> None:
    async with _model(steady_gguf, parallel=2) as model:
        order: list[str] = []

        async def ask(name: str) -> None:
            async for delta in model.stream(_asking(f"{name} says hello", max_tokens=30, logit_bias=NO_END)):
                order.append(name) if delta.content else None

        await asyncio.gather(ask("first"), ask("second"))
    half = order[: len(order) // 2]
    assert 0.3 < half.count("first") / len(half) < 0.7


async def test_a_long_prompt_does_not_hold_up_an_answer_that_is_being_written(steady_gguf: Path) -> None:
    async with _model(steady_gguf, parallel=2) as model:
        seen: list[str] = []

        async def write() -> None:
            async for delta in model.stream(_asking("hello", max_tokens=2000, logit_bias=NO_END)):
                seen.append("writing") if delta.content else None

        writing = asyncio.create_task(write())
        await until(lambda: len(seen) > 3)
        before = len(seen)
        await _deltas(model, _asking("word " * 700, max_tokens=1))
        # 3,500 tokens take seven calls on the fastest machine, and each wrote a token too, if not a whole letter.
        assert seen[before:].count("writing") > 3
        writing.cancel()
        await asyncio.wait([writing])


async def test_an_answer_with_a_seed_is_the_same_alone_and_among_others(tiny_chat_gguf: Path) -> None:
    async with _model(tiny_chat_gguf) as model:
        alone = await _answer(model, "Hello there.", seed=11, temperature=1.5, max_tokens=120)
        others = [
            asyncio.create_task(_answer(model, f"other {number}", max_tokens=200, logit_bias=NO_END))
            for number in range(3)
        ]
        among = await _answer(model, "Hello there.", seed=11, temperature=1.5, max_tokens=120)
        await asyncio.gather(*others)
    assert among == alone


async def test_each_choice_of_a_seed_is_what_its_own_seed_gives_whatever_was_asked_before(
    tiny_chat_gguf: Path,
) -> None:
    options: dict[str, Any] = {"temperature": 1.5, "max_tokens": 60}
    text = "Hello there. " * 40
    async with _model(tiny_chat_gguf) as model:
        await asyncio.gather(*(_answer(model, text + end, max_tokens=20) for end in ("", "a", "b")))
        before = model.process.evaluated_tokens
        deltas = await _deltas(model, _asking(text, seed=7, n=3, **options))
    usage = deltas[-1].usage
    assert usage is not None
    # What others left in the cache was evaluated in other calls: each reads its prompt for itself.
    assert model.process.evaluated_tokens - before == 3 * usage.prompt_tokens
    for index in range(3):
        async with _model(tiny_chat_gguf) as model:
            assert _text(deltas, index) == await _answer(model, text, seed=7 + index, **options)


async def test_several_choices_read_the_prompt_once(copybot_gguf: Path) -> None:
    async with _model(copybot_gguf) as model:
        completion = _about(1)
        one = (await _deltas(model, completion))[-1].usage
        assert one is not None
        before = model.process.evaluated_tokens
        several = Completion(messages=_about(2).messages, options={"n": 4})
        deltas = await _deltas(model, several)
    assert [_text(deltas, index) for index in range(4)] == [" is 2471-B."] * 4
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.completion_tokens == 4 * len(" is 2471-B.")
    # The prompts are alike but for two digits; each further choice reads the last token of its own.
    assert model.process.evaluated_tokens - before == usage.prompt_tokens - usage.cached_tokens + 3


async def test_the_second_turn_reads_only_what_is_new(tiny_chat_gguf: Path) -> None:
    async with _model(tiny_chat_gguf) as model:
        turns = [{"role": "system", "content": "Be brief. " * 20}, {"role": "user", "content": "first question " * 10}]
        first = await _deltas(model, Completion(messages=turns, options={"max_tokens": 20, "logit_bias": NO_END}))
        assert first[-1].usage is not None
        before = model.process.evaluated_tokens
        turns += [{"role": "assistant", "content": "fine"}, {"role": "user", "content": "second"}]
        second = (await _deltas(model, Completion(messages=turns, options={"max_tokens": 2})))[-1].usage
        assert second is not None
        evaluated = model.process.evaluated_tokens - before
        # The end of the first turn, the answer and the question: not the system text, not the first question.
        assert evaluated <= second.prompt_tokens - first[-1].usage.prompt_tokens + 4
        assert second.cached_tokens >= first[-1].usage.prompt_tokens - 4


async def test_two_conversations_that_take_turns_both_keep_their_beginning(tiny_chat_gguf: Path) -> None:
    histories = [[{"role": "user", "content": f"conversation {name} " * 30}] for name in ("a", "b", "c")]
    async with _model(tiny_chat_gguf) as model:
        for _ in range(2):
            cached = []
            for history in histories:
                usage = (await _deltas(model, Completion(messages=history, options={"max_tokens": 2})))[-1].usage
                assert usage is not None
                cached.append(usage.cached_tokens / usage.prompt_tokens)
                history += [{"role": "assistant", "content": "yes"}, {"role": "user", "content": "go on"}]
    assert min(cached) > 0.9


async def test_more_than_the_cache_holds_is_answered_in_the_end(tiny_chat_gguf: Path) -> None:
    settings = LoadSettings(
        path=str(tiny_chat_gguf),
        mode="chat",
        context_length=512,
        cells=512,
        batch=512,
        threads=1,
        gpu_layers=0,
        parallel=4,
    )
    counters = Counters()
    session = await Session.start(settings, counters=counters, deadline=60)
    try:
        # Five times 300 tokens do not fit into 512 cells side by side.
        ends = await asyncio.gather(*(_told(session, f"number {number}", max_tokens=270) for number in range(5)))
        evaluated = counters.evaluated_tokens
        again = await _told(session, "number 0", max_tokens=270)
    finally:
        await session.stop()
    assert [end["generated_tokens"] for end in [*ends, again]] == [270] * 6
    # Some were set back, and read again with what they had written.
    assert evaluated > sum(end["prompt_tokens"] for end in ends) + 100


async def _told(session: Session, text: str, *, max_tokens: int) -> Header:
    """The end of an answer, after all of it has come."""
    options = {"max_tokens": max_tokens, "logit_bias": NO_END}
    request = {"op": "generate", "messages": [{"role": "user", "content": text}], "options": options}
    async with aclosing(session.ask(request, deadline=60)) as replies:
        async for header, _ in replies:
            if header["event"] == "end":
                return header
    raise AssertionError("no end")


async def test_closing_one_answer_in_its_prompt_leaves_the_other_alone(steady_gguf: Path) -> None:
    async with _model(steady_gguf, parallel=2) as model:
        async with aclosing(model.stream(_asking("hello", max_tokens=3000, logit_bias=NO_END))) as writing:
            await anext(writing)
            reading = asyncio.create_task(_answer(model, "word " * 700, max_tokens=1))
            for _ in range(3):
                await anext(writing)
            reading.cancel()
            await until(lambda: model.process.cancelled_count == 1, within=2)
            for _ in range(5):
                await anext(writing)
        # Two given up: the second by leaving it here.
        await until(lambda: model.process.cancelled_count == 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
async def test_when_the_process_dies_those_still_waiting_are_answered_by_the_next(steady_gguf: Path) -> None:
    async with _model(steady_gguf, parallel=1) as model:
        stream = model.stream(_asking("hello", max_tokens=3000, logit_bias=NO_END))
        await anext(stream)
        waiting = [asyncio.create_task(_answer(model, "short", max_tokens=3, logit_bias=NO_END)) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert model.process.pid is not None
        os.kill(model.process.pid, signal.SIGKILL)
        with pytest.raises(ModelUnavailableError, match="SIGKILL"):
            [delta async for delta in stream]
        assert all(len(answer) > 0 for answer in await asyncio.gather(*waiting))


@pytest.mark.parametrize(("cells", "parallel"), [(1024, 4), (512, 6), (512, 1)])
async def test_requests_of_every_kind_at_once_are_all_answered_rightly(
    copybot_gguf: Path, cells: int, parallel: int
) -> None:
    settings = LoadSettings(
        path=str(copybot_gguf),
        mode="chat",
        context_length=cells,
        cells=cells,
        batch=256,
        threads=1,
        gpu_layers=0,
        parallel=parallel,
        chat_template=CHATML,
    )
    session = await Session.start(settings, counters=Counters(), deadline=60)
    chance = random.Random(cells)
    try:
        pid = session.pid
        asking = [asyncio.create_task(_checked(session, chance, cells)) for _ in range(30)]
        await asyncio.gather(*asking)
        assert session.alive
        assert session.pid == pid
    finally:
        await session.stop()


_KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 3, "temperature": 1},
    {"n": 3},
    {"n": 2, "seed": 5},
    {"logprobs": True, "top_logprobs": 2},
    {"stop": ["-"]},
    {"max_tokens": 1},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": ["fixed"]}}}},
    {"frequency_penalty": 0.001},
)


async def _checked(session: Session, chance: random.Random, cells: int) -> None:
    """Ask in one of many ways; some leave at once, some in the middle."""
    code, options = str(chance.randrange(1000, 9999)), chance.choice(_KINDS)
    filler = "word " * chance.randrange(cells // 8)
    note = f"{filler}. The gate code for the cabin is {code}-B. Bring boots."
    messages = [
        {"role": "system", "content": note},
        {"role": "user", "content": "What is the gate code for the cabin?"},
    ]
    leaves = chance.choice([None, None, None, 1, 4])
    texts, ends = [""] * options.get("n", 1), 0
    request = {"op": "generate", "messages": messages, "options": {"temperature": 0, **options}}
    async with aclosing(session.ask(request, deadline=60)) as replies:
        async for header, _ in replies:
            if header["event"] == "delta":
                texts[header["index"]] += header["text"]
                leaves = leaves - 1 if leaves else None
                if leaves == 0:
                    return
            ends += header["event"] == "end"
    whole = f" is {code}-B."
    wanted = {"stop": f" is {code}", "max_tokens": " ", "response_format": '"fixed"'}
    assert texts == [next((text for key, text in wanted.items() if key in options), whole)] * len(texts)
    assert ends == 1


async def test_a_wish_for_more_conversations_than_llama_cpp_tells_apart_is_met_as_far_as_it_goes(
    tiny_chat_gguf: Path,
) -> None:
    async with _model(tiny_chat_gguf, parallel=1000) as model:
        assert len(await _answer(model, "Hello.", max_tokens=3, logit_bias=NO_END)) > 0
        tuning = model.process.tuning
    assert tuning is not None
    assert tuning.parallel == 240
    assert any("240 conversations at once" in reason for reason in tuning.reasons)
