"""The questions of `sidecar eval` while they are asked: who answers, how far it is, and what Ctrl-C leaves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.cli.eval_server import ServerAnswerer
from sidecar.cli.terminal import stderr
from sidecar.errors import SidecarError
from sidecar.evaluation.answer_report import AnswerReport, ask_for_answers, report_answers
from sidecar.evaluation.answered import Answered, Unanswered
from sidecar.evaluation.grounds import Citations, look_up
from sidecar.evaluation.reply import Answerer, ModelAnswerer, Reply
from sidecar.evaluation.targets import Aim
from sidecar.inference.model import ChatModel
from sidecar.runtime.runtime import Runtime


async def answers_of(
    aims: Sequence[Aim], runtime: Runtime, server: ServerAnswerer | None, *, options: Mapping[str, Any]
) -> AnswerReport:
    """Ask the server, or the runtime's own model when there is none. Raises SidecarError when nothing is answered."""
    if server is not None:
        return await _asked(aims, server, runtime, model=server.name)
    target = runtime.chat_target("vault")

    def ask(request: ChatRequest, model: ChatModel) -> AsyncGenerator[AnswerDelta, None]:
        return runtime.answer(replace(target, model=model), request)

    answerer = ModelAnswerer(target.model, ask, options=options)
    with contextlib.suppress(SidecarError):
        await answerer.warm_up()
    return await _asked(aims, answerer, runtime, model=target.model.name)


async def _asked(aims: Sequence[Aim], answerer: Answerer, runtime: Runtime, *, model: str) -> AnswerReport:
    async def find(aim: Aim, reply: Reply) -> Citations:
        return await runtime.vault(None).read(partial(look_up, aim, reply))

    outcomes: list[Answered | Unanswered] = []
    try:
        with counted(len(aims), "answering") as count:
            async with aclosing(ask_for_answers(aims, answerer, find)) as stream:
                async for outcome in stream:
                    outcomes.append(outcome)
                    count()
    except asyncio.CancelledError:
        # Ctrl-C. What was measured so far is told; a second one ends that too.
        task = asyncio.current_task()
        if task is None or not outcomes:
            raise
        task.uncancel()
    first = next(iter(outcomes), None)
    if isinstance(first, Unanswered) and not any(isinstance(each, Answered) for each in outcomes):
        raise SidecarError(f"No question was answered. {first.problem}", hint=first.hint)
    return report_answers(outcomes, model=model, asked=len(aims))


@contextmanager
def counted(total: int, doing: str) -> Iterator[Callable[[], None]]:
    """A bar of how many are done, when standard error is a terminal."""
    console = stderr()
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(doing, total=total)
        yield lambda: progress.advance(bar)
