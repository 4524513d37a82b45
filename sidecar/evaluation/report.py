"""One evaluation of one vault: everything that was found out, and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sidecar.evaluation.failures import Failure, explain, failed
from sidecar.evaluation.run import (
    Asked,
    Figures,
    Searcher,
    Variant,
    ablate,
    ask_all,
    by_language,
    by_tag,
    figures,
    intruders,
    score,
    variants,
)
from sidecar.evaluation.targets import Aim

FORMAT = 1
"""Of the JSON; it changes when an older file can no longer be compared with."""
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an evaluation found. `failures` has one entry for each question that failed, explained if that was asked."""

    limit: int
    asked: tuple[Asked, ...]
    overall: Figures
    languages: Mapping[str, Figures]
    tags: Mapping[str, Figures]
    variants: tuple[Variant, ...]
    failed: int
    failures: tuple[Failure, ...]


async def evaluate(
    aims: Sequence[Aim],
    searcher: Searcher,
    *,
    limit: int,
    vectors: bool,
    ablation: bool = False,
    explained: bool = False,
    on_asked: Callable[[], None] = lambda: None,
) -> Report:
    """Ask every question; with `ablation` again for every set of lanes, with `explained` look into those that failed.

    `vectors` says whether the index has any.
    """
    asked = await ask_all(aims, searcher, limit=limit, on_asked=on_asked)
    wrong = [each for each in asked if failed(each, limit=limit)]
    tried = variants(vectors=vectors) if ablation else {}
    return Report(
        limit=limit,
        asked=tuple(asked),
        overall=figures(asked, limit=limit),
        languages=by_language(asked, limit=limit),
        tags=by_tag(asked, limit=limit),
        variants=tuple(await ablate(asked, searcher, tried, limit=limit, on_asked=on_asked)),
        failed=len(wrong),
        failures=tuple([await explain(each, searcher, vectors=vectors) for each in wrong]) if explained else (),
    )


def searches_of(questions: int, *, vectors: bool, ablation: bool) -> int:
    """How often `on_asked` will be called."""
    return questions * (1 + (len(variants(vectors=vectors)) if ablation else 0))


def shown(report: Report) -> dict[str, Any]:
    """The report as JSON. Measures are in [0, 1], times in milliseconds."""
    return {
        "format": FORMAT,
        "limit": report.limit,
        "overall": shown_figures(report.overall),
        "languages": {name: shown_figures(each) for name, each in report.languages.items()},
        "tags": {name: shown_figures(each) for name, each in report.tags.items()},
        "ablation": [
            {"name": each.name, "better": each.better, "worse": each.worse, **shown_figures(each.figures)}
            for each in report.variants
        ],
        "failed": report.failed,
        "failures": [_shown_failure(each, limit=report.limit) for each in report.failures],
        "results": [shown_asked(each, limit=report.limit) for each in report.asked],
    }


def shown_figures(figures: Figures) -> dict[str, Any]:
    """Figures as JSON."""
    return {name: round(value, _DIGITS) for name, value in asdict(figures).items()}


def shown_asked(asked: Asked, *, limit: int) -> dict[str, Any]:
    """What came of a question, as JSON. `score` is its nDCG; `rank` and `found` are of notes, not of pieces."""
    question = asked.aim.question
    return {
        "line": question.line,
        "question": question.text,
        "key": list(question.key),
        "language": asked.language,
        "tags": list(question.tags),
        "expected": dict(asked.aim.grades),
        "found": list(asked.ranked[:limit]),
        "rank": asked.rank,
        "score": round(score(asked, limit), _DIGITS),
        "ms": round(asked.seconds * 1000, 2),
    }


def _shown_failure(failure: Failure, *, limit: int) -> dict[str, Any]:
    question = failure.asked.aim.question
    return {
        "line": question.line,
        "question": question.text,
        "expected": list(failure.asked.aim.grades),
        "rank": failure.rank,
        "lanes": dict(failure.lanes),
        "matched": list(failure.matched),
        "unwanted": intruders(failure.asked, limit=limit),
        "found": list(failure.asked.ranked[:3]),
    }
