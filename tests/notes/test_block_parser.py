"""The blocks that are found are those of markdown-it-py's own loop over all of its rules."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sidecar.notes.block_parser import MAX_NESTING, atx_heading, delimited, parse_blocks

_MARKS = [
    "#", "# ", "## ", "#######", "-", "- ", "* ", "+ ", "+", "1. ", "2) ", "10. ", "0", "> ", ">", ">\t", "```",
    "~~~", "````", "``", "===", "---", "=", "--", "***", "_ _ _", "|", "| a | b |", "|---|---|", "-|-", ":-:", ":--|",
    "\\|", "$$", "%%", "<!-- ", "-->", "<div>", "</div>", "<b>", "<script>", "</script>", "<?", "?>", "<!A",
    "[a]: /url", "[a]:", "[^1]: ", "[!note] ", "    ", "  ", " ", "   ", "\t", " \t", "\n", "\n", "\n", "\n\n",
    "\n    ", "\n  ", "\n> ", "\n- ", "\n\t", "word", "a", "é", "你好", "\u00a0", "\u2028", "\x0c", "\x0b", "\x1f", ".",
    ")", "a b", "\\", "^id", "- [ ] ",
]  # fmt: skip
"""Everything that begins, ends or goes on with a block, and what looks like it."""
_BY_LINE = [
    "", "", "", " ", "\t", "text", "  text", "   - deep", "    code", "\tcode", "- item", "* item", "+", "-",
    "1. one", "2. two", "1) one", "  - nested", "    - nested", "      going on", "> quote", ">quote", "> - item",
    ">", "> > two", "> ```", "> | a |", "> |---|", "# heading", "## heading ##", "#", "#tag", "- # heading", "===",
    "---", "- ---", "***", "| a | b |", "|---|---|", "| c |", "a | b", "-|-", "```", "```python", "~~~", "- ```",
    "  ```", "$$", "$$x$$", "$$ x", "x $$", "%%", "%% a %%", "- $$", "> $$", "> %%", "<div>", "</div>", "<!-- a",
    "-->", "<b>bold", "<x-y>", "> <div>", "- <!-- a", "[a]: /url", "10. ten", "0. nil", "12345678901. long", "- a\tb",
    ">\tcode", "-\ttab", "> # heading", "> ---", "> ===", "  ===", "    ===", "-   ", "- > quote", "> 1. one",
    "   1. one", "   > quote",
]  # fmt: skip


def _library() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")
    parser.disable(["inline", "text_join", "reference", "normalize"])
    for marker, token_type in (("$$", "math_block"), ("%%", "comment_block")):
        alt = ["paragraph", "reference", "blockquote", "list"]
        parser.block.ruler.before("fence", token_type, delimited(marker, token_type), {"alt": alt})
    return parser


_LIBRARY = _library()


def _as_seen(tokens: list[Token]) -> list[tuple[object, ...]]:
    seen: list[tuple[object, ...]] = []
    for index, token in enumerate(tokens):
        if token.map is None or token.type in ("inline", "thead_open", "tbody_open"):
            continue
        kind = token.type
        text = ""
        if kind in ("heading_open", "paragraph_open"):
            kind = kind.removesuffix("_open")
            text = tokens[index + 1].content
        elif kind == "heading":
            text = token.content
        seen.append((kind, token.level, *token.map, (token.tag, text.strip()) if kind == "heading" else None))
    return seen


def _assert_same(text: str) -> None:
    found = _as_seen(parse_blocks(text.split("\n")))
    try:
        expected = _as_seen(_LIBRARY.parse(text))
    except IndexError:
        # Its html_block cuts out content behind the end of a text like "> - <!A\n> ", content that is not cut out here.
        return
    assert found == expected


@given(st.lists(st.sampled_from(_BY_LINE), max_size=12).map("\n".join))
@settings(max_examples=400)
def test_lines_of_every_kind_make_the_blocks_that_the_library_finds(text: str) -> None:
    _assert_same(text)


@given(st.lists(st.sampled_from(_MARKS), max_size=25).map("".join))
@settings(max_examples=400)
@example("- " * 30 + "a")
@example("> " * 50 + "a\nb")
@example("> - " * 25 + "a\n\nb")
@example(">\n$$ a\n$$")
@example("> a\n> $$\n\n$$\n")
@example("-\n\n  a")
@example("a\n| b |\n|---|")
@example("| a |\n|---|\n\u00a0\n| b |")
@example("| a |\n|---|\n| b |\n    | c |")
@example("- | a |\n  |---|\n  | b |\n| c |")
@example("> a\n| b |\n|---|\n| c |")
@example("\n   ")
@example("- a\n\n\n")
def test_marks_in_any_order_make_the_blocks_that_the_library_finds(text: str) -> None:
    _assert_same(text)


@given(st.text(alphabet="#->` \t\n=|$%<1.ab*~", max_size=60))
@settings(max_examples=400)
def test_characters_that_mean_something_make_the_blocks_that_the_library_finds(text: str) -> None:
    _assert_same(text)


@pytest.mark.parametrize("row", ["a", "|", "| a", "| a |", "a\\|", "\\|", "||", "a|b|c", "a \\\\| b"])
def test_a_table_ends_where_too_many_cells_are_missing(row: str) -> None:
    _assert_same("a|" * 2_000 + "\n" + "-|" * 2_000 + f"\n{row}" * 40)


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("# One", (1, "One")),
        ("###### Six ##", (6, "Six")),
        ("#", (1, "")),
        ("# #", (1, "")),
        ("## a#", (2, "a#")),
        ("#\ttab #\t", (1, "tab")),
        ("#tag", None),
        ("####### seven", None),
        ("text", None),
        ("", None),
    ],
)
def test_a_heading_has_up_to_six_marks_and_a_space(line: str, heading: tuple[int, str] | None) -> None:
    assert atx_heading(line) == heading


@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * 200_000 + "x",
        "#" * 200_000,
        "- " * 100_000,
        "> " * 100_000,
        "$$ a\n" * 40_000,
        "%%\n" + "a\n" * 100_000,
        "a\n" * 100_000 + "===",
        "|" * 200_000 + "\n" + "-|" * 100_000,
        "= =\n" * 50_000,
        "`" * 200_000,
    ],
    ids=["spaces", "marks", "lists", "quotes", "math", "comment", "paragraph", "table", "no underlines", "fence"],
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    assert parse_blocks(text.split("\n"))
