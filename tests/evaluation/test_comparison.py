"""Two evaluations of the same questions compared, and files that hold none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import RequestError
from sidecar.evaluation.comparison import compare, read_results


def result(question: str, score: float, rank: int | None) -> dict[str, Any]:
    return {"key": ["earlier", question], "question": question, "score": score, "rank": rank}


def test_what_got_better_and_worse_is_told_the_largest_change_first() -> None:
    before = [result("a", 1.0, 1), result("b", 0.5, 3), result("c", 0.0, None), result("d", 1.0, 1), result("e", 1, 1)]
    after = [result("d", 0.9, 1), result("c", 0.4, 4), result("b", 1.0, 1), result("a", 0.0, None), result("f", 1, 1)]
    comparison = compare(before, after)
    assert [(each.question, each.rank_before, each.rank_after) for each in comparison.better] == [
        ("b", 3, 1),
        ("c", None, 4),
    ]
    assert [each.question for each in comparison.worse] == ["a", "d"]
    assert (comparison.common, comparison.new, comparison.gone) == (4, 1, 1)
    assert (comparison.before, comparison.after) == pytest.approx((0.625, 0.575))


def test_nothing_in_common_is_no_change() -> None:
    comparison = compare([result("a", 1.0, 1)], [result("b", 0.0, None)])
    assert (comparison.common, comparison.before, comparison.after, comparison.better) == (0, 0.0, 0.0, ())


def kept(folder: Path, **changed: Any) -> Path:
    path = folder / "kept.json"
    whole = {"format": 1, "limit": 10, "results": [result("a", 1.0, 1)]} | changed
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def test_kept_results_are_read(tmp_path: Path) -> None:
    assert read_results(kept(tmp_path), limit=10) == [result("a", 1.0, 1)]


@pytest.mark.parametrize(
    "changed",
    [
        {"format": 0},
        {"results": None},
        {"results": [{}]},
        {"results": ["x"]},
        {"results": [result("a", 1.0, 1) | {"key": [["x"]]}]},
        {"results": [result("a", 1.0, 1) | {"score": "x"}]},
        {"limit": "x"},
    ],
)
def test_a_file_that_holds_no_evaluation_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="cannot be compared with"):
        read_results(kept(tmp_path, **changed), limit=10)


@pytest.mark.parametrize("content", ["", "[]", "3", "[" * 100_000, "\0"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content, encoding="utf-8")
    for path in (tmp_path / "other.json", tmp_path / "none.json", tmp_path):
        with pytest.raises(RequestError) as caught:
            read_results(path, limit=10)
        assert "--save" in (caught.value.hint or "")


def test_another_limit_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--limit 10"):
        read_results(kept(tmp_path), limit=5)
