"""The cases in `cases/*.md`: what is found in a note that is written like this."""

from __future__ import annotations

from collections import Counter

import pytest

from sidecar.notes.reading import read_note
from tests.notes.fixtures import Case, case_files, case_titles, load_cases, seen

# What Obsidian does, from its help, its index as others have read it there, and Dataview's documentation for fields.
_OBSIDIAN = (
    *("blocks", "links", "embeds", "tags", "frontmatter", "properties", "callouts", "tasks", "fields", "footnotes"),
    *("highlights-comments", "block-ids", "code-and-math", "html", "tables", "unicode"),
)
# What Sidecar does where Obsidian does nothing.
_OWN = ("privacy", "local", "rescue")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{name}: {case.title}") for name in (*_OBSIDIAN, *_OWN) for case in load_cases(name)],
)
def test_case_reads_as_written_down(case: Case) -> None:
    note = read_note("folder/note.md", case.source.encode("utf-8"))
    assert seen(note, set(case.expected)) == case.expected


@pytest.mark.parametrize("name", [*_OBSIDIAN, *_OWN])
def test_case_reads_the_same_with_windows_line_ends_and_a_byte_order_mark(name: str) -> None:
    for case in load_cases(name):
        plain = read_note("note.md", case.source.encode("utf-8"))
        windows = read_note("note.md", b"\xef\xbb\xbf" + case.source.replace("\n", "\r\n").encode("utf-8"))
        assert windows == plain, case.title


def test_no_title_stands_twice_in_a_file_of_cases() -> None:
    repeated = {
        name: [title for title, count in Counter(case_titles(name)).items() if count > 1] for name in case_files()
    }
    assert {name: titles for name, titles in repeated.items() if titles} == {}


def test_the_corpus_holds_what_it_is_counted_for() -> None:
    assert sum(len(load_cases(name)) for name in _OBSIDIAN) >= 260
