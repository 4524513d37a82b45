from __future__ import annotations

import asyncio
import shutil
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import apsw
import numpy as np
import pytest

from sidecar.errors import IndexDamagedError, IndexUnavailableError
from sidecar.index import lexical, records, shelf, store, vectors
from sidecar.index.database import Database, connect
from sidecar.index.graph import backlinks, outgoing, relink
from sidecar.index.listing import file_text, files_page
from sidecar.index.schema import create, fingerprint, read_meta
from sidecar.index.soundness import is_sound
from tests.index.damage import damage
from tests.index.entries import read_entry, searched, table_entry

WANTED = fingerprint(reading="test", embedding="one")
WORDS = "boiler caldera холод 暖房 chaudière Heizung stufa aquecimento"
NOTES = 40


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of some notes, closed properly, to be copied and damaged."""
    path = tmp_path_factory.mktemp("whole") / WANTED.file_name
    connection = connect(path, writable=True)
    with connection:
        create(connection, WANTED)
        for number in range(NOTES):
            store.replace_note(connection, read_entry(f"Folder {number % 3}/note {number}.md", note(number)))
        store.replace_note(connection, table_entry("books.csv", {"Emma": "By Austen.", "Faust": "By Goethe."}))
        todo = vectors.chunks_to_embed(connection, 1_000)
        vectors.store_vectors(connection, todo, np.random.default_rng(1).normal(size=(len(todo), 16)))
        relink(connection)
    connection.close()
    return path


@pytest.fixture
async def copied(whole: Path, tmp_path: Path) -> AsyncIterator[Database]:
    database = await shelf.open_index(copy_of(whole, tmp_path), WANTED)
    yield database
    await database.aclose()


def note(number: int) -> str:
    lines = [f"---\naliases: [also {number}]\nprice: {number}\n---\n# The {WORDS.split()[number % 8]} of {number}"]
    lines += [
        f"Room {number} had a {word} on 2024-05-{number % 28 + 1:02}. See [[note {number + 1}]]."
        for word in WORDS.split()
    ]
    lines += [f"- [ ] Ask about {number}", "## Костюм", f"Зимой в комнате {number} было холодно. " * number]
    return "\n\n".join(lines)


def copy_of(whole: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    shutil.copy(whole, folder)
    return folder


def told(connection: apsw.Connection) -> Iterator[object]:
    """Everything that an index shows: what is read of each note, and what searches give."""
    for file in files_page(connection, limit=1_000, descending=False):
        path = file.note.path
        yield file
        yield path, tuple(file_text(connection, path))
        yield from outgoing(connection, path)
        yield from backlinks(connection, path)
        yield from ((path, day) for day in records.dates_of(connection, file.note.id))
        yield from ((path, task) for task in records.tasks_of(connection, file.note.id))
    for word in [*WORDS.split(), "холодно", "room", "7", "23"]:
        found = lexical.search(connection, searched([word]), limit=10, within=None)
        yield from records.chunks_by_id(connection, found).values()
    yield from ((e.path, e.status, e.reason, e.problems, e.local) for e in records.ledger(connection).values())


@pytest.mark.anyio
@pytest.mark.parametrize("start", range(0, 60, 20))
async def test_a_damaged_file_shows_what_was_written_or_is_found_out(whole: Path, tmp_path: Path, start: int) -> None:
    database = await shelf.open_index(copy_of(whole, tmp_path / "sound"), WANTED)
    right = Counter(map(repr, await database.read(lambda c: list(told(c)))))
    await database.aclose()
    for seed in range(start, start + 20):
        folder = copy_of(whole, tmp_path / str(seed))
        kind = damage(folder / WANTED.file_name, seed)
        database = await shelf.open_index(folder, WANTED, on_damaged=lambda: None)
        try:
            shown = Counter(map(repr, await database.read(lambda c: list(told(c)))))
        except IndexDamagedError:
            continue
        finally:
            await database.aclose()
        assert shown.keys() <= right.keys(), (seed, kind, shown - right)


CHANGES = [
    ("notes", "path = 'Folder 0/note 99.md'"),
    ("notes", "title = 'note 99'"),
    ("notes", "aliases = '[\"other\"]'"),
    ("notes", "properties = '{\"price\": 10}'"),
    ("notes", "date = '1999-01-01'"),
    ("notes", "local = 'private: true'"),
    ("notes", "reason = 'unreadable'"),
    ("notes", "mtime_ns = 7"),
    ("notes", "id = 1000"),
    ("chunks", "text = replace(text, 'Room', 'Hall')"),
    ("chunks", "heading_path = '[\"Other\"]'"),
    ("chunks", "start_line = start_line + 1"),
    ("chunks", "end_line = end_line + 1"),
    ("chunks", "ordinal = 50"),
    ("chunks", "block_ids = '[\"a\"]'"),
    ("chunks", "note_id = 5"),
    ("links", "alias = 'other'"),
    ("links", "target = 'other'"),
    ("links", "line = 2"),
    ("tasks", "text = 'Pay'"),
    ("tasks", "state = 'x'"),
    ("dates", "day = '1999-01-01'"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("table", "change"), CHANGES)
async def test_what_is_shown_of_a_row_is_what_was_written(copied: Database, table: str, change: str) -> None:
    change_file(copied.path, f"UPDATE {table} SET {change} WHERE rowid = (SELECT max(rowid) - 4 FROM {table})")
    with pytest.raises(IndexDamagedError, match=r"other text|lost a part"):
        await copied.read(lambda c: list(told(c)))


@pytest.mark.anyio
async def test_a_note_that_has_lost_a_piece_is_not_shown_without_it(copied: Database) -> None:
    path, _ = await copied.read(lambda c: next(iter(records.names(c))))
    change_file(copied.path, f"DELETE FROM chunks WHERE note_id = (SELECT id FROM notes WHERE path = '{path}')")
    with pytest.raises(IndexDamagedError):
        await copied.read(lambda c: records.chunks_of(c, path))


def change_file(path: Path, statement: str) -> None:
    """Change a file as damage would: nothing is told of it."""
    connection = apsw.Connection(str(path))
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.close()


@pytest.mark.anyio
async def test_damage_is_told_once_and_on_the_thread_of_the_event_loop(whole: Path, tmp_path: Path) -> None:
    calls: list[str] = []
    database = await shelf.open_index(
        copy_of(whole, tmp_path), WANTED, on_damaged=lambda: calls.append(threading.current_thread().name)
    )
    change_file(database.path, "UPDATE notes SET title = 'other'")
    for _ in range(3):
        with pytest.raises(IndexDamagedError):
            await database.read(records.notes)
    await database.aclose()
    assert calls == [threading.current_thread().name]


@pytest.mark.anyio
async def test_a_file_that_is_cut_while_it_is_open_is_damaged_and_kills_nobody(copied: Database) -> None:
    await copied.read(lambda c: list(told(c)))
    with copied.path.open("r+b") as file:
        file.truncate(8 * 4096)
    with pytest.raises(IndexDamagedError):
        await asyncio.gather(*(copied.read(everything) for _ in range(4)))


def test_a_file_is_not_mapped_into_memory(whole: Path) -> None:
    """A file that is cut kills whoever reads it there, unless SQLite happens to look at its length first."""
    connection = connect(whole, writable=False)
    assert connection.pragma("mmap_size") == 0
    connection.close()


def everything(connection: apsw.Connection) -> object:
    # Pages that were read before the cut are still in memory.
    connection.pragma("shrink_memory")
    return list(told(connection))


def raised(error: Exception) -> Callable[[apsw.Connection], object]:
    def work(connection: apsw.Connection) -> object:
        raise error

    return work


@pytest.mark.anyio
async def test_a_mistake_of_the_program_is_not_taken_for_damage(copied: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await copied.read(raised(ZeroDivisionError()))
    with pytest.raises(IndexUnavailableError, match="no such table") as caught:
        await copied.read(lambda c: c.execute("SELECT * FROM missing"))
    assert not isinstance(caught.value, IndexDamagedError)


@pytest.mark.anyio
async def test_an_error_that_damage_leads_to_is_taken_for_it(copied: Database) -> None:
    change_file(copied.path, "UPDATE vectors SET embedding = x'00' WHERE chunk_id = 3")
    with pytest.raises(IndexDamagedError, match="division"):
        await copied.read(raised(ZeroDivisionError("division")))


LOOKED_AT = [
    "UPDATE chunks SET length = length + 1 WHERE id = 3",
    "DELETE FROM chunk_terms WHERE rowid = 3",
    "UPDATE vectors SET embedding = x'00' WHERE chunk_id = 3",
    "UPDATE meta SET value = '17' WHERE key = 'dimensions'",
    "DELETE FROM chunks WHERE id = 3",
    "UPDATE links SET heading = 'h' WHERE id = 3",
]


@pytest.mark.parametrize("statement", LOOKED_AT)
def test_a_look_through_everything_finds_what_no_check_of_sqlite_does(
    whole: Path, tmp_path: Path, statement: str
) -> None:
    path = copy_of(whole, tmp_path) / WANTED.file_name
    connection = connect(path, writable=False)
    assert is_sound(connection)
    change_file(path, statement)
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    assert not is_sound(connection)
    connection.close()


@pytest.mark.anyio
async def test_a_value_about_the_index_is_what_was_written(copied: Database) -> None:
    change_file(copied.path, "UPDATE meta SET value = '17' WHERE key = 'dimensions'")
    with pytest.raises(IndexDamagedError):
        await copied.read(lambda c: read_meta(c, "dimensions"))


def test_damaged_vectors_are_near_nothing(whole: Path, tmp_path: Path) -> None:
    path = copy_of(whole, tmp_path) / WANTED.file_name
    change_file(
        path, f"UPDATE vectors SET embedding = x'{np.full(16, np.nan, np.float32).tobytes().hex()}' WHERE chunk_id = 3"
    )
    connection = connect(path, writable=False)
    query = np.ones(16, np.float32)
    assert vectors.similarities(connection, query, [2, 3]).keys() == {2}
    connection.close()


@pytest.mark.anyio
async def test_one_damaged_file_is_kept_at_a_time_with_its_log(whole: Path, tmp_path: Path) -> None:
    folder = copy_of(whole, tmp_path)
    path = folder / WANTED.file_name
    (folder / f"{path.name}-wal").write_bytes(b"log")
    (folder / f"{path.name}.damaged-20200101-000000").write_bytes(b"older")

    aside = shelf.put_aside(path)

    assert aside is not None
    assert {file.name for file in folder.iterdir()} == {aside.name, f"{aside.name}-wal"}
    assert shelf.put_aside(path) is None
    assert sorted(shelf.remove_asides(folder)) == [aside.name, f"{aside.name}-wal"]
    assert list(folder.iterdir()) == []


@pytest.mark.anyio
@pytest.mark.parametrize("stamp", ["20200101-000000", "20990101-000000", "nonsense"])
async def test_a_file_that_was_put_aside_long_ago_goes_when_the_index_is_opened(tmp_path: Path, stamp: str) -> None:
    recent = shelf.put_aside(touched(tmp_path / "index-a-b.db"))
    old = touched(tmp_path / f"index-a-b.db.damaged-{stamp}-wal")

    await (await shelf.open_index(tmp_path, WANTED)).aclose()

    assert recent is not None
    assert recent.exists()
    assert not old.exists()


def touched(path: Path) -> Path:
    path.write_bytes(b"damaged")
    return path


@pytest.mark.anyio
async def test_a_start_that_was_killed_leaves_nothing_to_put_aside(tmp_path: Path) -> None:
    connection = connect(tmp_path / WANTED.file_name, writable=True)
    connection.close()
    await (await shelf.open_index(tmp_path, WANTED)).aclose()
    assert list(tmp_path.glob("*.damaged-*")) == []


@pytest.mark.anyio
async def test_a_change_of_a_damaged_row_does_not_make_the_damage_look_as_written(copied: Database) -> None:
    path = "Folder 1/note 4.md"
    change_file(copied.path, f"UPDATE notes SET title = 'other' WHERE path = '{path}'")
    state = store.FileState(size=2, mtime_ns=2, content_hash=None)
    with pytest.raises(IndexDamagedError):
        await copied.write(lambda c: store.touch_file(c, path, state))
