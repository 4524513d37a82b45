"""The parts of `sidecar mcp` that need no process: lines, notes in pieces, schemas, words."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sidecar.mcp_server.note_text import Piece, between, by_section, joined, page, under
from sidecar.mcp_server.streams import split_lines
from sidecar.mcp_server.told import shortened, valid
from sidecar.mcp_server.tools import TOOLS
from sidecar.protocol.mcp_inputs import input_schema


def lines(pieces: Iterable[bytes], most: int = 100) -> list[bytes]:
    given = iter([*pieces, b""])
    return list(split_lines(lambda: next(given), most=most))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        ([b"one\ntwo\n"], [b"one", b"two"]),
        ([b"o", b"ne", b"\ntw", b"o\n"], [b"one", b"two"]),
        ([b"\n\n"], [b"", b""]),
        ([b"cut off"], []),
        ([b"x" * 101, b"\nafter\n"], [b"", b"after"]),
        ([b"x" * 60, b"y" * 60, b"z\nafter\n"], [b"", b"after"]),
        ([b"x" * 101 + b"\nafter\n"], [b"", b"after"]),
        ([b"x" * 100 + b"\n"], [b"x" * 100]),
        ([b"x" * 101, b"y\n" + b"z" * 99, b"\n"], [b"", b"z" * 99]),
    ],
    ids=range(10),
)
def test_input_is_cut_into_lines_and_a_line_without_end_is_not_kept(pieces: list[bytes], expected: list[bytes]) -> None:
    assert lines(pieces) == expected


def piece(text: str, first: int, *headings: str) -> Piece:
    return Piece(heading_path=headings, text=text, first_line=first, last_line=first + text.count("\n"))


PIECES = [piece("# A\none", 1, "A"), piece("## B\ntwo\nthree", 4, "A", "B"), piece("## C `c`\nfour", 7, "A", "C `c`")]


def test_pieces_are_joined_with_as_many_line_ends_as_a_paragraph_has() -> None:
    assert joined(PIECES) == "# A\none\n\n## B\ntwo\nthree\n## C `c`\nfour"
    assert joined([piece("a long", 1), piece("line", 1)]) == "a long line"
    assert joined([piece("above", 1), piece("below", 40)]) == "above\n\nbelow"
    assert joined([]) == ""


def test_a_section_is_found_by_its_heading_and_has_what_is_below_it() -> None:
    assert under(PIECES, " ## b ") == [PIECES[1]]
    assert under(PIECES, "A") == PIECES
    assert under(PIECES, "c `C`") == [PIECES[2]]
    assert under(PIECES, "") == []


def test_lines_are_cut_where_they_can_be_told_apart() -> None:
    assert joined(between(PIECES, 5, 5)) == "two"
    assert joined(between(PIECES, 2, 5)) == "one\n\n## B\ntwo"
    assert joined(between(PIECES, 8, None)) == "four"
    assert between(PIECES, 5, 4) == []
    untold = Piece(heading_path=(), text="one line", first_line=1, last_line=3)
    assert between([untold], 2, 2) == [untold]


def test_a_piece_of_several_sections_is_cut_where_they_begin() -> None:
    together = piece("# A\none\n## B\n```\n# no heading\n```\n### C\nfour", 10, "A")
    found = [(each.heading_path, each.first_line, each.last_line) for each in by_section(together)]
    assert found == [(("A",), 10, 11), (("A", "B"), 12, 15), (("A", "B", "C"), 16, 17)]
    assert joined(by_section(together)) == together.text
    assert by_section(piece("no heading", 3, "A")) == [piece("no heading", 3, "A")]
    cut = Piece(heading_path=("A",), text="one\n## B", first_line=1, last_line=9)
    assert by_section(cut) == [cut]


def test_a_page_says_where_the_next_one_begins() -> None:
    assert page("abcdef", offset=0, characters=4).next_offset == 4
    assert page("abcdef", offset=4, characters=4).next_offset is None
    assert page("abcdef", offset=2, characters=4).next_offset is None
    assert page("abcdef", offset=99, characters=4) == page("abcdef", offset=6, characters=1)


def test_text_is_valid_unicode_at_every_depth() -> None:
    value = {"k\ud800": ["\udfffx", {"n": ("é\x00", 1, None)}]}
    assert valid(value) == {"k\ufffd": ["\ufffdx", {"n": ["é\x00", 1, None]}]}


def test_shortened_text_is_as_long_as_it_may_be() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"


_JSON_SCHEMA = {
    *("type", "description", "default", "items", "enum"),
    *("minimum", "maximum", "minLength", "maxLength", "maxItems"),
}


def test_schemas_are_flat_and_every_field_is_explained() -> None:
    for tool in TOOLS:
        schema = input_schema(tool.takes)
        assert set(schema) <= {"type", "properties", "required", "additionalProperties"}
        for name, field in schema["properties"].items():
            assert field["description"], name
            assert "type" in field, name
            assert "title" not in field
            assert set(field) <= _JSON_SCHEMA, name
