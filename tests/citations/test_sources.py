"""Sources: those that were used, each with the words of the passage that bear the answer out, and their lines."""

from __future__ import annotations

import pytest

from sidecar.prompt import Section
from tests.citations.answers import checked, passage

NOTE = passage(
    text=(
        "The boiler is in the cellar.\nThe repair cost 240 euros.\nThe pump was new.\n\n## Model\nA Vaillant from 2015."
    ),
    start_line=10,
    end_line=15,
    sections=(Section(heading_path=("Repair", "Model"), link="Boiler#Model", start_line=14),),
)


@pytest.mark.parametrize(
    ("answer", "link", "lines", "quote"),
    [
        ("The repair was 240 euros [[Boiler#Repair]].", "Boiler#Repair", (11, 11), "The repair cost 240 euros."),
        ("It is a Vaillant [[Boiler#Model]].", "Boiler#Model", (15, 15), "A Vaillant from 2015."),
        ("A Vaillant, from 2015 [[Boiler]].", "Boiler#Model", (15, 15), "A Vaillant from 2015."),
        (
            "In the cellar, for 240 euros, with a pump. [[Boiler#Repair]]",
            "Boiler#Repair",
            (10, 12),
            "The boiler is in the cellar.\nThe repair cost 240 euros.\nThe pump was new.",
        ),
        (
            'It says "the boiler is in the cellar", cost 240 euros [[Boiler#Repair]].',
            "Boiler#Repair",
            (10, 10),
            "The boiler is in the cellar",
        ),
        (
            "Xyzzy [[Boiler#Repair]].",
            "Boiler#Repair",
            (10, 12),
            "The boiler is in the cellar.\nThe repair cost 240 euros.\nThe pump was new.",
        ),
    ],
)
def test_a_source_is_the_stretch_that_the_sentence_rests_on(
    answer: str, link: str, lines: tuple[int, int], quote: str
) -> None:
    _, checker = checked(answer, NOTE)
    (source,) = checker.sources
    assert (source.link, (source.start_line, source.end_line), source.quote) == (link, lines, quote)


def test_only_passages_that_were_cited_are_sources_in_the_order_of_citation() -> None:
    other, third = passage("Other.md", "A", text="Penguins."), passage("Third.md", "B", text="Owls.")
    _, checker = checked("Owls [[Third]] and [[Boiler#Repair]] and owls [[Third]].", passage(), other, third)
    assert [source.path for source in checker.sources] == ["Third.md", "House/Boiler.md"]


def test_an_embedded_note_is_cited_as_itself() -> None:
    sauce = passage("Sauce.md", "Honey", text="Stir the honey.", start_line=7)
    _, checker = checked("Stir it [[Sauce#Honey]].", passage(text="![[Sauce]]", embedded=(sauce,)), sauce)
    assert [(source.path, source.start_line, source.quote) for source in checker.sources] == [
        ("Sauce.md", 7, "Stir the honey.")
    ]


def test_the_passage_of_the_cited_heading_is_the_source_not_the_first_of_the_note() -> None:
    other = passage(heading="Model", text="Vaillant", start_line=20)
    _, checker = checked("[[Boiler#Model]]", passage(), other)
    assert [source.start_line for source in checker.sources] == [20]


def test_the_passage_under_the_cited_heading_itself_comes_before_those_further_below() -> None:
    below = passage(heading="Costs", text="240 euros", heading_path=("Repair", "Costs"), start_line=20)
    result, checker = checked("[[Boiler#Repair]]", below, passage(heading="Repair", start_line=3))
    assert result == "[[Boiler#Repair]]"
    assert [source.start_line for source in checker.sources] == [3]


def test_of_several_passages_under_the_cited_heading_the_one_that_was_quoted_is_the_source() -> None:
    first, other = passage(text="It was old.", start_line=4), passage(text="The pump was broken again.", start_line=20)
    for said in ("“The pump was broken again”", "The pump was broken"):
        _, checker = checked(f"{said} [[Boiler#Repair]].", first, other)
        assert [(each.start_line, each.quote) for each in checker.sources] == [
            (20, "The pump was broken again" + "." * (said[0] == "T"))
        ]


def test_of_several_quotations_before_a_citation_the_first_is_the_sources() -> None:
    note = passage(text="It was old. The pump was broken again. Then it ran for years.")
    answer = "> The pump was broken again.\n>\n> Then it ran for years.\n\n[[Boiler#Repair]]"
    assert [each.quote for each in checked(answer, note)[1].sources] == ["The pump was broken again"]


