from __future__ import annotations

import datetime as dt
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.notes.formats import pdf_available
from sidecar.notes.note import Note
from sidecar.notes.pdf import MAX_PAGES, MAX_TEXT, read_pdf
from sidecar.notes.rules import ReadingRules
from tests.notes.pdf_writer import Line, Page, paragraphs, write_pdf

_RULES = ReadingRules()


def _read(*pages: Page, **metadata: str) -> Note:
    return read_pdf("folder/paper.pdf", write_pdf(pages, metadata=metadata), rules=_RULES)


def _pages(note: Note) -> list[tuple[str, str]]:
    """The page and text of each block."""
    return [("/".join(block.heading_path), note.text[block.span.start : block.span.end]) for block in note.blocks]


def _text(*lines: str) -> str:
    """What becomes of one paragraph with these lines."""
    ((_, text),) = _pages(_read(paragraphs(lines)))
    return text


def test_each_paragraph_knows_its_page() -> None:
    note = _read(paragraphs(["One of the first page."], ["Two of it."]), paragraphs(["One of the second page."]))
    assert _pages(note) == [
        ("page=1", "One of the first page."),
        ("page=1", "Two of it."),
        ("page=2", "One of the second page."),
    ]
    assert (note.kind, note.title, note.problems) == ("pdf", "paper", ())


def test_the_lines_of_a_paragraph_are_joined() -> None:
    assert _text("A paragraph has several", "lines of text that", "belong together.") == (
        "A paragraph has several lines of text that belong together."
    )


def test_a_word_that_was_divided_is_whole_again() -> None:
    assert _text("It was an extraordi-", "nary day.") == "It was an extraordinary day."


def test_a_hyphen_of_a_compound_that_stands_elsewhere_is_kept() -> None:
    assert (
        _text("A well-known fact is more well-", "known than others.")
        == "A well-known fact is more well-known than others."
    )


@pytest.mark.parametrize(
    ("lines", "text"), [(("Jean-", "Paul"), "Jean-Paul"), (("the COVID-", "19 years"), "the COVID-19 years")]
)
def test_a_hyphen_before_a_capital_or_a_figure_is_kept(lines: tuple[str, str], text: str) -> None:
    assert _text(*lines) == text


def test_a_hyphen_at_the_end_of_a_page_is_kept() -> None:
    note = _read(paragraphs(["It goes on over-"]), paragraphs(["leaf."]))
    assert _pages(note) == [("page=1", "It goes on over-"), ("page=2", "leaf.")]


def test_a_line_in_another_size_is_a_paragraph_of_its_own() -> None:
    lines = [
        Line(text="The heading", y=700, size=14),
        Line(text="the text below it", y=687),
        Line(text="goes on", y=673),
    ]
    assert _pages(_read(Page(lines=lines))) == [("page=1", "The heading"), ("page=1", "the text below it goes on")]


def test_a_first_line_that_is_indented_begins_a_paragraph() -> None:
    lines = [
        Line(text="A paragraph that is long enough", y=700),
        Line(text="ends here.", y=686),
        Line(text="Another one begins without a gap", x=90, y=672),
        Line(text="and goes on.", y=658),
    ]
    assert [text for _, text in _pages(_read(Page(lines=lines)))] == [
        "A paragraph that is long enough ends here.",
        "Another one begins without a gap and goes on.",
    ]


def test_the_points_of_a_list_are_paragraphs() -> None:
    note = _read(paragraphs(["There are three:", "• one that is long", "and goes on", "• two", "3. three"]))
    assert [text for _, text in _pages(note)] == [
        "There are three:",
        "• one that is long and goes on",
        "• two",
        "3. three",
    ]


def test_the_next_column_begins_a_paragraph() -> None:
    left = [Line(text=f"left {number}", y=700 - 14 * number) for number in range(3)]
    right = [Line(text=f"right {number}", x=320, y=700 - 14 * number) for number in range(3)]
    note = _read(Page(lines=[*left, *right]))
    assert [text for _, text in _pages(note)] == ["left 0 left 1 left 2", "right 0 right 1 right 2"]


def test_a_word_that_was_divided_between_columns_is_whole_again() -> None:
    lines = [Line(text="The left column ends in a divi-", y=100), Line(text="ded word.", x=320, y=700)]
    assert [text for _, text in _pages(_read(Page(lines=lines)))] == ["The left column ends in a divided word."]


