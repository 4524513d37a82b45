"""Links in an answer: those to notes that were given are kept or mended, others are shown as text."""

from __future__ import annotations

import pytest

from sidecar.citations import obsidian_uri
from sidecar.prompt import Section
from tests.citations.answers import checked, passage, shown

EMBEDDING = passage(text="It cost 240 euros. ![local](Attachments/plan.png) ![[pump.jpg]] ![[Other note]]")
MODEL = passage(
    text="It cost 240 euros.\n\n## Model\nA Vaillant from 2015.",
    end_line=6,
    sections=(Section(heading_path=("Repair", "Model"), link="Boiler#Model", start_line=5),),
    properties=(("aliases", "Heater, Kessel"),),
    block_ids=("b1",),
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It cost 240 [[Boiler#Repair]].", "It cost 240 [[Boiler#Repair]]."),
        ("See [[boiler]].", "See [[boiler]]."),
        ("See [[House/Boiler.md|the note]].", "See [[Boiler#Repair|the note]]."),
        ("See [[Boiler#Invented heading]].", "See [[Boiler#Repair]]."),
        ("See [[Invented note]].", "See Invented note."),
        ("See [[Invented note#H|shown]].", "See shown."),
        ("![[Boiler]]", "[[Boiler]]"),
        ("![chart](https://evil.example/?q=240)", "(chart)"),
        ("![](//evil.example/x.png)", "(image)"),
        ("![](data:image/png;base64,AAAA)", "(image)"),
        ("a < b and c <3 d", "a < b and c <3 d"),
        ("$a<b$ and x<y)", "$a<b$ and x<y)"),
        ("An open [[end", "An open [[end"),
        ("array[[0]] = 1", "array0 = 1"),
        ("Use `[[ -f x ]]` here", "Use `[[ -f x ]]` here"),
        ("```sh\nif [[ -f x ]]; then\n```\nSee [[Nowhere]].", "```sh\nif [[ -f x ]]; then\n```\nSee Nowhere."),
        ("~~~\n```\n[[a b]]\n~~~\n[[c d]]", "~~~\n```\n[[a b]]\n~~~\nc d"),
        ("```rust\nlet a = vec![1, 2];\n```", "```rust\nlet a = vec![1, 2];\n```"),
        ("`vec![1, 2]` makes one", "`vec![1, 2]` makes one"),
        ("What?! [ok] ! **bold** \\frac{a}{b} \\[x\\]", "What?! [ok] ! **bold** \\frac{a}{b} \\[x\\]"),
        ("- [ ] open\n- [x] done", "- [ ] open\n- [x] done"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_only_what_checks_out_is_shown_as_a_link(answer: str, expected: str, step: int | None) -> None:
    assert shown(answer, passage(), step=step) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("[Boiler](Boiler.md)", "[[Boiler]]"),
        ("[the boiler](House/Boiler.md#Model)", "[[Boiler#Model|the boiler]]"),
        ("[Boiler](House%2FBoiler.md)", "[[Boiler]]"),
        ("(Boiler#Repair)", "([[Boiler#Repair]])"),
        ("【Boiler】", "[[Boiler]]"),
        ("[source: Boiler]", "[[Boiler]]"),
        ("[Boiler#Model]", "[[Boiler#Model]]"),
        ("[[Boiler]]#Model is", "[[Boiler#Model]] is"),
        ("[[Boiler]].md.", "[[Boiler]]."),
        ("[[Boiler]]: so", "[[Boiler]]: so"),
        ("[[Boiler#Repair]], [[Boiler#Model]]", "[[Boiler#Repair]], [[Boiler#Model]]"),
        ("**[[Boiler]]**", "**[[Boiler]]**"),
        ("| [[Boiler\\|it]] |", "| [[Boiler\\|it]] |"),
        ("`[[Boiler]]`", "[[Boiler]]"),
        ("[[BOILER]]", "[[BOILER]]"),
        ("[[Heater#Repair]]", "[[Boiler#Repair]]"),
        ("[[Boiler#Modell]]", "[[Boiler#Model]]"),
        ("[[Boiler#Nothing like it at all]]", "[[Boiler]]"),
        ("[[Boiler#^b1]]", "[[Boiler#^b1]]"),
        ("[1] and (see below) and 【4:0†source】", "[1] and (see below) and 【4:0†source】"),
    ],
)
@pytest.mark.parametrize("step", [None, 1])
def test_citations_in_other_forms_are_mended_where_they_are_unambiguous(
    answer: str, expected: str, step: int | None
) -> None:
    assert shown(answer, MODEL, step=step) == expected


def test_a_name_is_the_same_whichever_way_its_accents_are_written() -> None:
    note = passage("Caf\u00e9.md", "Preis", text="Drei Euro.")
    assert shown("[[Cafe\u0301#Preis]] [[CAFÉ#preis]]", note) == "[[Caf\u00e9#Preis]] [[Caf\u00e9#Preis]]"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("![local](Attachments/plan.png)", "![local](Attachments/plan.png)"),
        ("![[pump.jpg]]", "![[pump.jpg]]"),
        ("![[other.jpg]]", "other.jpg"),
        ("![[Other note]]", "[[Other note]]"),
        ("![x](Attachments/other.png)", "(x)"),
        ("![x](../../secret.png)", "(x)"),
        ("[[../../etc/passwd]]", "../../etc/passwd"),
        ("![[../../etc/passwd]]", "../../etc/passwd"),
        ("[p](file:///etc/passwd)", "p (file:`///etc/passwd`)"),
    ],
)
def test_only_embeds_that_stand_in_a_passage_survive(answer: str, expected: str) -> None:
    known = ("see [[../../etc/passwd]] ![x](../../secret.png)",)
    assert shown(answer, EMBEDDING, known=known) == expected


