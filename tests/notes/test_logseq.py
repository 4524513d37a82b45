from __future__ import annotations

import datetime as dt
import time
from bisect import bisect_left
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.chunking import chunk_note
from sidecar.notes.logseq.names import day_name, journal_day, page_title
from sidecar.notes.logseq.page import read_logseq
from sidecar.notes.note import DateMention, InlineField, Link, Note, Span, Task
from sidecar.notes.reading import MAX_PARSED
from sidecar.notes.rules import FileNames, ReadingRules
from tests.notes.fixtures import Case, load_cases, seen

RULES = ReadingRules(
    flavour="logseq", daily_folder="journals", daily_format="YYYY_MM_DD", journal_titles="dddd, DD.MM.YYYY"
)  # fmt: skip
GRAPH = Path(__file__).parents[1] / "vaults" / "logseq"
GRAPH_RULES = replace(RULES, journal_titles="dddd, DD.MM.YYYY")
DAY = dt.date(2024, 3, 5)


def read(path: str, text: str, *, plain: bool = False) -> Note:
    return read_logseq(path, text.encode("utf-8"), rules=RULES, plain=plain)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{name}: {case.title}") for name in ("logseq", "logseq-own") for case in load_cases(name)],
)
def test_case_reads_as_written_down(case: Case) -> None:
    assert seen(read("pages/page.md", case.source), set(case.expected)) == case.expected


@pytest.mark.parametrize("name", ["logseq", "logseq-own"])
def test_case_reads_the_same_with_windows_line_ends_and_a_byte_order_mark(name: str) -> None:
    for case in load_cases(name):
        windows = b"\xef\xbb\xbf" + case.source.replace("\n", "\r\n").encode("utf-8")
        assert read_logseq("a.md", windows, rules=RULES) == read("a.md", case.source), case.title


@pytest.mark.parametrize(
    ("name", "file_names", "title"),
    [
        ("Garden", "triple-lowbar", "Garden"),
        ("Projects___Haus___Dach", "triple-lowbar", "Projects/Haus/Dach"),
        ("v1.2", "triple-lowbar", "v1.2"),
        ("Brot%2FRoggen", "triple-lowbar", "Brot/Roggen"),
        ("50%25%2FHälfte", "triple-lowbar", "50%/Hälfte"),
        ("Warum%3F", "triple-lowbar", "Warum?"),
        ("100% sure", "triple-lowbar", "100% sure"),
        ("rot%2——grün", "triple-lowbar", "rot%2——grün"),
        ("%E4%BD%A0", "triple-lowbar", "%E4%BD%A0"),
        ("___a___", "triple-lowbar", "a"),
        ("a__b_c", "triple-lowbar", "a__b_c"),
        ("___", "triple-lowbar", "___"),
        ("a%00b%0Ac", "triple-lowbar", "a%00b%0Ac"),
        ("Haus.Dach", "legacy", "Haus/Dach"),
        ("Haus%2FDach", "legacy", "Haus/Dach"),
        ("%E4%BD%A0", "legacy", "你"),
        ("100% sure", "legacy", "100% sure"),
        ("a%FFb", "legacy", "a%FFb"),
        ("a___b", "legacy", "a___b"),
    ],
)
def test_a_file_name_becomes_a_title(name: str, file_names: FileNames, title: str) -> None:
    assert page_title(name, file_names=file_names) == title
    note = read_logseq(f"pages/{name}.md", b"- x", rules=RULES, file_names=file_names)
    assert (note.title, note.aliases) == (title, ())


def test_a_title_property_replaces_the_file_name() -> None:
    note = read("pages/haus.dach.md", "title:: Das Dach\nalias:: das dach, other\n\n- x")
    assert (note.title, note.aliases) == ("Das Dach", ("other",))


