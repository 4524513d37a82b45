"""Answers added up: means and shares over some questions, each `None` where nothing was there to measure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sidecar.evaluation import measures
from sidecar.evaluation.answered import Answered
from sidecar.evaluation.support import Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFigures:
    """Measures in [0, 1]. Those of citations are means over the questions that expect something, the unsupported share
    is of all sentences of all answers.
    """

    questions: int
    """Those that expect something."""
    precision: float | None
    recall: float | None
    uncited: int
    """Answers to them that cite nothing."""
    falsely_abstained: float | None
    """Share of them whose answer says that the notes hold none."""
    contains: float | None
    """Share of the questions with a known answer whose answer says it."""
    first_contains: float | None
    """Share of them whose answer's first sentence does."""
    known: int
    """Questions with a known answer."""
    empty: int
    """Questions that nothing in the vault answers."""
    abstained: float | None
    """Share of them whose answer says so."""
    hedged: int
    """Answers to them that say so, and cite notes or say what they hold all the same."""
    given_nothing: int | None
    """Those of them for which the model was given nothing."""
    sentences: int
    """Sentences of all answers that were judged."""
    unsupported: float | None
    """Share of them that the passages cited do not support."""
    unsupported_by_given: float | None
    """Share that none of the passages given to the model supports."""
    unjudged: int
    altered: int | None
    """Citations and quotations dropped or mended by the checking."""
    cut: int
    """Answers that ended for their length."""
    first_p50: float | None
    """Seconds until the first word, within which half stayed; the others likewise."""
    first_p95: float | None
    seconds_p50: float
    seconds_p95: float
    completion_tokens: float | None
    """Mean of an answer's."""
    prompt_tokens: float | None


def answer_figures(answered: Iterable[Answered]) -> AnswerFigures:
    """Add up some answers."""
    every = list(answered)
    expecting, empty = [a for a in every if a.aim.grades], [a for a in every if not a.aim.grades]
    judged, by_given = [a.judged for a in every], [a.judged_by_given for a in every if a.judged_by_given is not None]
    seconds = [a.reply.seconds for a in every]
    first = [a.reply.first_seconds for a in every if a.reply.first_seconds is not None]
    return AnswerFigures(
        questions=len(expecting),
        precision=_mean(expecting, lambda a: a.precision),
        recall=_mean(expecting, lambda a: a.recall),
        uncited=sum(not a.cited for a in expecting),
        falsely_abstained=_mean(expecting, lambda a: a.abstains),
        contains=_mean(every, lambda a: a.contains),
        first_contains=_mean(every, lambda a: a.first_contains),
        known=sum(a.contains is not None for a in every),
        empty=len(empty),
        abstained=_mean(empty, lambda a: a.abstains),
        hedged=sum(a.hedges for a in empty),
        given_nothing=_count([None if a.reply.given is None else not a.reply.given for a in empty]),
        sentences=sum(each.sentences for each in judged),
        unsupported=_unsupported(judged),
        unsupported_by_given=_unsupported(by_given),
        unjudged=sum(each.unjudged for each in judged),
        altered=_count([a.altered for a in every]),
        cut=sum(a.reply.cut for a in every),
        first_p50=measures.percentile(first, 0.5) if first else None,
        first_p95=measures.percentile(first, 0.95) if first else None,
        seconds_p50=measures.percentile(seconds, 0.5),
        seconds_p95=measures.percentile(seconds, 0.95),
        completion_tokens=_mean(every, lambda a: a.reply.completion_tokens),
        prompt_tokens=_mean(every, lambda a: a.reply.prompt_tokens),
    )


def answers_by_language(answered: Iterable[Answered]) -> dict[str, AnswerFigures]:
    """Figures of each language of the questions, the one with most questions first."""
    return _grouped((each.language, each) for each in answered)


def answers_by_tag(answered: Iterable[Answered]) -> dict[str, AnswerFigures]:
    """Figures of each tag of the questions, the one with most questions first."""
    return _grouped((tag, each) for each in answered for tag in each.aim.question.tags)


def _mean(answered: Iterable[Answered], value: Callable[[Answered], float | None]) -> float | None:
    known = [found for each in answered if (found := value(each)) is not None]
    return measures.mean(known) if known else None


def _count(counts: Sequence[int | None]) -> int | None:
    """The sum of what is known; `None` when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _unsupported(judged: Iterable[Judged]) -> float | None:
    pairs = [(len(each.unsupported), each.sentences) for each in judged]
    sentences = sum(all_of for _, all_of in pairs)
    return sum(some for some, _ in pairs) / sentences if sentences else None


def _grouped(pairs: Iterable[tuple[str, Answered]]) -> dict[str, AnswerFigures]:
    groups: dict[str, list[Answered]] = {}
    for name, each in pairs:
        groups.setdefault(name, []).append(each)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: answer_figures(group) for name, group in ordered}
