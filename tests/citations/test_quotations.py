"""Quotations in an answer are those of a note, to the letter, or are shown as none."""

from __future__ import annotations

import pytest

from tests.citations.answers import passage, shown

NOTE = passage(
    text="The boiler repair cost **240 euros** in May, and [[Ann|she]] replaced the pump.\nIt has\nten years left."
)
CHINESE = passage("机器.md", "维修", text="锅炉的维修费用是二百四十欧元，技师更换了水泵。")
ARABIC = passage("غلاية.md", "إصلاح", text="كلفة إصلاح الغلاية مئتان وأربعون يورو.")


@pytest.mark.parametrize(
    "answer",
    [
        'It says "the boiler repair cost 240 euros in May".',
        "„The boiler repair cost 240 euros“ und »the boiler repair cost 240 euros«",
        "« The boiler repair cost 240 euros »",
        "“The boiler repair cost 240 euros in May, and she replaced the pump.”",
        "“The boiler … she replaced the pump”",
        '"It has ten years left"',
        "「锅炉的维修费用是二百四十欧元」とある",
        "“كلفة إصلاح الغلاية مئتان”",
        "> The boiler repair cost 240 euros in May\n> It has ten years left.\n",
        "> [!note] My own words about this and that\n> and more of them, which are mine\n",
        '"The Great Gatsby" and "boiler" and 5" pipes and it\'s 7" long and all of this is plain',
        "The dogs' bowls and the cats' food and everything else's place.",
        '`"words in code that stand nowhere at all"`',
        '```\n"words in code that stand nowhere at all"\n> nor do these words in here\n```',
        "> — [[Boiler#Repair]]",
        '{"name": "words that stand nowhere at all", "more": ["and others, just as invented", 3]}',
        '["words that stand nowhere at all"]',
        'Then call f(title="words that stand nowhere at all") once.',
        "'Twas the night of the dogs' bowls and the boss' car.",
        'An unclosed "quotation that ends with its line\nand goes on here',
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_what_stands_in_a_passage_or_is_no_quotation_stays_as_it_is(answer: str, step: int | None) -> None:
    assert shown(answer, NOTE, CHINESE, ARABIC, step=step) == answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('"The boiler repair cost 340 euros in May."', '"The boiler repair cost 240 euros in May."'),
        ("“the boiler repairs cost 240 euros in May”", "“The boiler repair cost 240 euros in May”"),
        ("> The boiler repair costs 240 euros in May", "> The boiler repair cost 240 euros in May"),
        ("「锅炉的维修费用是二百五十欧元」", "「锅炉的维修费用是二百四十欧元」"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_what_nearly_stands_there_is_mended_to_the_words_of_the_note(
    answer: str, expected: str, step: int | None
) -> None:
    assert shown(answer, NOTE, CHINESE, step=step) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('He wrote "pigs fly over the moon" there.', "He wrote pigs fly over the moon there."),
        ("„Schweine fliegen über den Mond“ und", "Schweine fliegen über den Mond und"),
        ("« Les cochons volent sur la lune »", " Les cochons volent sur la lune "),
        ("'pigs fly over the moon'", "pigs fly over the moon"),
        ("「月が飛ぶと彼は毎晩言っていました」と", "月が飛ぶと彼は毎晩言っていましたと"),
        (
            "> It has ten years left.\n> Pigs fly over the moon.\nEnd.",
            "> It has ten years left.\n\nPigs fly over the moon.\nEnd.",
        ),
        ("> Pigs fly over the moon. [[Boiler]]", "Pigs fly over the moon. [[Boiler]]"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_what_stands_nowhere_is_not_shown_as_a_quotation(answer: str, expected: str, step: int | None) -> None:
    assert shown(answer, NOTE, step=step) == expected


@pytest.mark.parametrize("step", [None, 4])
def test_a_quotation_too_long_to_be_held_back_is_shown_as_none(step: int | None) -> None:
    words = "word " * 200
    assert shown(f'He wrote "{words}end" there.', NOTE, step=step) == f"He wrote {words}end there."
    assert shown(f"> {words * 3}\n> x", NOTE, step=step) == f"{words * 3}\n> x"


def test_the_users_own_words_may_be_quoted() -> None:
    answer = 'You asked "do pigs fly over the moon".'
    assert shown(answer, NOTE, known=("Do pigs fly over the moon?",)) == answer


def test_without_passages_quotations_are_left_alone() -> None:
    assert shown('"pigs fly over the moon"') == '"pigs fly over the moon"'


def test_a_model_that_copies_is_taken_at_its_word() -> None:
    answer = "> Cost: 240 euros (Boiler table, row two)"
    assert shown(answer, NOTE, quotations=False) == answer


def test_mended_words_are_made_harmless_too() -> None:
    note = passage(text="Look here at ![x](https://evil.example/a) the big red pump <img src=y> now.")
    result = shown('"Look here at the x big red pump now"', note)
    assert "evil" not in result
    assert "<img" not in result
