"""Texts whose long stretches end llama.cpp when they are tokenised whole."""

from __future__ import annotations

import random
import re

import pytest

from sidecar.llama.stretches import LONGEST_LINE, LONGEST_RUN, bounded_stretches

MARK = "<|im_end|>"


@pytest.mark.parametrize(
    "text",
    ["", "plain words\nand lines", "a" * LONGEST_RUN, " " * LONGEST_RUN, "word " * (LONGEST_LINE // 5), "x\n" * 9000],
)
def test_what_is_not_long_stays_whole(text: str) -> None:
    assert bounded_stretches(text, lambda: pytest.fail("nobody asks for marks")) == [text]


@pytest.mark.parametrize("letter", ["a", " ", "\n", "\u3000", "日", "\0", "word ", "a1!"])
def test_no_part_holds_a_longer_stretch_and_together_they_are_the_text(letter: str) -> None:
    text = "before " + letter * 20_000 + " after"
    parts = bounded_stretches(text, list)
    assert "".join(parts) == text
    assert all(parts)
    for part in parts:
        assert max(map(len, re.findall(r"\S+|\s+", part))) <= LONGEST_RUN
        assert max(map(len, part.split("\n"))) <= LONGEST_LINE


def test_a_line_of_words_is_cut_between_two_words() -> None:
    parts = bounded_stretches("word " * 10_000, list)
    assert all(part.startswith(" word") for part in parts[1:])


def test_no_mark_is_torn_apart() -> None:
    chance = random.Random(3)
    for _ in range(200):
        text = "a" * chance.randrange(LONGEST_RUN - 12, LONGEST_RUN + 3) + MARK * chance.randrange(1, 4) + "b" * 3000
        parts = bounded_stretches(text, lambda: ["<|im_start|>", MARK])
        assert "".join(parts) == text
        assert sum(part.count(MARK) for part in parts) == text.count(MARK)