@pytest.mark.parametrize(
    ("format_", "written"),
    [
        ("MMM Do, YYYY", "Mar 5th, 2024"),
        ("Do MMMM YYYY", "5th March 2024"),
        ("ddd, DD.MM.YYYY", "Tue, 05.03.2024"),
        ("dddd, YYYY/MM/DD", "Tuesday, 2024/03/05"),
        ("YYYYMMDD", "20240305"),
        ("YYYY年MM月DD日", "2024年03月05日"),
        ("M-D-YY [at home]", "3-5-24 at home"),
    ],
)
def test_a_journal_answers_to_its_day_as_the_graph_writes_it(format_: str, written: str) -> None:
    rules = ReadingRules(flavour="logseq", daily_folder="journals", daily_format="YYYY_MM_DD", journal_titles=format_)
    assert day_name(DAY, format_) == written
    note = read_logseq("journals/2024_03_05.md", b"- x", rules=rules)
    assert (note.title, note.date, note.date_source) == ("2024_03_05", DAY, "name")
    assert note.aliases[0] == written
    assert {"Mar 5th, 2024", "2024-03-05"} <= set(note.aliases)


@pytest.mark.parametrize(
    ("day", "ordinal"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
                         (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th")]
)  # fmt: skip
def test_days_of_the_month_are_written_as_in_english(day: int, ordinal: str) -> None:
    assert day_name(dt.date(2024, 3, day), "Do") == ordinal


@pytest.mark.parametrize(
    ("path", "title", "day"),
    [
        ("journals/2024_03_05.md", "2024_03_05", DAY),
        ("pages/2024_03_05.md", "2024_03_05", DAY),
        ("pages/2024-03-05.md", "2024-03-05", DAY),
        ("pages/x.md", "Mar 5th, 2024", DAY),
        ("pages/x.md", "mar 5th, 2024", DAY),
        ("pages/x.md", "Mar 5, 2024", None),
        ("pages/Meeting 2024-03-05.md", "Meeting 2024-03-05", None),
        ("journals/2024_13_45.md", "2024_13_45", None),
        ("journals/Plan.md", "Plan", None),
    ],
)
def test_a_title_that_is_a_day_makes_a_journal(path: str, title: str, day: dt.date | None) -> None:
    assert journal_day(path, title, RULES) == day


def test_a_journal_file_may_be_named_in_a_format_of_its_own() -> None:
    rules = ReadingRules(flavour="logseq", daily_folder="Tagebuch", daily_format="DD-MM-YYYY")
    note = read_logseq("Tagebuch/05-03-2024.md", b"- x", rules=rules)
    assert note.date == DAY
    assert "Mar 5th, 2024" in note.aliases
    assert read_logseq("pages/05-03-2024.md", b"- x", rules=rules).aliases == ()
    anywhere = replace(rules, daily_folder=None)
    assert "Mar 5th, 2024" in read_logseq("05-03-2024.md", b"- x", rules=anywhere).aliases


def test_days_in_the_text_are_found_and_the_first_line_may_date_a_page() -> None:
    note = read("pages/Haus.md", "- Besichtigung am 5. März 2024\n\t- TODO Notar\n\t  DEADLINE: <2024-04-01 Mon>")
    assert [mention.day for mention in note.dates] == [DAY, dt.date(2024, 4, 1)]
    assert (note.date, note.date_source) == (DAY, "text")


def test_a_task_lies_on_its_first_line_from_the_bullet_on() -> None:
    note = read("a.md", "- x\n\t- TODO a\n\t  more\n## DONE b")
    assert [note.text[task.span.start : task.span.end] for task in note.tasks] == ["- TODO a", "## DONE b"]


def test_a_field_lies_without_its_bullet() -> None:
    note = read("a.md", "- x\n\t- k:: v \n\t  l:: w")
    assert [note.text[field.span.start : field.span.end] for field in note.fields] == ["k:: v", "l:: w"]


def test_a_long_branch_may_be_cut_inside() -> None:
    leaves = "".join(f"\t\t- {'Wort ' * 60}\n" for _ in range(5))
    note = read("a.md", f"- a\n\t- long\n{leaves}\t- short\n\t\t- leaf\n")
    starts = [note.text[item.start :].split("\n", 1)[0].strip()[:7] for item in note.blocks[0].items]
    assert starts == ["- long", *["- Wort "] * 5, "- short"]


def test_a_page_read_plainly_says_so_and_keeps_its_outline() -> None:
    text = "Intro [[a]]\n\n# H\n\ttext\n- b #c\n\t- d"
    note = read("a.md", text, plain=True)
    assert [problem.code for problem in note.problems] == ["markdown-skipped"]
    assert [block.kind for block in note.blocks] == ["paragraph", "heading", "paragraph", "list"]
    assert (note.links, note.tags) == (read("a.md", text).links, ("c",))


def test_a_huge_page_is_read_without_the_markdown_parser() -> None:
    note = read("a.md", "- # H\n\t- [[a]] #b\n" + "\t- " + "word " * (MAX_PARSED // 5))
    assert [problem.code for problem in note.problems] == ["too-large"]
    assert (note.blocks[1].heading_path, note.tags) == (("H",), ("b",))


def test_the_outline_is_not_torn_apart_by_hidden_lines() -> None:
    text = "".join(f"- a{n}\n  id:: 64b0c1d2-0000-4000-8000-0000000000{n:02}\n\t- b{n}\n" for n in range(4))
    assert len(chunk_note(read("a.md", text))) == 1


# Pieces of which every rule is made: joined at random they reach far more of the code than random characters do.
_PIECES = st.sampled_from(
    [
        *("- ", "\t- ", "\t\t- ", "  - ", "-", "\n", "\n\n", "\n- ", "\n\t- ", "\n\t\t- ", "\n  ", "# ", "## ", "#"),
        *("[[", "]]", "[", "](", "((", "))", "{{", "}}", "{{embed ", "64b0c1d2-0000-4000-8000-000000000001"),
        *("key:: v", "id:: ", "tags:: a, [[b]]", "title:: T", "private:: true", "::", ":LOGBOOK:", ":PROPERTIES:"),
        *(":END:", ":a: b", "TODO ", "[#A] ", "```", "~~~", "`", "$", "$$", "#+BEGIN_SRC", "#+END_SRC", "<!--", "-->"),
        *("#+BEGIN_NOTE", "#+END_NOTE", "---", "---\n", "> ", "| a |\n|--|\n", "%%", "\\", ",", "，", "\u2028", "\r"),
        *("\0", "\x0c", "é", "e\u0301", "🙂", "日本", "שלום", "https://x.y/#z", '"', "=="),
    ]
)
_SOURCES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(_PIECES, max_size=60).map(lambda pieces: "".join(pieces).encode("utf-8")),
)


def _assert_sound(note: Note) -> None:
    newlines = [offset for offset, character in enumerate(note.text) if character == "\n"]

    def check(span: Span) -> None:
        assert 0 <= span.start < span.end <= len(note.text)
        assert span.start_line == bisect_left(newlines, span.start) + 1
        assert span.end_line == bisect_left(newlines, span.end - 1) + 1

    position = note.body_start
    for block in note.blocks:
        check(block.span)
        assert block.span.start >= position, "blocks overlap or stand in the properties"
        position = block.span.end
        inside = block.span.start
        for item in block.items:
            check(item)
            assert inside <= item.start < item.end <= block.span.end
            inside = item.end
    parts: list[Link | Task | InlineField | DateMention] = [*note.links, *note.tasks, *note.fields, *note.dates]
    for part in parts:
        check(part.span)
    for link in note.links:
        assert link.target or link.block
        assert "\n" not in link.target
    for line in note.block_ids.values():
        assert 1 <= line <= note.text.count("\n") + 1


@given(_SOURCES)
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_note_whose_spans_fit(data: bytes) -> None:
    _assert_sound(read_logseq("pages/page.md", data, rules=RULES))
    _assert_sound(read_logseq("journals/2024_03_05.md", data, rules=RULES, plain=True, file_names="legacy"))


@given(
    st.lists(st.sampled_from(["- a", "\t- b", "\t\t- c", "  text", "- # H", "## I", "\t- ## J", "", "d"]), max_size=20)
)
@settings(max_examples=300, deadline=None)
def test_every_line_that_a_reader_sees_is_in_one_block(lines: list[str]) -> None:
    note = read("a.md", "\n".join(lines))
    covered = [n for block in note.blocks for n in range(block.span.start_line, block.span.end_line + 1)]
    assert len(covered) == len(set(covered))
    assert {n for n, line in enumerate(lines, start=1) if line.strip()} <= set(covered)


@given(st.text(max_size=40), st.sampled_from(["triple-lowbar", "legacy"]))
@settings(deadline=None)
def test_any_file_name_gives_a_title(name: str, file_names: FileNames) -> None:
    assert page_title(name, file_names=file_names) or not name


_N = 20_000
_HOSTILE = {
    "open references": "[[" * _N,
    "open and nested references": "[[a [[b]] " * _N,
    "closing brackets": "]]" * _N,
    "open labels": "[a](" * _N,
    "open labels of references": "[a]([[" * _N,
    "labels in labels": "[a [b] " * _N,
    "open block references": "((" * _N,
    "open macros": "{{embed [[" * _N,
    "tags": "#a" * _N,
    "number signs": "#" * _N,
    "open addresses": "a://" * _N,
    "empty bullets": "-\n" * _N,
    "deep bullets": "\n".join("\t" * depth + "- # a" for depth in range(600)),
    "ever shallower bullets": "\n".join("\t" * (600 - depth) + "- a" for depth in range(600)),
    "open fences": "- ```\n" * (_N | 1),
    "open blocks": "- #+BEGIN_NOTE\n" * _N,
    "open blocks of many names": "".join(f"- #+BEGIN_{n}\n" for n in range(_N)),
    "open drawers": "- :LOGBOOK:\n" * _N + ":END:",
    "headings": "# a\n" * _N,
    "properties": "a:: b\n" * _N,
    "a long property name": "a" * _N * 10 + ":: b",
    "references in a property": "tags:: " + "[[" * _N,
    "nested references in a property": "alias:: " + "[[a [[b]] " * _N,
    "commas": "tags:: " + "a," * _N,
    "flags": "private::" * _N,
    "backticks": "- `a``" * _N,
    "one endless word": "a" * _N * 20,
    "spaces": " " * _N * 20,
}


@pytest.mark.parametrize("source", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_input_is_read_in_bounded_time(source: str) -> None:
    started = time.process_time()
    note = read("journals/2024_03_05.md", source)
    # Linear code needs well under a second of its own time for these; quadratic code needs minutes.
    assert time.process_time() - started < 10
    _assert_sound(note)


def graph() -> dict[str, Note]:
    files = {file.relative_to(GRAPH).as_posix(): file.read_bytes() for file in GRAPH.rglob("*.md")}
    return {
        path: read_logseq(path, data, rules=GRAPH_RULES)
        for path, data in files.items()
        if not path.startswith("logseq/")
    }


def test_the_links_of_a_graph_lead_to_its_titles_and_aliases() -> None:
    notes = graph()
    names = {name.casefold() for note in notes.values() for name in (note.title, *note.aliases)}
    targets = {
        link.target.casefold()
        for note in notes.values()
        for link in note.links
        if link.style == "wikilink" and link.target
    }
    tags = {tag.casefold() for note in notes.values() for tag in note.tags}
    assert targets - names - tags == {"seite, die es nicht gibt"}


def test_the_block_references_of_a_graph_lead_to_its_blocks() -> None:
    notes = graph()
    ids = {name for note in notes.values() for name in note.block_ids}
    referred = {link.block for note in notes.values() for link in note.links if link.block}
    assert referred == ids
    assert len(ids) == 3


def test_a_graph_is_read_without_problems_and_its_private_page_is_withheld() -> None:
    notes = graph()
    assert [note.problems for note in notes.values() if note.problems] == []
    assert [path for path, note in notes.items() if note.withheld] == ["pages/Gesundheit.md"]
    assert {note.date for note in notes.values() if note.path.startswith("journals/")} == {
        dt.date(2024, 3, 4), dt.date(2024, 3, 5), dt.date(2024, 3, 6)
    }  # fmt: skip
