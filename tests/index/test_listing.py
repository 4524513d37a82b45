"""The files of an index, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from sidecar.index import store
from sidecar.index.database import connect
from sidecar.index.listing import (
    FileStatus,
    file_at,
    file_text,
    file_totals,
    files_page,
    owners_of_parts,
    path_of_row,
    paths_and_rows,
)
from sidecar.index.schema import create, fingerprint
from sidecar.index.store import FileState, LedgerEntry
from tests.index.entries import make_entry, table_entry

_LISTED = ["a.md", "bad.md", "t.csv", "b.md"]


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    made = connect(Path(":memory:"), writable=True)
    create(made, fingerprint(reading="test", embedding="test"))
    store.replace_note(made, make_entry("a.md", ["one", "", "two"], properties={"status": "done"}))
    file = FileState(size=5, mtime_ns=7, content_hash=None)
    store.record_file(made, LedgerEntry(path="hidden.md", status="excluded", reason="#private", file=file))
    store.record_file(made, LedgerEntry(path="bad.md", status="failed", reason="It is torn.", file=file))
    store.replace_note(made, table_entry("t.csv", {"first": "red", "second": "blue"}))
    store.replace_note(made, make_entry("b.md", ["three"]))
    yield made
    made.close()


def _row(connection: apsw.Connection, path: str | None) -> int | None:
    return dict(paths_and_rows(connection))[path] if path else None


@pytest.mark.parametrize(
    ("limit", "descending", "after", "before", "status", "found"),
    [
        (9, False, None, None, None, _LISTED),
        (9, True, None, None, None, _LISTED[::-1]),
        (2, False, None, None, None, ["a.md", "bad.md"]),
        (2, True, None, None, None, ["b.md", "t.csv"]),
        (2, False, "bad.md", None, None, ["t.csv", "b.md"]),
        (1, True, "t.csv", None, None, ["bad.md"]),
        (2, False, None, "b.md", None, ["bad.md", "t.csv"]),
        (2, True, None, "a.md", None, ["t.csv", "bad.md"]),
        (9, False, "a.md", "b.md", None, ["bad.md", "t.csv"]),
        (1, False, "a.md", "b.md", None, ["bad.md"]),
        (1, True, "b.md", "a.md", None, ["t.csv"]),
        (9, False, "b.md", None, None, []),
        (9, False, None, None, "failed", ["bad.md"]),
        (2, True, None, None, "indexed", ["b.md", "t.csv"]),
        (9, True, "t.csv", None, "indexed", ["a.md"]),
    ],
)
def test_a_page_holds_what_comes_next_in_its_order(
    connection: apsw.Connection,
    limit: int,
    descending: bool,
    after: str | None,
    before: str | None,
    status: FileStatus | None,
    found: list[str],
) -> None:
    files = files_page(
        connection,
        limit=limit,
        descending=descending,
        after=_row(connection, after),
        before=_row(connection, before),
        status=status,
    )
    assert [file.note.path for file in files] == found


def test_an_edit_and_a_new_name_keep_a_files_place(connection: apsw.Connection) -> None:
    store.replace_note(connection, make_entry("a.md", ["other"]))
    store.rename_note(connection, "t.csv", "u/t.csv")
    files = files_page(connection, limit=9, descending=False)
    assert [file.note.path for file in files] == ["a.md", "bad.md", "u/t.csv", "b.md"]


def test_a_file_is_read_with_its_properties_or_with_why_it_failed(connection: apsw.Connection) -> None:
    fine, bad = file_at(connection, "a.md"), file_at(connection, "bad.md")
    assert fine is not None
    assert bad is not None
    assert (fine.status, fine.reason, fine.note.properties) == ("indexed", None, {"status": "done"})
    assert (bad.status, bad.reason, bad.size, bad.note.mtime_ns) == ("failed", "It is torn.", 5, 7)
    assert [file_at(connection, path) for path in ("hidden.md", "t.csv#first", "none.md")] == [None] * 3


def test_a_files_text_is_that_of_its_pieces_and_parts(connection: apsw.Connection) -> None:
    assert file_text(connection, "a.md") == ["one", "two"]
    assert file_text(connection, "t.csv") == ["red", "blue"]
    assert file_text(connection, "t.csv#first") == []
    assert file_text(connection, "bad.md") == []


def test_parts_are_known_by_the_file_they_are_in(connection: apsw.Connection) -> None:
    rows = dict(connection.execute("SELECT path, id FROM notes"))
    part, whole = rows["t.csv#first"], rows["a.md"]
    assert owners_of_parts(connection, [part, whole, 999]) == {part: "t.csv"}
    assert path_of_row(connection, whole) == "a.md"
    assert [path_of_row(connection, row) for row in (part, rows["hidden.md"], 999)] == [None] * 3


def test_totals_are_of_whole_files_that_are_listed(connection: apsw.Connection) -> None:
    totals = file_totals(connection)
    assert (totals.indexed, totals.failed, totals.size) == (3, 1, 8)
    assert (totals.oldest_ns, totals.latest_ns) == (1, 7)
    empty = connect(Path(":memory:"), writable=True)
    create(empty, fingerprint(reading="test", embedding="test"))
    assert file_totals(empty).size == 0
    empty.close()


def test_a_page_is_found_along_an_index_and_not_by_reading_every_file(connection: apsw.Connection) -> None:
    statements: list[tuple[str, Any]] = []

    def trace(_cursor: object, statement: str, values: Any) -> bool:
        statements.append((statement, values))
        return True

    connection.exec_trace = trace
    wanted: tuple[FileStatus | None, ...] = ("indexed", "failed", None)
    for status in wanted:
        files_page(connection, limit=1, descending=True, after=4, status=status)
    connection.exec_trace = None
    for statement, values in statements:
        plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        assert len(plan) == 1
        assert plan[0].startswith("SEARCH notes USING"), plan
