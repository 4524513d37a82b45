"""What a window has room for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.prompt import Matched, Passage, cut, fit, render, with_less_around
from sidecar.prompt.fitting import fitted
from sidecar.prompt.shortening import shortened
from tests.citations.answers import passage

FILLER = [f"Paragraph {n} tells of the weather in the hills and of nothing else." for n in range(60)]


def long_note(sentence: str, at: int, **more: object) -> Passage:
    paragraphs = [*FILLER[:at], sentence, *FILLER[at:]]
    return passage("Long.md", "All", "\n\n".join(paragraphs), end_line=3 + 2 * len(paragraphs), **more)


def tokens(*passages: Passage) -> list[int]:
    return [len(render(each)) // 4 for each in passages]


@pytest.mark.parametrize("at", [0, 30, 60])
def test_a_mentioned_note_that_is_too_long_keeps_what_is_nearest_to_the_question(at: int) -> None:
    note = long_note("The boiler was repaired for 240 euros.", at, mentioned=True)
    kept = fit([note], tokens(note), room=200, question="What did repairing the boiler cost?")
    assert any("240 euros" in each.text for each in kept)
    assert sum(tokens(*kept)) <= 220
    assert [each.start_line for each in kept] == sorted(each.start_line for each in kept)


def test_pieces_are_the_notes_own_text_on_its_own_lines() -> None:
    note = long_note("The boiler was repaired for 240 euros.", 30)
    lines = note.text.split("\n")
    for kept in fit([note], tokens(note), room=150, question="boiler"):
        assert kept.text in note.text
        assert lines[kept.start_line - note.start_line].startswith(kept.text[:10])
        assert kept.end_line == kept.start_line + kept.text.count("\n")
        assert kept.begins_cut == (kept.text[:9] != note.text[:9])


def test_a_cut_is_behind_a_sentence_and_says_so() -> None:
    note = passage(text="The boiler cost 240 euros, all in all. " * 100)
    (kept,) = cut([note], tokens(note), room=100)
    assert kept.text.endswith("all in all.")
    assert render(kept).endswith("\n[…]")


def test_chinese_is_cut_behind_a_sentence_too() -> None:
    note = passage(text="锅炉的修理费是二百四十欧元。天气很好。" * 60)
    kept = cut([note], [1200], room=200, question="修理费")
    assert all(each.text.endswith("。") and "修理费" in each.text for each in kept)
    assert 80 < sum(len(each.text) for each in kept) < 200


def test_a_mentioned_note_longer_than_the_window_leaves_a_fifth_to_the_others() -> None:
    note = long_note("The boiler was repaired.", 9, mentioned=True)
    others = [passage(f"{n}.md", "H", "A short fact about the boiler. " * 4) for n in range(9)]
    kept = fit([note, *others], tokens(note, *others), room=500, question="boiler")
    used = sum(tokens(*(each for each in kept if not each.mentioned)))
    assert 60 <= used <= 140
    assert sum(tokens(*kept)) <= 520


def test_where_others_need_less_a_mentioned_note_gets_what_they_leave() -> None:
    note, other = long_note("x", 9, mentioned=True), passage("o.md", "H", "Short.")
    kept = fit([note, other], tokens(note, other), room=500, question="weather")
    assert sum(tokens(*(each for each in kept if each.mentioned))) > 350


def test_two_mentioned_notes_share_and_the_short_one_is_whole() -> None:
    long, short = long_note("x", 9, mentioned=True), passage("s.md", "H", "Short and asked for.", mentioned=True)
    kept = fit([long, short], tokens(long, short), room=300, question="")
    assert short in kept
    assert any(each.path == "Long.md" for each in kept)


def around(hit: str, before: str, behind: str) -> Passage:
    text = f"{before} {hit} {behind}"
    start = len(before) + 1
    found = Matched(start=start, end=start + len(hit), heading_path=("Repair",), link="Boiler#Repair", score=0.5)
    return passage(text=text, matched=(found,))


def test_what_was_added_around_a_hit_goes_before_anything_that_was_found() -> None:
    both = [replace(around("It cost 240.", "Before. " * 20, "Behind. " * 20), path=f"{n}.md") for n in range(2)]
    chosen = fitted(both, tokens(*both), room=50)
    assert [chosen[n].pieces[0].text for n in (0, 1)] == ["It cost 240."] * 2
    assert all(each.whole for each in chosen.values())
    assert not any(each.pieces[0].begins_cut for each in chosen.values())


def test_what_is_left_is_filled_with_what_stands_around_the_best() -> None:
    both = [replace(around("It cost 240.", "Before. " * 20, "Behind. " * 20), path=f"{n}.md") for n in range(2)]
    chosen = fitted(both, tokens(*both), room=tokens(*both)[0] + 20)
    assert [chosen[n].pieces[0] == both[n] for n in (0, 1)] == [True, False]


def test_only_the_nearest_sentences_are_kept_around_a_hit() -> None:
    before, behind = "Far away. " * 90 + "This stands near before.", "This stands near behind. " + "Far away. " * 90
    near = with_less_around(around("It cost 240.", before, behind), most=60)
    assert "This stands near before. It cost 240. This stands near behind." in near.text
    assert len(near.text) <= len("It cost 240.") + 2 * 60
    assert near.text[near.matched[0].start : near.matched[0].end] == "It cost 240."


def test_nothing_is_taken_where_there_is_no_room_for_a_sentence() -> None:
    note = passage(text="The boiler cost two hundred and forty euros altogether. " * 50)
    assert cut([note], [700], room=5) == []
    assert fit([], [], room=100) == []


@pytest.mark.parametrize("text", ["x" * 400_000, ". " * 200_000, "\n" * 400_000, "- a\n" * 100_000, "| a |\n" * 60_000])
def test_hostile_text_is_cut_to_size(text: str) -> None:
    pieces = shortened(passage(text=text), characters=900, question="x " * 5000)
    assert sum(len(each.text) for each in pieces) <= 900