def test_text_is_no_markdown() -> None:
    note = _read(
        paragraphs(
            ["# no heading #private #tag"],
            ["[[no link]] ![[no embed]] [a](b.md)"],
            ["%% no comment"],
            ["```", "$$", "- [ ] no task"],
        )
    )
    assert {block.kind for block in note.blocks} == {"paragraph"}
    assert (note.tags, note.links, note.tasks, note.comments, note.withheld) == ((), (), (), (), None)
    assert note.text.startswith("# no heading #private #tag\n\n[[no link]]")
    assert {block.heading_path for block in note.blocks} == {("page=1",)}


def test_other_scripts_are_read_by_their_unicode_map() -> None:
    lines = [
        Line(text="日本語の文は", y=700),
        Line(text="空白なしで続く。", y=686),
        Line(text="Ελληνικά и кириллица 🙂", y=650),
        # Right to left: the file draws the characters from the left.
        Line(text="שלום עולם"[::-1], y=620),
    ]
    note = _read(Page(lines=lines, mapped=True))
    assert [text for _, text in _pages(note)] == [
        "日本語の文は空白なしで続く。",
        "Ελληνικά и кириллица 🙂",
        "שלום עולם",
    ]


def test_characters_beyond_the_first_plane_do_not_shift_what_follows() -> None:
    lines = [
        Line(text="🙂" * 30, y=700),
        Line(text="x" * 20, y=686),
        Line(text="far below", y=600),
        Line(text="and on", y=586),
    ]
    note = _read(Page(lines=lines, mapped=True))
    assert [text for _, text in _pages(note)] == ["🙂" * 30 + " " + "x" * 20, "far below and on"]


def test_pages_without_text_are_named_in_one_problem() -> None:
    note = _read(paragraphs(["One."]), Page(), paragraphs(["Three."]), Page(), Page(), Page())
    assert [(problem.code, problem.message) for problem in note.problems] == [
        ("pdf-no-text", "Pages 2, 4-6 have no text; they may be scans.")
    ]
    assert [page for page, _ in _pages(note)] == ["page=1", "page=3"]


def test_one_page_without_text_is_named() -> None:
    note = _read(paragraphs(["One."]), Page())
    assert [problem.message for problem in note.problems] == ["Page 2 has no text; it may be a scan."]


def test_a_pdf_that_needs_a_password_says_so() -> None:
    note = read_pdf("a.pdf", write_pdf([paragraphs(["Secret."])], encrypted=True), rules=_RULES)
    assert ([problem.code for problem in note.problems], note.text) == (["pdf-encrypted"], "")


@pytest.mark.parametrize(
    "data", [b"", b"no PDF", b"%PDF-1.7\n%%EOF", b"\0" * 5000], ids=["empty", "text", "stub", "nul"]
)
def test_a_broken_pdf_says_so(data: bytes) -> None:
    note = read_pdf("a.pdf", data, rules=_RULES)
    assert ([problem.code for problem in note.problems], note.text, note.blocks) == (["pdf-invalid"], "", ())


@pytest.mark.parametrize("number", [1, 2])
def test_a_page_that_is_none_is_named_and_the_others_are_read(number: int) -> None:
    data = write_pdf([paragraphs([f"Text of {page}."]) for page in (1, 2)])
    page = [match.start() for match in re.finditer(b"/Type /Page /Parent", data)][number - 1]
    note = read_pdf("a.pdf", data[:page] + data[page:].replace(b"/Type /Page ", b"/Type /Font ", 1), rules=_RULES)
    assert [(problem.code, problem.message) for problem in note.problems] == [
        ("pdf-invalid", f"Page {number} could not be read.")
    ]
    assert _pages(note) == [(f"page={3 - number}", f"Text of {3 - number}.")]


def test_metadata_becomes_properties() -> None:
    note = _read(
        paragraphs(["Text."]),
        Title="A study of kelp — Ñandú",
        Author="Ada Example",
        Keywords="kelp; sea, ice",
        CreationDate="D:20240102030405+01'00'",
    )
    assert note.properties == {
        "title": "A study of kelp — Ñandú",
        "author": "Ada Example",
        "keywords": ["kelp", "sea", "ice"],
        "created": "2024-01-02T03:04:05+01:00",
    }
    assert (note.aliases, note.date, note.date_source) == (
        ("A study of kelp — Ñandú",),
        dt.date(2024, 1, 2),
        "property",
    )


