"""What has changed in the answers since an evaluation that was kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sidecar.errors import RequestError

_Result: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChange:
    """A question whose answer is good now or was good then; `faults` are those of the one that is not."""

    question: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerComparison:
    """What has changed over the questions that were answered both times, and how many only once."""

    common: int
    figures: Mapping[str, tuple[float | None, float | None]]
    """Measures then and now, by name; `None` where there was nothing to measure."""
    mended: tuple[AnswerChange, ...]
    broken: tuple[AnswerChange, ...]
    new: int
    gone: int


def read_answers(path: Path) -> list[_Result] | None:
    """The answers' results of an evaluation that was kept; `None` when it asked for none.

    Raises RequestError when they cannot be read.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        answers = kept.get("answers")
        if answers is None:
            return None
        results: list[_Result] = answers["results"]
        if all(map(_usable, results)):
            return results
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise RequestError(
        f"{path} cannot be compared with: its answers cannot be read.",
        param="compare",
        hint="`sidecar eval FILE --answers --save RESULTS.json` writes them.",
    )


def compare_answers(before: Iterable[_Result], after: Iterable[_Result]) -> AnswerComparison:
    """Compare the answers of two evaluations, given as their `results`."""
    old, new = ({tuple(each["key"]): each for each in results} for results in (before, after))
    common = [key for key in new if key in old]
    pairs = [(old[key], new[key]) for key in common]
    return AnswerComparison(
        common=len(common),
        figures=_figures([then for then, _ in pairs], [now for _, now in pairs]),
        mended=tuple(_change(then) for then, now in pairs if then["faults"] and not now["faults"]),
        broken=tuple(_change(now) for then, now in pairs if now["faults"] and not then["faults"]),
        new=len(new) - len(common),
        gone=len(old) - len(common),
    )


def _figures(before: Sequence[_Result], after: Sequence[_Result]) -> dict[str, tuple[float | None, float | None]]:
    measured: dict[str, Callable[[Sequence[_Result]], float | None]] = {
        "precision": lambda results: _mean([each["precision"] for each in results]),
        "recall": lambda results: _mean([each["recall"] for each in results]),
        "unsupported": _unsupported,
        "abstained": lambda results: _mean([each["abstains"] for each in results if not each["expected"]]),
        "falsely_abstained": lambda results: _mean([each["abstains"] for each in results if each["expected"]]),
        "contains": lambda results: _mean([each["contains"] for each in results]),
    }
    return {name: (figure(before), figure(after)) for name, figure in measured.items()}


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _unsupported(results: Sequence[_Result]) -> float | None:
    sentences = sum(each["sentences"] for each in results)
    return sum(len(each["unsupported"]) for each in results) / sentences if sentences else None


def _change(result: _Result) -> AnswerChange:
    return AnswerChange(question=result["question"], faults=tuple(result["faults"]))


def _usable(result: _Result) -> bool:
    texts = [*result["key"], *result["faults"], *result["unsupported"], result["question"]]
    numbers = [result["precision"], result["recall"], result["contains"]]
    return (
        all(isinstance(text, str) for text in texts)
        and all(number is None or isinstance(number, int | float) for number in numbers)
        and isinstance(result["sentences"], int)
        and isinstance(result["abstains"], bool)
        and isinstance(result["expected"], dict)
    )
