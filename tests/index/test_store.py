from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import numpy as np
import pytest

from sidecar.index import lexical, records, store, vectors
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.store import FileState, LedgerEntry
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.language.terms import terms
from tests.index.entries import make_entry, searched

WANTED = fingerprint(reading="test", embedding="test")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_index(tmp_path, WANTED)
    yield opened
    await opened.aclose()


async def embed_all(database: Database, rows: np.ndarray) -> list[int]:
    todo = await database.read(lambda c: chunks_to_embed(c, 100))
    await database.write(lambda c: store_vectors(c, todo, rows[: len(todo)]))
    return [chunk.id for chunk in todo]


def found(connection: apsw.Connection, *terms: str) -> list[int]:
    return lexical.search(connection, searched(terms), limit=10, within=None)


@pytest.mark.anyio
async def test_an_unchanged_chunk_keeps_its_row_and_its_vector(database: Database) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["first text", "second text"])))
    first, second = await embed_all(database, np.eye(4, dtype=np.float32))

    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["brand new", "first text"])))

    chunks = await database.read(lambda c: records.chunks_of(c, "a.md"))
    assert [chunk.text for chunk in chunks] == ["brand new", "first text"]
    assert chunks[1].id == first
    todo = await database.read(lambda c: chunks_to_embed(c, 10))
    assert [chunk.text for chunk in todo] == ["a > Section\nbrand new"]
    held = await database.read(lambda c: vectors.vectors_of(c, [first, second]))
    assert set(held) == {first}


@pytest.mark.anyio
async def test_a_renamed_title_means_new_vectors_because_the_title_is_embedded(database: Database) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["text"])))
    await embed_all(database, np.eye(4, dtype=np.float32))

    await database.write(lambda c: store.rename_note(c, "a.md", "folder/a.md"))
    await database.write(lambda c: store.replace_note(c, make_entry("folder/a.md", ["text"])))
    assert await database.read(lambda c: chunks_to_embed(c, 10)) == []

    await database.write(lambda c: store.rename_note(c, "folder/a.md", "b.md"))
    await database.write(lambda c: store.replace_note(c, make_entry("b.md", ["text"])))
    assert len(await database.read(lambda c: chunks_to_embed(c, 10))) == 1


@pytest.mark.anyio
async def test_the_vector_of_a_text_that_changed_meanwhile_is_not_stored(database: Database) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["before"])))
    todo = await database.read(lambda c: chunks_to_embed(c, 10))
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["after"])))

    await database.write(lambda c: store_vectors(c, todo, np.eye(4, dtype=np.float32)[:1]))

    assert [chunk.text for chunk in await database.read(lambda c: chunks_to_embed(c, 10))] == ["a > Section\nafter"]


@pytest.mark.anyio
async def test_a_removed_note_is_found_no_more_and_leaves_no_byte_behind(database: Database) -> None:
    canary = "xylophonequartz"
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", [f"the word {canary}", "kept"])))
    await database.write(lambda c: store.replace_note(c, make_entry("b.md", ["something else"])))
    await embed_all(database, np.eye(4, dtype=np.float32))
    assert await database.read(lambda c: found(c, canary))

    await database.write(lambda c: store.remove_note(c, "a.md"))
    await database.checkpoint()

    assert await database.read(lambda c: found(c, canary)) == []
    for file in database.path.parent.glob("index-*"):
        assert canary.encode() not in file.read_bytes(), file.name


@pytest.mark.anyio
async def test_a_note_that_becomes_excluded_loses_its_text_and_keeps_its_line_in_the_ledger(database: Database) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("diary.md", ["secret words"])))
    state = FileState(size=2, mtime_ns=2, content_hash=b"h")
    entry = LedgerEntry(path="diary.md", status="excluded", reason="private: true", file=state)

    await database.write(lambda c: store.record_file(c, entry))

    assert await database.read(lambda c: found(c, "secret")) == []
    assert (await database.read(records.ledger))["diary.md"] == entry
    counts = await database.read(records.counts)
    assert (counts.indexed, counts.excluded, counts.chunks) == (0, 1, 0)


@pytest.mark.anyio
async def test_a_failed_write_changes_nothing(database: Database) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["text"])))

    def fail(connection: apsw.Connection) -> None:
        store.remove_note(connection, "a.md")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await database.write(fail)
    assert (await database.read(records.counts)).indexed == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("A Ação do Coração", "coracao"),
        ("北京大学の図書館", "大学"),
        ("हिन्दी में लिखना", "में"),
        ("Ёлка и йод", "елка"),
        ("ภาษาไทยง่าย", "ไทย"),
        ("snake_case_name", "case"),
        ("Straße", "STRASSE"),
        ("한국어 문장", "한국어"),
        ("यह हिन्दी है।", "है"),
        ("The Brand™ and №5", "brand™"),
        ("ΛΟΓΟΣ ϲοφόϲ", "σοφός"),
    ],
)
@pytest.mark.anyio
async def test_words_are_found_in_every_script(database: Database, text: str, word: str) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("other.md", ["nothing of the kind"])))
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", [text])))

    rows = await database.read(lambda c: found(c, *terms(word)))

    chunks = await database.read(lambda c: records.chunks_by_id(c, rows))
    assert [chunk.note.path for chunk in chunks.values()] == ["a.md"]
