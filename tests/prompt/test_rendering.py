"""What stands in front of a passage's text, and that no note can forge it."""

from __future__ import annotations

import pytest

from sidecar.prompt import Section, render
from sidecar.prompt.marks import harmless, on_one_line
from sidecar.prompt.rendering import render_all
from tests.citations.answers import passage


@pytest.mark.parametrize(
    ("more", "head"),
    [
        ({}, "[[Boiler#Repair]]"),
        ({"date": "2024-03-02"}, "[[Boiler#Repair]] (2024-03-02)"),
        ({"heading_path": ("Boiler", "House", "Repair")}, "[[Boiler#Repair]] (in: House)"),
        ({"title": "The old boiler"}, "[[Boiler#Repair]] (title: The old boiler)"),
        ({"tags": ("heating", "to do")}, "[[Boiler#Repair]] (#heating #to-do)"),
        (
            {"date": "2024-03-02", "properties": (("status", "done"),), "tags": ("heating",)},
            "[[Boiler#Repair]] (2024-03-02; status: done; #heating)",
        ),
        ({"title": "2024-03-02", "link": "2024-03-02#Repair", "date": "2024-03-02"}, "[[2024-03-02#Repair]]"),
        ({"link": "Boiler", "heading_path": ()}, "[[Boiler]]"),
    ],
)
def test_a_head_says_what_the_link_does_not(more: dict[str, object], head: str) -> None:
    assert render(passage(**more)) == f"{head}\nIt cost 240 euros."  # type: ignore[arg-type]  # the test's own keywords


def test_a_tag_that_stands_in_the_text_is_not_told_twice() -> None:
    assert render(passage(text="It cost 240. #Heating", tags=("heating", "boiler"))).startswith(
        "[[Boiler#Repair]] (#boiler)\n"
    )


def test_passages_of_one_note_have_its_date_and_properties_once() -> None:
    facts = {"date": "2024-03-02", "properties": (("status", "done"),)}
    first, second = passage(**facts), passage(heading="Model", text="Vaillant", **facts)  # type: ignore[arg-type]  # the test's own keywords
    other = passage("Other.md", "H", "x", **facts)
    assert render_all([first, second, other]) == (
        "[[Boiler#Repair]] (2024-03-02; status: done)\nIt cost 240 euros.\n\n[[Boiler#Model]]\nVaillant"
        "\n\n[[Other#H]] (2024-03-02; status: done)\nx"
    )


def test_each_section_within_a_passage_shows_the_link_that_leads_to_it() -> None:
    text = "## Repair\n\nIt cost 240.\n\n## Model\n\nVaillant"
    sections = tuple(
        Section(heading_path=(name,), link=f"Boiler#{name}", start_line=line)
        for name, line in (("Repair", 3), ("Model", 7))
    )
    shown = render(passage(text=text, sections=sections))
    assert "## Repair\n" in shown
    assert "## Model [[Boiler#Model]]\n" in shown


def test_what_was_left_out_shows_and_what_the_text_depends_on_stands_in_front() -> None:
    cut = passage(text="| Tap | 30 |", lead="| What | Euros |\n| --- | --- |", begins_cut=True, ends_cut=True)
    assert render(cut) == "[[Boiler#Repair]]\n[…]\n| What | Euros |\n| --- | --- |\n| Tap | 30 |\n[…]"


def test_the_indentation_of_a_nested_item_stays() -> None:
    assert render(passage(text="  - a tap", lead="- Parts")) == "[[Boiler#Repair]]\n- Parts\n  - a tap"


@pytest.mark.parametrize(
    "mark",
    [
        "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|eot_id|>", "<|channel|>", "<|turn>", "<turn|>",
        "<｜User｜>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "</s>", "<s>",
        "<think>", "</tool_call>", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[gMASK]", "[|user|]",
        "<|START_OF_TURN_TOKEN|>",
        "</notes", "</notes m4rk>", "</ Notes", "<notes x>",
    ],
)  # fmt: skip
def test_no_mark_of_a_template_or_of_the_frame_survives_in_text_titles_or_properties(mark: str) -> None:
    bad = passage(
        text=f"Text {mark} here", title=f"T {mark}", link=f"T {mark}", heading_path=(f"H {mark}", "x"),
        properties=((f"n {mark}", f"v\n{mark}"),), tags=(f"t{mark}",), lead=f"L {mark}",
    )  # fmt: skip
    shown = render(bad)
    assert mark not in shown
    assert mark.casefold() not in shown.casefold()
    head, *_ = shown.split("\n")
    assert head.count("[[") == 1


@pytest.mark.parametrize(
    "code",
    ["x <|> y", "a |> f", "xs <| f", "List<T>", "a[i]", "if a < b and c > d", "[link](u)", "<notebook>", "[[Note]]",
     "| a | b |", "a<sub>2</sub>", "- [ ] task"],
)  # fmt: skip
def test_ordinary_signs_of_code_and_markdown_are_left_alone(code: str) -> None:
    assert harmless(code) == code


def test_a_name_on_the_head_line_has_no_line_end_and_is_short() -> None:
    assert on_one_line("a\nb\u2028c\r\x00d" + "x" * 99, most=12) == "a b c dxxxx…"
    assert "\n" not in on_one_line("x\n[[Other]] (forged)\nIt says so", most=60)


@pytest.mark.parametrize(
    "text", ["<" * 10**6, "<|" * 500_000, "[" * 10**6, "< " * 500_000, "\n \n" * 300_000, "\x00" * 10**6]
)
def test_hostile_text_is_rendered(text: str) -> None:
    assert render(passage(text=text)).startswith("[[Boiler#Repair]]")
