"""What the extractive model quotes of the properties in front of a note."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.inference.choosing import best_quotations
from sidecar.inference.model import Source
from sidecar.inference.property_lines import property_pieces

FILM = """categories:
  - "[[Films]]"
cover: https://pictures.example/M/MV5BMTk_V1_SX300.jpg
genre: [slow, "[[Sea, fog and rain]]"]
director:
  - "[[Ines Duarte]]"
year: 1982
rating:
created: {{date}}
updated: 2023-09-12"""
PERSON = """type: person
birthday: 1988-04-02
phone: "+351 912 345 678"
aliases: [Marta]
created: 2024-01-05"""


def source(text: str, title: str, *, heading: str = "") -> Source:
    return Source(
        link=f"{title}#{heading}" if heading else title,
        title=title,
        heading_path=(heading,) if heading else (),
        text=text,
        date=None,
        score=0.5,
    )


def quoted(question: str, *sources: Source) -> list[str]:
    return [each.text for each in best_quotations(question, sources, language="en")]


def test_each_property_with_a_value_is_a_quotation_without_the_marks_of_yaml() -> None:
    assert [piece.text for piece in property_pieces(FILM) or []] == [
        "categories: [[Films]]",
        "cover: https://pictures.example/M/MV5BMTk_V1_SX300.jpg",
        "genre: slow, [[Sea, fog and rain]]",
        "director: [[Ines Duarte]]",
        "year: 1982",
        "updated: 2023-09-12",
    ]


def test_text_that_goes_on_over_its_lines_is_one_value() -> None:
    text = "notes: >\n  The tap is behind the shed\n  and turns left.\nlinks:\n  shed: far\n  tap: near"
    assert [piece.text for piece in property_pieces(text) or []] == [
        "notes: The tap is behind the shed and turns left.",
        "links: shed: far, tap: near",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Birds that I saw:\n\n- a heron\n- two kites",
        "Ingredients:\n- lentils\n- cumin",
        "Remember: the key hangs under the third step on the left, and the gate sticks when it has rained. Push hard.",
        "The boiler is old.\nIt leaks: every winter.",
        "- one\n- two",
        "",
    ],
)
def test_lists_and_sentences_with_a_colon_are_no_properties(text: str) -> None:
    assert property_pieces(text) is None


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Who directed Harbour Lights?", "director: [[Ines Duarte]]"),
        ("What is the genre of Harbour Lights?", "genre: slow, [[Sea, fog and rain]]"),
        ("In which year was Harbour Lights made?", "year: 1982"),
        ("cover of Harbour Lights", "cover: https://pictures.example/M/MV5BMTk_V1_SX300.jpg"),
        ("when was Harbour Lights updated", "updated: 2023-09-12"),
    ],
)
def test_a_property_that_is_asked_for_comes_first(question: str, first: str) -> None:
    assert quoted(question, source(FILM, "Harbour Lights"))[0] == first


def test_a_question_for_a_time_gets_dates_and_neither_other_numbers_nor_when_the_file_was_touched() -> None:
    assert quoted("When was Marta Silva born?", source(PERSON, "Marta Silva")) == ["birthday: 1988-04-02"]


def test_a_question_that_only_names_the_note_gets_what_describes_it() -> None:
    found = quoted("Harbour Lights", source(FILM, "Harbour Lights"))
    assert found == ["genre: slow, [[Sea, fog and rain]]", "director: [[Ines Duarte]]", "year: 1982"]


def test_properties_that_nothing_asks_for_do_not_displace_a_sentence() -> None:
    body = source("Freeze what is left for three months.", "Harbour soup", heading="Notes")
    found = quoted("Can I freeze harbour soup?", source("servings: 4\nrating: 5", "Harbour soup"), body)
    assert found == ["Freeze what is left for three months."]


def test_what_sorts_notes_is_not_quoted_for_the_words_that_it_holds() -> None:
    text = 'categories: "[[Meetings]]"\ncreated: 2023-09-12\npeople: "[[Ann]]"'
    body = source("We talked about the harbour with Ann.", "Harbour talk", heading="Notes")
    found = quoted("meetings with Ann", source(text, "2023-09-12 Talk"), body)
    assert set(found) == {"people: [[Ann]]", "We talked about the harbour with Ann."}


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What is the trade of Marie Dupont?", "trade: architect"),
        ("In which town does Marie Dupont live?", "town: Lyon"),
        ("dog of Marie Dupont", "Her dog is called Filou."),
        ("motto of Marie Dupont", "Her dog is called Filou."),
    ],
)
def test_properties_that_no_passage_holds_are_quoted_as_well(question: str, first: str) -> None:
    told = (("trade", "architect"), ("town", "Lyon"), ("motto", "Measure twice, then…"))
    body = replace(source("Her dog is called Filou.", "Marie Dupont"), properties=told)
    assert quoted(question, body)[0] == first


@pytest.mark.parametrize("text", ["a: " + "[" * 300_000, "a: [" + ", " * 100_000, "a:\n" * 100_000, "a" * 1_000_000])
def test_hostile_properties_are_read_quickly(text: str) -> None:
    assert len(quoted("Who wrote it, and when?", source(text, "Note"))) <= 5
