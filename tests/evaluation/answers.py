"""Answers made by hand, whose figures are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.evaluation.answered import Answered, measure
from sidecar.evaluation.grounds import Citations
from sidecar.evaluation.questions import Question
from sidecar.evaluation.reply import Reply
from sidecar.evaluation.support import Ground
from sidecar.evaluation.targets import Aim, Target
from sidecar.inference.model import Source

TEXTS = {"Boiler.md": "The boiler repair cost 386 euros.", "Cabin.md": "The gate code for the cabin is 4471-B."}


def source(path: str) -> Source:
    """A passage as a model is given it."""
    title = path.removesuffix(".md")
    return Source(link=title, title=title, heading_path=(), text=TEXTS.get(path, "Nothing much."), date=None, score=0.5)


def aim(expected: Mapping[str, int] | None = None, **more: Any) -> Aim:
    """A question of which the notes in `expected` hold the answer."""
    grades = dict(expected or {})
    question = Question(line=1, text=more.pop("asked", "What?"), expected=grades, **more)
    return Aim(question=question, targets=tuple(Target(path=path) for path in grades), grades=grades)


def answered(
    text: str,
    *,
    expected: Mapping[str, int] | None = None,
    cited: tuple[str, ...] = (),
    given: tuple[str, ...] | None = None,
    written: str | None = None,
    times: tuple[float | None, float] = (0.1, 1.0),
    tokens: tuple[int | None, int | None] = (None, None),
    cut: bool = False,
    **more: Any,
) -> Answered:
    """Measure an answer that cites the notes in `cited`, of a model that was given those in `given`."""
    reply = Reply(
        text=text,
        cited=(),
        first_seconds=times[0],
        seconds=times[1],
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        cut=cut,
        given=None if given is None else tuple(map(source, given)),
        written=written,
    )
    grounds = tuple(Ground(text=TEXTS.get(path, "Nothing much."), link=path.removesuffix(".md")) for path in cited)
    return measure(aim(expected, **more), reply, Citations(names=cited, grounds=grounds))
