"""Notes that stay on this machine, as the index keeps them: by their own mark or by the place where they lie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sidecar.index import listing, records, store
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.staying import follow_places
from sidecar.index.store import LedgerEntry
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.vault.staying import StayingPlaces
from tests.index.entries import read_entry, table_entry

MARKED = "---\nsidecar: local\n---\nA marked word."


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_index(tmp_path, fingerprint(reading="test", embedding="test"))
    yield opened
    await opened.aclose()


async def save(database: Database, path: str, markdown: str) -> None:
    await database.write(lambda connection: store.replace_note(connection, read_entry(path, markdown)))


async def local(database: Database) -> dict[str, str | None]:
    return {note.path: note.local for note in await database.read(records.notes)}


async def waiting(database: Database, *, away: bool) -> list[str]:
    return [chunk.text for chunk in await database.read(lambda c: chunks_to_embed(c, 100, away=away))]


async def keep(database: Database, *globs: str) -> None:
    await database.write(lambda connection: follow_places(connection, StayingPlaces.build(globs)))


@pytest.mark.anyio
async def test_the_mark_is_read_back_with_the_note_its_chunks_and_its_ledger_entry(database: Database) -> None:
    await save(database, "a.md", MARKED)
    await save(database, "b.md", "An open word.")
    assert await local(database) == {"a.md": "sidecar: local", "b.md": None}
    (chunk,) = await database.read(lambda c: records.chunks_of(c, "a.md"))
    assert chunk.note.local == "sidecar: local"
    assert {path: entry.local for path, entry in (await database.read(records.ledger)).items()} == {
        "a.md": "sidecar: local",
        "b.md": None,
    }


@pytest.mark.anyio
async def test_a_mark_that_is_set_or_taken_out_replaces_what_was_stored(database: Database) -> None:
    for text, mark in ((MARKED, "sidecar: local"), ("A marked word.", None), (MARKED, "sidecar: local")):
        await save(database, "a.md", text)
        assert await local(database) == {"a.md": mark}


@pytest.mark.anyio
async def test_a_model_elsewhere_is_given_no_local_note_and_nothing_is_missing_then(database: Database) -> None:
    await save(database, "a.md", MARKED)
    await save(database, "b.md", "An open word.")
    assert await waiting(database, away=True) == ["b\nAn open word."]
    assert len(await waiting(database, away=False)) == 2

    todo = await database.read(lambda c: chunks_to_embed(c, 100, away=True))
    await database.write(lambda c: store_vectors(c, todo, np.ones((1, 4), dtype=np.float32)))
    counts = await database.read(records.counts)
    assert (counts.chunks, counts.unembedded, counts.unembedded_local, counts.local) == (2, 1, 1, 1)
    assert await waiting(database, away=True) == []

    await save(database, "a.md", "A marked word.")
    counts = await database.read(records.counts)
    assert (counts.unembedded, counts.unembedded_local, counts.local) == (1, 0, 0)
    assert await waiting(database, away=True) == ["a\nA marked word."]


@pytest.mark.anyio
async def test_a_place_that_is_named_or_no_longer_named_holds_at_once_and_leaves_marks_alone(
    database: Database,
) -> None:
    for path in ("Journal/day.md", "Journal/deep/night.md", "Public/day.md"):
        await save(database, path, "Words.")
    await save(database, "Journal/marked.md", MARKED)
    open_notes: dict[str, str | None] = dict.fromkeys(["Journal/day.md", "Journal/deep/night.md", "Public/day.md"])
    marked = {"Journal/marked.md": "sidecar: local"}
    assert await local(database) == open_notes | marked

    await keep(database, "Journal/**")
    rule = "local_only: Journal/**"
    assert await local(database) == {**open_notes, "Journal/day.md": rule, "Journal/deep/night.md": rule} | marked
    assert (await database.read(records.counts)).local == 3
    await keep(database, "journal/day.md", "Public")
    assert (
        await local(database)
        == {
            **open_notes,
            "Journal/day.md": "local_only: journal/day.md",
            "Public/day.md": "local_only: Public",
        }
        | marked
    )
    await keep(database)
    assert await local(database) == open_notes | marked


@pytest.mark.anyio
async def test_the_rows_of_a_table_stay_where_their_file_stays_and_count_with_it(database: Database) -> None:
    entry = table_entry("Data/books.csv", {"Emma": "by Austen", "Dune": "by Herbert [sidecar:: local]"})
    await database.write(lambda connection: store.replace_note(connection, entry))
    assert await local(database) == {
        "Data/books.csv": None,
        "Data/books.csv#Dune": "sidecar:: local",
        "Data/books.csv#Emma": None,
    }
    assert (await database.read(records.counts)).local == 1
    await keep(database, "*.csv")
    assert await local(database) == {
        "Data/books.csv": "local_only: *.csv",
        "Data/books.csv#Dune": "sidecar:: local",
        "Data/books.csv#Emma": "local_only: *.csv",
    }
    assert (await database.read(records.counts)).local == 1


@pytest.mark.anyio
async def test_what_is_excluded_or_failed_stays_what_it_is(database: Database) -> None:
    entry = read_entry("Journal/a.md", "x")
    failed = LedgerEntry(path="Journal/a.md", status="failed", reason="broken", file=entry.file)
    await database.write(lambda connection: store.record_file(connection, replace(failed, path="Journal/b.md")))
    await keep(database, "Journal/**")
    assert (await database.read(records.counts)).local == 0
    (file,) = await database.read(lambda c: listing.files_page(c, limit=9, descending=False))
    assert (file.status, file.note.local) == ("failed", None)
