"""The measurement of quotations: when an answer counts as quoted, and which questions are in which half."""

from __future__ import annotations

import pytest

from scripts.benchmark_extractive import chosen, contains, quotations
from sidecar.evaluation.questions import Question


@pytest.mark.parametrize(
    ("text", "gold", "there"),
    [
        ("It had 308 points.", "308", True),
        ("It had 1308 points.", "308", False),
        ("Ann’s café, in Porto", "cafe in porto", True),
        ("The Portoans came.", "Porto", False),
        ("总共 24 次拦截", "24次", True),
        ("王建在上海", "上海", True),
        ("ทำการแซ็คไป 136 ครั้ง", "136", True),
        ("Nothing.", "…", False),
    ],
)
def test_an_answer_counts_as_whole_words(text: str, gold: str, there: bool) -> None:
    assert contains(text, [gold]) is there


def test_quotations_are_read_from_the_answer_as_it_is_shown() -> None:
    text = "These are quotations.\n\n> One.\n>\n> - [x] Two\n> | a | b |\n> |---|---|\n\n — [[Note]]"
    assert quotations(text) == ["One.", "Two", "| a | b |"]


def test_halves_have_nothing_in_common_and_a_larger_sample_moves_none() -> None:
    questions = [Question(line=number, text=f"question {number}", expected={}) for number in range(3_000)]
    tuned, held = (chosen(questions, sample=800, half=half) for half in ("tune", "held-out"))
    larger = chosen(questions, sample=1_000, half="held-out")
    assert len(tuned) == len(held) == 400
    assert not {each.line for each in tuned} & {each.line for each in (*held, *larger)}
