"""What has changed since an evaluation that was kept, question by question."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.errors import RequestError
from sidecar.evaluation.report import FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A question that now does better or worse. Ranks are of the first expected note, scores are nDCG."""

    question: str
    before: float
    after: float
    rank_before: int | None
    rank_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What has changed over the questions that both evaluations asked, and how many only one of them did."""

    common: int
    before: float
    """Mean score then, and now."""
    after: float
    better: tuple[Change, ...]
    """The most improved first."""
    worse: tuple[Change, ...]
    """The most damaged first."""
    new: int
    gone: int


def read_results(path: Path, *, limit: int) -> list[Mapping[str, Any]]:
    """The results of an evaluation that was kept. Raises RequestError when the file holds none, or one that measured
    another number of hits than `limit`.
    """
    kept = _kept(path)
    if kept["limit"] != limit:
        raise RequestError(
            f"{path.name} was measured with --limit {kept['limit']}.", param="compare", hint="Use the same limit."
        )
    results: list[Mapping[str, Any]] = kept["results"]
    return results


def compare(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Comparison:
    """Compare two evaluations, given as their `results`."""
    old, new = ({tuple(each["key"]): each for each in results} for results in (before, after))
    common = [key for key in new if key in old]
    changes = [_change(old[key], new[key]) for key in common if old[key]["score"] != new[key]["score"]]
    changes.sort(key=lambda change: change.before - change.after)
    return Comparison(
        common=len(common),
        before=_mean([old[key]["score"] for key in common]),
        after=_mean([new[key]["score"] for key in common]),
        better=tuple(change for change in changes if change.after > change.before),
        worse=tuple(change for change in reversed(changes) if change.after < change.before),
        new=len(new) - len(common),
        gone=len(old) - len(common),
    )


def _kept(path: Path) -> Mapping[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        usable = kept["format"] == FORMAT and isinstance(kept["limit"], int) and all(map(_usable, kept["results"]))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unusable(path, "it holds no evaluation") from error
    if not usable:
        raise _unusable(path, "it holds no evaluation of this version")
    found: Mapping[str, Any] = kept
    return found


def _usable(result: Mapping[str, Any]) -> bool:
    words = [*result["key"], result["question"]]
    ranked = result["rank"] is None or isinstance(result["rank"], int)
    return all(isinstance(word, str) for word in words) and isinstance(result["score"], int | float) and ranked


def _unusable(path: Path, reason: str) -> RequestError:
    hint = "`sidecar eval FILE --save RESULTS.json` writes one."
    return RequestError(f"{path} cannot be compared with: {reason}.", param="compare", hint=hint)


def _change(old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    return Change(
        question=new["question"],
        before=old["score"],
        after=new["score"],
        rank_before=old["rank"],
        rank_after=new["rank"],
    )


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else 0.0
