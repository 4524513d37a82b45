"""The cases in `cases/*.md`: what is found in a note that is written like this."""

from __future__ import annotations

import pytest

from sidecar.notes.reading import read_note
from tests.notes.fixtures import Case, load_cases, seen


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{name}: {case.title}")
        for name in ("links", "tags", "frontmatter", "blocks")
        for case in load_cases(name)
    ],
)
def test_case_reads_as_written_down(case: Case) -> None:
    note = read_note("folder/note.md", case.source.encode("utf-8"))
    assert seen(note, set(case.expected)) == case.expected


@pytest.mark.parametrize("name", ["links", "tags", "frontmatter", "blocks"])
def test_case_reads_the_same_with_windows_line_ends_and_a_byte_order_mark(name: str) -> None:
    for case in load_cases(name):
        plain = read_note("note.md", case.source.encode("utf-8"))
        windows = read_note("note.md", b"\xef\xbb\xbf" + case.source.replace("\n", "\r\n").encode("utf-8"))
        assert windows == plain, case.title