def test_sources_and_annotations_are_the_same_however_the_answer_is_cut() -> None:
    model = passage(heading="Model", text="A Vaillant ecoTEC of 2019.", start_line=20)
    answer = "It is old [[Boiler]]. “It cost 240 euros” [[Boiler]]. “A Vaillant ecoTEC of 2019” [[Boiler]]."
    whole, letters = (checked(answer, passage(), model, step=step)[1] for step in (None, 1))
    assert len(whole.sources) == 2
    assert (whole.sources, whole.annotations) == (letters.sources, letters.annotations)


@pytest.mark.parametrize("target", ["Boiler#Repair", "Boiler"])
def test_a_passage_that_begins_with_the_headings_above_its_own_is_quoted_with_its_words(target: str) -> None:
    text = "# Boiler\n\n## Repair\n\nIt cost 240 euros."
    sections = [(("Boiler",), "Boiler", 3), (("Boiler", "Repair"), "Boiler#Repair", 5)]
    note = passage(
        text=text,
        heading_path=("Boiler", "Repair"),
        end_line=7,
        sections=tuple(Section(heading_path=path, link=link, start_line=line) for path, link, line in sections),
    )
    _, checker = checked(f"It cost 240 euros [[{target}]].", note)
    assert [(each.start_line, each.end_line, each.quote) for each in checker.sources] == [(7, 7, "It cost 240 euros.")]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("It cost 240 euros.", "It cost 240 euros."),
        ("240 euros.", "It cost 240 euros."),
        ("维修费用是二百四十欧元。", "锅炉的维修费用是二百四十欧元，技师更换了水泵。"),
        ("ค่าซ่อมหม้อไอน้ำ", "ค่าซ่อมหม้อไอน้ำคือสองร้อยยูโร"),
    ],
)
def test_an_answer_without_citations_is_credited_to_the_passage_that_supports_it(answer: str, text: str) -> None:
    other = passage("Other.md", "H", text="Nothing here")
    result, checker = checked(answer, other, passage(text=text), credit=True)
    assert result == f"{answer}\n\n[[Boiler#Repair]]"
    assert [source.path for source in checker.sources] == ["House/Boiler.md"]


@pytest.mark.parametrize(
    ("answer", "link"),
    [
        ("It cost 240 euros.", "[[Boiler#Repair]]"),
        ("Rosa warned of the pump.", "[[Boiler#Warnings]]"),
        ("Rosa warned of the pump. It cost 240 euros.", "[[Boiler]]"),
    ],
)
def test_an_answer_without_citations_is_credited_to_the_section_that_has_all_of_it(answer: str, link: str) -> None:
    text = "# Boiler\n\nIn the cellar.\n\n## Repair\n\nIt cost 240 euros.\n\n## Warnings\n\nRosa warned of the pump."
    begun = [(("Boiler", "Repair"), "Boiler#Repair", 7), (("Boiler", "Warnings"), "Boiler#Warnings", 11)]
    sections = tuple(Section(heading_path=path, link=link, start_line=line) for path, link, line in begun)
    note = passage(text=text, heading_path=("Boiler",), link="Boiler", end_line=13, sections=sections)
    twice = passage(text=text, heading_path=("Boiler",), link="Boiler", end_line=13, sections=sections)
    result, _ = checked(answer, note, twice, credit=True)
    assert result == f"{answer}\n\n{link}"


@pytest.mark.parametrize(
    "answer",
    [
        "Penguins live in Antarctica.",
        "Yes.",
        "Your notes do not mention what it cost in euros.",
        "In den Notizen steht nichts über die Kosten in euros.",
        "Las notas no dicen cuánto cost 240 euros.",
        "As notas não mencionam cost 240 euros.",
        "Les notes ne mentionnent pas cost 240 euros.",
        "Le note non dicono cost 240 euros.",
        "В заметках нет cost 240 euros.",
        "笔记中没有提到 cost 240 euros。",
    ],
)
def test_an_answer_that_no_passage_supports_gets_no_source(answer: str) -> None:
    result, checker = checked(answer, passage(), credit=True)
    assert result == answer
    assert checker.sources == ()


def test_the_place_of_a_quote_is_where_it_stands_in_its_line() -> None:
    note = passage(text="First line.\nIt was old. The repair cost 240 euros. Then it ran.", start_line=8)
    _, checker = checked("The repair: 240 euros [[Boiler#Repair]].", note)
    (source,) = checker.sources
    assert (source.start_line, source.start_column, source.quote) == (9, 12, "The repair cost 240 euros.")


def test_of_several_citations_of_a_section_the_one_that_it_bears_out_best_is_quoted() -> None:
    _, checker = checked("Pump, valve, wires [[Boiler#Repair]]. It cost 240 euros [[Boiler#Repair]].", NOTE)
    assert [source.quote for source in checker.sources] == ["The repair cost 240 euros."]
