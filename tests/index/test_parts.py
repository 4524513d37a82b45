"""A file with notes inside it, such as a table with its rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import apsw
import numpy as np
import pytest

from sidecar.index import lexical, records, store, vectors
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.store import FileState, LedgerEntry, NoteEntry
from sidecar.index.vectors import chunks_to_embed, store_vectors
from tests.index.entries import make_entry, searched, table_entry

WANTED = fingerprint(reading="test", embedding="test")
BOOKS = {"Emma": "by Austen", "Dune": "by Herbert", "Solaris": "by Lem"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_index(tmp_path, WANTED)
    yield opened
    await opened.aclose()


async def save(database: Database, entry: NoteEntry) -> int:
    return await database.write(lambda connection: store.replace_note(connection, entry))


async def embed_all(database: Database) -> None:
    todo = await database.read(lambda c: chunks_to_embed(c, 100))
    rows = np.ones((len(todo), 4), dtype=np.float32)
    await database.write(lambda c: store_vectors(c, todo, rows))


async def paths(database: Database) -> list[str]:
    return [note.path for note in await database.read(records.notes)]


def found(connection: apsw.Connection, term: str) -> set[str]:
    rows = lexical.search(connection, searched([term]), limit=10, within=None)
    return {chunk.note.path for chunk in records.chunks_by_id(connection, rows).values()}


def vector_count(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM vectors").get)


@pytest.mark.anyio
async def test_parts_are_found_as_notes_and_the_ledger_knows_only_their_file(database: Database) -> None:
    assert await save(database, table_entry("Data/books.csv", BOOKS)) == 3

    assert await database.read(lambda c: found(c, "herbert")) == {"Data/books.csv#Dune"}
    assert len(await paths(database)) == 4
    assert list(await database.read(lambda c: records.paths_titled(c, ["emma"]))) == ["emma"]
    assert list(await database.read(records.ledger)) == ["Data/books.csv"]
    assert await database.read(lambda c: records.ledger(c, ["Data/books.csv#Emma"])) == {}
    assert await database.read(records.indexed_count) == 1
    counts = await database.read(records.counts)
    assert (counts.indexed, counts.chunks) == (1, 3)
    kinds = {note.path: note.kind for note in await database.read(records.notes)}
    assert (kinds["Data/books.csv"], kinds["Data/books.csv#Emma"]) == ("table", "row")


@pytest.mark.anyio
async def test_a_row_that_stays_keeps_its_vector_and_one_that_goes_leaves_nothing(database: Database) -> None:
    await save(database, table_entry("books.csv", BOOKS))
    await embed_all(database)

    await save(database, table_entry("books.csv", {"Emma": "by Austen", "Dune": "by Frank Herbert"}))

    todo = await database.read(lambda c: chunks_to_embed(c, 10))
    assert [chunk.text for chunk in todo] == ["Dune\nby Frank Herbert"]
    assert await paths(database) == ["books.csv", "books.csv#Dune", "books.csv#Emma"]
    assert await database.read(lambda c: found(c, "lem")) == set()
    assert await database.read(vector_count) == 1
    (emma,) = await database.read(lambda c: records.chunks_of(c, "books.csv#Emma"))
    assert set(await database.read(lambda c: vectors.vectors_of(c, [emma.id]))) == {emma.id}


@pytest.mark.parametrize("how", ["removed", "excluded"])
@pytest.mark.anyio
async def test_a_table_takes_its_rows_with_it(database: Database, how: str) -> None:
    await save(database, table_entry("books.csv", BOOKS))
    await embed_all(database)
    file = FileState(size=0, mtime_ns=0, content_hash=None)
    entry = LedgerEntry(path="books.csv", status="excluded", reason="glob: *", file=file)

    if how == "removed":
        await database.write(lambda c: store.remove_note(c, "books.csv"))
    else:
        await database.write(lambda c: store.record_file(c, entry))
    await database.checkpoint()

    assert await paths(database) == []
    assert await database.read(vector_count) == 0
    assert (await database.read(records.counts)).chunks == 0
    for path in database.path.parent.glob("index-*"):
        assert b"Herbert" not in path.read_bytes(), path.name


@pytest.mark.anyio
async def test_rows_move_with_their_table_and_keep_their_vectors(database: Database) -> None:
    await save(database, table_entry("Old/books.csv", BOOKS))
    await embed_all(database)

    await database.write(lambda c: store.rename_note(c, "Old/books.csv", "New/deep/books.csv"))
    await save(database, table_entry("New/deep/books.csv", BOOKS))

    assert await paths(database) == ["New/deep/books.csv", *(f"New/deep/books.csv#{row}" for row in sorted(BOOKS))]
    assert await database.read(lambda c: chunks_to_embed(c, 10)) == []


@pytest.mark.anyio
async def test_rows_are_kept_while_their_table_cannot_be_read(database: Database) -> None:
    await save(database, table_entry("books.csv", BOOKS))

    assert await database.write(lambda c: store.keep_unreadable(c, "books.csv", "Permission denied."))
    assert not await database.write(lambda c: store.keep_unreadable(c, "books.csv#Emma", "Permission denied."))

    assert await database.read(lambda c: found(c, "lem")) == {"books.csv#Solaris"}
    (entry,) = (await database.read(records.ledger)).values()
    assert entry.file.content_hash is None


@pytest.mark.anyio
async def test_a_new_time_of_the_table_is_one_of_its_rows(database: Database) -> None:
    await save(database, table_entry("books.csv", BOOKS))
    file = FileState(size=1, mtime_ns=99, content_hash=None)
    await database.write(lambda c: store.touch_file(c, "books.csv", file))
    assert {note.mtime_ns for note in await database.read(records.notes)} == {99}


@pytest.mark.anyio
async def test_a_file_goes_before_a_row_of_the_same_path(database: Database) -> None:
    await save(database, make_entry("t.csv#a.md", ["the file"]))
    await save(database, table_entry("t.csv", {"a.md": "the row", "b": "another"}))
    assert await database.read(lambda c: found(c, "file")) == {"t.csv#a.md"}
    assert await database.read(lambda c: found(c, "row")) == set()

    await database.write(lambda c: store.remove_note(c, "t.csv#a.md"))
    await save(database, table_entry("t.csv", {"a.md": "the row", "b": "another"}))
    assert await database.read(lambda c: found(c, "row")) == {"t.csv#a.md"}

    await save(database, make_entry("t.csv#a.md", ["the file"]))
    assert await database.read(lambda c: found(c, "row")) == set()
    assert list(await database.read(records.ledger)) == ["t.csv", "t.csv#a.md"]


@pytest.mark.anyio
async def test_two_rows_of_one_name_do_no_harm(database: Database) -> None:
    table = table_entry("t.csv", {"a": "first"})
    twins = [*table.parts, *table_entry("t.csv", {"a": "second"}).parts]
    await save(database, replace(table, parts=twins))
    assert await database.read(lambda c: found(c, "second")) == {"t.csv#a"}
    assert await paths(database) == ["t.csv", "t.csv#a"]
