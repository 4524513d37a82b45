"""Whether a text says an answer."""

from __future__ import annotations

import pytest

from sidecar.evaluation.containment import contains


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("The gate code is 4471-B.", "4471-b"),
        ("It was the Denver Broncos!", "Denver Broncos"),
        ("It took a week, or two.", "the week"),
        ("The repairs were done by Claire in the spring.", "the repair"),
        ("Foi na Câmara Municipal.", "camara municipal"),
        ("As reparações da caldeira foram em março.", "reparação"),
        ("密码是物理隔离和软件隔离。", "物理隔离"),
        ("コードは四四七一です。", "四四七一"),
        ("ค่าซ่อมหม้อไอน้ำคือ 386 ยูโร", "หม้อไอน้ำ"),
        ("서울에서 만났다.", "서울"),
        ("Встретились в Париже.", "париже"),
        ("कोड ४४७१ है।", "४४७१"),
    ],
)
def test_case_accents_punctuation_articles_and_endings_make_no_difference(text: str, wording: str) -> None:
    assert contains(text, [wording])


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("It cost 1400 euros.", "14"),
        ("The boiler started again.", "art"),
        ("Denver beat the Broncos.", "Denver Broncos"),
        ("Broncos Denver", "Denver Broncos"),
        ("物理的隔离", "物理隔离"),
        ("Anything.", "…"),
        ("", "word"),
    ],
)
def test_parts_of_words_and_words_apart_are_no_answer(text: str, wording: str) -> None:
    assert not contains(text, [wording])


def test_any_of_several_wordings_will_do_and_none_will_not() -> None:
    assert contains("The code is eight.", ["8", "eight"])
    assert not contains("The code is nine.", ["8", "eight"])
    assert not contains("The code is nine.", [])


def test_long_monotonous_texts_are_searched_like_others() -> None:
    assert contains("a " * 100_000 + "b", ["b"])
    assert not contains("word " * 100_000, ["word " * 50 + "end"])
