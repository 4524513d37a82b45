"""Footnotes instead of wikilinks: numbered by first use, their ends behind the answer."""

from __future__ import annotations

import pytest

from tests.citations.answers import checked, passage, shown

OTHER = passage("Other.md", "Place", text="In the cellar.")


@pytest.mark.parametrize("step", [None, 1, 3])
def test_notes_are_numbered_by_their_first_use_and_defined_at_the_end(step: int | None) -> None:
    answer = "Dear [[Boiler#Repair]], low [[Other#Place]], dear [[Boiler#Repair]]."
    result, checker = checked(answer, passage(), OTHER, style="footnotes", step=step)
    assert result == "Dear [^1], low [^2], dear [^1].\n\n[^1]: [[Boiler#Repair]]\n[^2]: [[Other#Place]]"
    assert [result[a.start_index : a.end_index] for a in checker.annotations] == ["[^1]", "[^2]", "[^1]"]


def test_words_in_place_of_a_name_stay_in_the_text() -> None:
    result = shown("See [[Boiler#Repair|the bill]].", passage(), style="footnotes")
    assert result == "See the bill[^1].\n\n[^1]: [[Boiler#Repair]]"


def test_footnotes_of_the_answers_own_are_numbered_with_the_others() -> None:
    answer = "Dear[^1] [[Boiler#Repair]] and[^x].\n\n[^1]: For a pump.\n[^x]: Yes."
    assert shown(answer, passage(), style="footnotes") == (
        "Dear[^1] [^2] and[^3].\n\n[^1]: For a pump.\n[^3]: Yes.\n\n[^2]: [[Boiler#Repair]]"
    )


def test_numbers_that_the_conversation_uses_are_left_to_it() -> None:
    result = shown("Dear [[Boiler#Repair]].", passage(), style="footnotes", known=("Fix this[^1]\n\n[^1]: that",))
    assert result == "Dear [^2].\n\n[^2]: [[Boiler#Repair]]"


@pytest.mark.parametrize(
    ("answer", "ends"),
    [("[[Boiler]]\n```sh\nls", "ls\n```\n\n\n"), ("[[Boiler]]\n\n- a\n  ```\n  ls", "ls\n  ```\n\n\n")],
)
def test_definitions_stand_outside_of_a_fence_that_was_left_open(answer: str, ends: str) -> None:
    assert shown(answer, passage(), style="footnotes").endswith(f"{ends}[^1]: [[Boiler]]")


def test_an_answer_without_citations_is_credited_in_a_footnote() -> None:
    result, checker = checked("It cost 240 euros.", passage(), style="footnotes", credit=True)
    assert result == "It cost 240 euros.\n\n[^1]\n\n[^1]: [[Boiler#Repair]]"
    assert [result[a.start_index : a.end_index] for a in checker.annotations] == ["[^1]"]


def test_code_is_no_footnote() -> None:
    assert shown("`a[^1]`", passage(), style="footnotes") == "`a[^1]`"
