"""Responses in the making: followed by several, stopped, bounded, ended with the runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from sidecar.errors import OverloadedError
from sidecar.runtime.response_runs import ResponseRun, ResponseRuns

pytestmark = pytest.mark.anyio


async def numbers(run: ResponseRun, *, go: asyncio.Event) -> AsyncGenerator[Mapping[str, Any], None]:
    yield {"n": 0, "response": {"status": "in_progress"}}
    yield {"n": 1}
    await go.wait()
    yield {"n": 2, "response": {"status": "completed"}}


async def read(run: ResponseRun, *, after: int = -1) -> list[int]:
    return [event["n"] async for event in run.follow(after=after)]


async def test_each_reader_gets_every_event_from_where_it_wants(anyio_backend: str) -> None:
    runs, go = ResponseRuns(), asyncio.Event()
    run = runs.start("a", lambda run: numbers(run, go=go), detached=False, kept=True)
    readers = [asyncio.create_task(read(run, after=after)) for after in (-1, 0, 1, 7)]
    go.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*readers) == [[0, 1, 2], [1, 2], [2], []]
    assert await read(run) == [0, 1, 2]
    assert run.snapshot == {"status": "completed"}
    assert runs.get("a") is None


async def test_a_failure_before_the_first_event_is_raised_to_readers(anyio_backend: str) -> None:
    async def fails(run: ResponseRun) -> AsyncGenerator[Mapping[str, Any], None]:
        if not run.events:
            raise ValueError("early")
        yield {}

    run = ResponseRuns().start("a", fails, detached=False, kept=True)
    with pytest.raises(ValueError, match="early"):
        await read(run)


async def test_what_is_nobody_elses_business_is_not_given(anyio_backend: str) -> None:
    runs = ResponseRuns()
    runs.start("a", lambda run: numbers(run, go=asyncio.Event()), detached=False, kept=False)
    assert runs.get("a") is None
    await runs.aclose()


async def test_work_in_the_background_is_bounded(anyio_backend: str) -> None:
    runs, go = ResponseRuns(max_detached=1), asyncio.Event()
    run = runs.start("a", lambda run: numbers(run, go=go), detached=True, kept=True)
    runs.start("b", lambda run: numbers(run, go=go), detached=False, kept=True)
    with pytest.raises(OverloadedError):
        runs.start("c", lambda run: numbers(run, go=go), detached=True, kept=True)
    go.set()
    await run.wait()
    await asyncio.sleep(0)
    runs.start("d", lambda run: numbers(run, go=go), detached=True, kept=True)
    await runs.aclose()


async def test_closing_ends_the_work_and_its_readers(anyio_backend: str) -> None:
    closed = asyncio.Event()

    async def waits(run: ResponseRun) -> AsyncGenerator[Mapping[str, Any], None]:
        try:
            yield {"n": 0}
            await asyncio.Event().wait()
        finally:
            closed.set()

    runs = ResponseRuns()
    run = runs.start("a", waits, detached=True, kept=True)
    reader = asyncio.create_task(read(run))
    while not run.events:  # noqa: ASYNC110  # it begins by itself
        await asyncio.sleep(0)
    await runs.aclose()
    assert closed.is_set()
    async with asyncio.timeout(5):
        assert await reader == [0]
    assert runs.all == ()


async def test_what_ends_already_is_waited_for_instead_of_stopped(anyio_backend: str) -> None:
    go = asyncio.Event()

    async def ending(run: ResponseRun) -> AsyncGenerator[Mapping[str, Any], None]:
        run.ending = True
        await go.wait()
        yield {"n": 0}

    run = ResponseRuns().start("a", ending, detached=True, kept=True)
    await asyncio.sleep(0)
    stopping = asyncio.create_task(run.stop())
    await asyncio.sleep(0)
    go.set()
    async with asyncio.timeout(5):
        await stopping
    assert [event["n"] for event in run.events] == [0]


async def test_a_reader_that_leaves_does_not_undo_a_stop_that_is_being_kept(anyio_backend: str) -> None:
    keeping, kept = asyncio.Event(), asyncio.Event()

    async def stoppable(run: ResponseRun) -> AsyncGenerator[Mapping[str, Any], None]:
        yield {"n": 0, "response": {"status": "in_progress"}}
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
        run.ending = True
        keeping.set()
        await kept.wait()
        yield {"n": 1, "response": {"status": "cancelled"}}

    run = ResponseRuns().start("a", stoppable, detached=False, kept=True)
    while not run.events:  # noqa: ASYNC110  # it begins by itself
        await asyncio.sleep(0)
    stopping = asyncio.create_task(run.stop())
    leaving_first = asyncio.create_task(run.abandon())
    async with asyncio.timeout(5):
        await keeping.wait()
        leaving = asyncio.create_task(run.abandon())
        await asyncio.sleep(0)
        kept.set()
        await asyncio.gather(stopping, leaving, leaving_first)
    assert run.snapshot == {"status": "cancelled"}
