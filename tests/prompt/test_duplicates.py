"""The same text in two notes goes in once, and only what is the same counts as the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.prompt import Passage, without_duplicates
from tests.citations.answers import passage

TEXT = (
    "The boiler in the cellar was repaired in spring by the plumber from the village, who replaced the pump, the valve"
    " and two seals, and said that it should now run for ten years without another visit."
)
RUSSIAN = (
    "Котёл в подвале весной починил сантехник из соседней деревни: он заменил насос, клапан и две прокладки и сказал,"
    " что теперь всё должно работать десять лет без нового визита и без новых расходов на ремонт."
)
CHINESE = "地下室的锅炉在春天由村里的水管工修好了，他更换了水泵、阀门和两个密封圈，并说现在应该可以运行十年。"


def paths(*passages: Passage) -> list[str]:
    return [each.path for each in without_duplicates(passages)]


@pytest.mark.parametrize("text", [TEXT, RUSSIAN, CHINESE])
def test_a_copy_goes_in_once_whatever_its_blanks(text: str) -> None:
    copy = passage("Copy.md", text=f"  {text}\n\n".replace(" ", "  "))
    assert paths(passage("A.md", text=text), copy, passage("B.md", text="Something else.")) == ["A.md", "B.md"]


@pytest.mark.parametrize(("text", "old", "new"), [(TEXT, "plumber", "fitter"), (RUSSIAN, "сантехник", "мастер")])
def test_a_conflicting_copy_with_one_word_changed_is_the_same(text: str, old: str, new: str) -> None:
    assert paths(passage("A.md", text=text), passage("A 1.md", text=text.replace(old, new))) == ["A.md"]


def test_the_more_complete_copy_takes_the_place_of_the_better_one() -> None:
    longer = passage(
        "Full.md", text=f"{TEXT} He sent his bill in May, and it was higher than agreed by a third.", score=0.2
    )
    (kept,) = without_duplicates([passage("A.md", text=TEXT, score=0.7), longer])
    assert (kept.path, kept.score) == ("Full.md", 0.7)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (passage("A.md", text=f"{TEXT} It took 3 hours."), passage("B.md", text=f"{TEXT} It took 4 hours.")),
        (passage("2024-01-01.md", text="Went for a run.", date="2024-01-01"),
         passage("2024-01-02.md", text="Went for a run.", date="2024-01-02")),
        (passage("A.md", text="Yes."), passage("B.md", text="Yes.")),
        (passage("A.md", text=TEXT), passage("B.md", text=TEXT, local=True)),
        (passage("A.md", text=TEXT), passage("A.md", heading="Again", text=TEXT)),
        (passage("A.md", text=TEXT, vault="one"), passage("A.md", text=RUSSIAN, vault="two")),
        (passage("A.md", text=TEXT), passage("B.md", text=TEXT, mentioned=True)),
    ],
)  # fmt: skip
def test_what_differs_in_a_number_a_day_or_who_may_read_it_is_kept(one: Passage, other: Passage) -> None:
    assert paths(one, other) == [one.path, other.path]


def test_what_is_embedded_and_found_by_itself_stands_there_once() -> None:
    host = replace(
        passage("Host.md", text="See ![[A]]."), embedded=(passage("A.md", text=TEXT), passage("B.md", text="New."))
    )
    kept = without_duplicates([host, passage("A.md", text=f"Before. {TEXT}")])
    assert [each.path for each in kept[0].embedded] == ["B.md"]
    assert len(kept) == 2


@pytest.mark.parametrize("text", ["x" * 10**6, "a " * 500_000, "\x00" * 10**6, "1 " * 500_000])
def test_hostile_texts_are_compared(text: str) -> None:
    assert len(without_duplicates([passage("A.md", text=text), passage("B.md", text=text + "b")])) in (1, 2)


@pytest.mark.parametrize(("local", "shown"), [(True, ["B.md"]), (False, [])])
def test_what_a_note_that_stays_here_says_too_is_still_shown_where_it_is_embedded(
    local: bool, shown: list[str]
) -> None:
    host = replace(passage("Host.md", text="See ![[B]]."), embedded=(passage("B.md", text=TEXT),))
    kept = without_duplicates([host, replace(passage("Copy.md", text=TEXT), local=local)])
    assert [each.path for each in kept[0].embedded] == shown