def test_links_that_the_conversation_itself_contains_are_kept() -> None:
    assert shown("Done: [[My plan]].", passage(), known=("Rewrite: see [[My plan]]",)) == "Done: [[My plan]]."
    assert shown("As in [[Router]].", passage(text="Ask [[Router]] first")) == "As in [[Router]]."


@pytest.mark.parametrize("title", ["<img src=x>", "c &#58; d"])
def test_a_note_whose_name_is_markup_is_cited_as_text(title: str) -> None:
    note = passage(f"{title}.md", "H", text="Short.")
    result = shown(f"Look [source: {title}] or [[{title}]]", note)
    assert "<img" not in result
    assert f"[[{title}" not in result


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_the_answer_is_the_same_however_it_is_cut_into_deltas(step: int) -> None:
    answer = "Yes [[Boiler#Repair]], ![x](https://evil.example/a) and [[Nowhere|else]] <img src=x> ![[Boiler]] end!"
    whole, _ = checked(answer, passage())
    cut, checker = checked(answer, passage(), step=step)
    assert cut == whole
    assert [cut[a.start_index : a.end_index] for a in checker.annotations] == ["[[Boiler#Repair]]", "[[Boiler]]"]


def test_an_annotation_says_where_the_citation_stands_and_where_it_leads() -> None:
    result, checker = checked("Caro 🔥: [[Boiler#Repair]]!", passage())
    (annotation,) = checker.annotations
    assert result[annotation.start_index : annotation.end_index] == "[[Boiler#Repair]]"
    assert annotation.url == "obsidian://open?vault=My%20vault&file=House%2FBoiler%23Repair"
    assert [source.path for source in checker.sources] == ["House/Boiler.md"]


def test_an_address_survives_every_character() -> None:
    assert (
        obsidian_uri("V & W", "a/b ü#?.md", ("x & y",))
        == "obsidian://open?vault=V%20%26%20W&file=a%2Fb%20%C3%BC%23%3F%23x%20%26%20y"
    )


@pytest.mark.parametrize(
    "quoted",
    [
        "Ask [[Boiler]] first.",
        "Ask [[boiler|the old one]] first.",
        "See [[Nowhere at all]].",
        "| Ann | [[Boiler\\|old]] |",
        "Known as [Boiler].",
        "`[[Boiler]]` is how it is linked.",
    ],
)
def test_links_in_what_a_model_that_only_quotes_has_quoted_stay_and_cite_nothing(quoted: str) -> None:
    source = passage("Log.md", "Today", text=f"{quoted} It rained.")
    answer = f"> {quoted}\n\n — [[Log#Today]]"
    text, checker = checked(answer, source, passage(), quotations=False, step=3)
    assert text == answer
    assert [each.path for each in checker.sources] == ["Log.md"]
    assert [each.title for each in checker.annotations] == ["Log#Today"]


def test_in_a_block_quote_of_another_model_links_are_citations() -> None:
    text, checker = checked("> It cost 240 euros. [[boiler#Invented]]", passage())
    assert text == "> It cost 240 euros. [[Boiler#Repair]]"
    assert [each.path for each in checker.sources] == ["House/Boiler.md"]


def test_a_link_that_no_passage_has_is_no_link_in_a_quotation_either() -> None:
    text, checker = checked("> See [[../secret]] and [[Invented]].", passage(), quotations=False)
    assert text == "> See ../secret and Invented."
    assert not checker.sources