@pytest.mark.parametrize(
    "title", ["Paper", "Microsoft Word - draft.docx", "untitled", "thesis-final.tex", "Document1", "", "  ", "12.3"]
)
def test_a_title_that_says_no_more_than_a_file_name_is_left_out(title: str) -> None:
    note = _read(paragraphs(["Text."]), Title=title)
    assert (note.aliases, dict(note.properties)) == ((), {})


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("D:2024", "2024-01-01"),
        ("D:202405", "2024-05-01"),
        ("D:20240531", "2024-05-31"),
        ("20240531", "2024-05-31"),
        ("D:20240531101112", "2024-05-31T10:11:12"),
        ("D:202405311011", "2024-05-31T10:11:00"),
        ("D:20240531101112Z", "2024-05-31T10:11:12Z"),
        ("D:20240531101112Z00'00'", "2024-05-31T10:11:12Z"),
        ("D:20240531101112-0330", "2024-05-31T10:11:12-03:30"),
        ("D:20240531101112+05", "2024-05-31T10:11:12+05:00"),
    ],
)
def test_the_day_it_was_made_is_read_as_pdf_writes_it(written: str, iso: str) -> None:
    assert _read(paragraphs(["Text."]), CreationDate=written).properties == {"created": iso}


@pytest.mark.parametrize("written", ["D:20241345", "yesterday", "D:", "D:20240531256161"])
def test_a_day_that_is_none_is_left_out(written: str) -> None:
    assert dict(_read(paragraphs(["Text."]), CreationDate=written).properties) == {}


def test_more_pages_than_are_read_are_reported() -> None:
    note = _read(*(paragraphs([f"Page {number}."]) for number in range(1, MAX_PAGES + 2)))
    assert [problem.code for problem in note.problems] == ["pdf-too-large"]
    assert f"{MAX_PAGES} of {MAX_PAGES + 1} pages" in note.problems[0].message
    assert _pages(note)[-1] == (f"page={MAX_PAGES}", f"Page {MAX_PAGES}.")


def test_more_text_than_is_read_is_reported() -> None:
    page = Page(lines=[Line(text=f"{number:02} " + "word " * 400, y=750 - 14 * number) for number in range(20)])
    fitting = MAX_TEXT // (20 * 2002)
    note = _read(*[page] * (fitting + 1))
    assert [problem.code for problem in note.problems] == ["pdf-too-large"]
    assert note.blocks[-1].heading_path == (f"page={fitting}",)
    assert len(note.text) < MAX_TEXT


def test_without_the_package_a_pdf_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    note = read_pdf("a.pdf", write_pdf([paragraphs(["Text."])]), rules=_RULES)
    assert ([problem.code for problem in note.problems], note.text) == (["pdf-unavailable"], "")


def test_with_the_package_nothing_stands_in_the_way() -> None:
    assert pdf_available() is None


_SAMPLE = write_pdf(
    [
        paragraphs(["One of a few-", "lines."], ["Two."]),
        Page(),
        Page(lines=[Line(text="日本 שלום", y=700)], mapped=True),
    ],
    metadata={"Title": "A title", "CreationDate": "D:20240102"},
)


def _assert_sound(note: Note) -> None:
    position = 0
    for block in note.blocks:
        assert position <= block.span.start < block.span.end <= len(note.text)
        assert note.text[position : block.span.start].strip() == ""
        position = block.span.end
    assert position == len(note.text)
    assert "\n" not in note.text.replace("\n\n", "")
    note.text.encode("utf-8")


@given(st.integers(0, len(_SAMPLE)), st.binary(max_size=12), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_a_damaged_pdf_gives_a_note_whose_spans_fit(place: int, junk: bytes, removed: int) -> None:
    data = _SAMPLE[:place] + junk + _SAMPLE[place + removed :]
    note = read_pdf("a.pdf", data, rules=_RULES)
    _assert_sound(note)
    assert note == read_pdf("a.pdf", data, rules=_RULES)


@given(st.lists(st.text("ab -#[]|`$%日", min_size=1, max_size=30), max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_paragraphs_that_hold_all_of_it(texts: list[str]) -> None:
    # A page with one glyph without an outline has no text to PDFium.
    texts = [f"a{text}" for text in texts]
    lines = [Line(text=text, y=740 - 40 * number) for number, text in enumerate(texts)]
    note = _read(Page(lines=lines, mapped=True))
    _assert_sound(note)
    assert set("".join(texts).replace("-", "")) - {" "} == set(note.text.replace("-", "")) - {" ", "\n"}
