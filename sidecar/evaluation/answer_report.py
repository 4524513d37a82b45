"""One evaluation of answers: questions asked one after the other, what came of them, and its JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, TypeAlias

from sidecar.errors import SidecarError
from sidecar.evaluation.answer_figures import AnswerFigures, answer_figures, answers_by_language, answers_by_tag
from sidecar.evaluation.answered import Answered, Unanswered, measure
from sidecar.evaluation.grounds import Citations
from sidecar.evaluation.questions import Question
from sidecar.evaluation.reply import Answerer, Reply
from sidecar.evaluation.support import Judged
from sidecar.evaluation.targets import Aim

LookUp: TypeAlias = Callable[[Aim, Reply], Awaitable[Citations]]
"""Finds in the index what an answer cites, as `grounds.look_up`."""

_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReport:
    """What an evaluation of answers found."""

    model: str
    asked: int
    """How many questions were to be asked."""
    answered: tuple[Answered, ...]
    unanswered: tuple[Unanswered, ...]
    overall: AnswerFigures
    languages: Mapping[str, AnswerFigures]
    tags: Mapping[str, AnswerFigures]

    @property
    def complete(self) -> bool:
        """Whether every question was asked."""
        return len(self.answered) + len(self.unanswered) == self.asked

    @property
    def faulty(self) -> tuple[Answered, ...]:
        """The answers with something wrong in them."""
        return tuple(each for each in self.answered if each.faults)


def sample(questions: Sequence[Question], size: int | None, *, seed: int) -> list[Question]:
    """Some of the questions in their order: for a seed mostly the same ones after some were added to the file."""
    if size is None or size >= len(questions):
        return list(questions)
    chosen = sorted(range(len(questions)), key=lambda index: (_lot(questions[index], seed), index))[:size]
    return [questions[index] for index in sorted(chosen)]


async def ask_for_answers(
    aims: Sequence[Aim], answerer: Answerer, look_up: LookUp
) -> AsyncGenerator[Answered | Unanswered, None]:
    """Ask one question after the other. An error is of its question alone."""
    for aim in aims:
        try:
            reply = await answerer.reply(aim.question)
            yield measure(aim, reply, await look_up(aim, reply))
        except SidecarError as error:
            yield Unanswered(aim=aim, problem=error.message, hint=error.hint)


def report_answers(outcomes: Sequence[Answered | Unanswered], *, model: str, asked: int) -> AnswerReport:
    """Add up what came of the questions that were asked."""
    answered = tuple(each for each in outcomes if isinstance(each, Answered))
    return AnswerReport(
        model=model,
        asked=asked,
        answered=answered,
        unanswered=tuple(each for each in outcomes if isinstance(each, Unanswered)),
        overall=answer_figures(answered),
        languages=answers_by_language(answered),
        tags=answers_by_tag(answered),
    )


def shown_answers(report: AnswerReport) -> dict[str, Any]:
    """The report as JSON. Measures are in [0, 1], times in seconds."""
    return {
        "model": report.model,
        "asked": report.asked,
        "complete": report.complete,
        "overall": _shown_figures(report.overall),
        "languages": {name: _shown_figures(each) for name, each in report.languages.items()},
        "tags": {name: _shown_figures(each) for name, each in report.tags.items()},
        "faulty": len(report.faulty),
        "results": [_shown_answered(each) for each in report.answered],
        "unanswered": [
            {"line": each.aim.question.line, "question": each.aim.question.text, "problem": each.problem}
            for each in report.unanswered
        ],
    }


def _lot(question: Question, seed: int) -> bytes:
    return blake2b("\0".join([str(seed), *question.key]).encode("utf-8", "replace"), digest_size=8).digest()


def _shown_figures(figures: AnswerFigures) -> dict[str, Any]:
    return {name: _rounded(value) for name, value in asdict(figures).items()}


def _shown_answered(answered: Answered) -> dict[str, Any]:
    question, reply = answered.aim.question, answered.reply
    return {
        "line": question.line,
        "question": question.text,
        "key": list(question.key),
        "language": answered.language,
        "tags": list(question.tags),
        "expected": dict(answered.aim.grades),
        "cited": list(answered.cited),
        "precision": _rounded(answered.precision),
        "recall": _rounded(answered.recall),
        **_shown_judged(answered.judged, answered.judged_by_given),
        "abstains": answered.abstains,
        "hedges": answered.hedges,
        "contains": answered.contains,
        "first_contains": answered.first_contains,
        "altered": answered.altered,
        "given": None if reply.given is None else [source.link for source in reply.given],
        "faults": list(answered.faults),
        "text": reply.text,
        "cut": reply.cut,
        "first_seconds": _rounded(reply.first_seconds),
        "seconds": _rounded(reply.seconds),
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
    }


def _shown_judged(judged: Judged, by_given: Judged | None) -> dict[str, Any]:
    return {
        "sentences": judged.sentences,
        "unjudged": judged.unjudged,
        "unsupported": list(judged.unsupported),
        "unsupported_by_given": None if by_given is None else list(by_given.unsupported),
    }


def _rounded(value: float | None) -> float | None:
    return value if value is None or isinstance(value, int) else round(value, _DIGITS)
