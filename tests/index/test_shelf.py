from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors import IndexUnavailableError
from sidecar.index import records, shelf, store
from sidecar.index.schema import fingerprint
from tests.index.entries import make_entry

WANTED = fingerprint(reading="test", embedding="one")
OTHER = fingerprint(reading="test", embedding="two")


@pytest.mark.anyio
async def test_an_index_is_there_again_after_it_was_closed(tmp_path: Path) -> None:
    database = await shelf.open_index(tmp_path, WANTED)
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["text"])))
    await database.aclose()

    again = await shelf.open_index(tmp_path, WANTED)
    assert (await again.read(records.counts)).indexed == 1
    await again.aclose()


@pytest.mark.anyio
async def test_a_damaged_file_is_kept_aside_and_a_new_index_begun(tmp_path: Path) -> None:
    damage = b"this is no database at all, it is a text file" * 40
    (tmp_path / WANTED.file_name).write_bytes(damage)

    database = await shelf.open_index(tmp_path, WANTED)

    assert (await database.read(records.counts)).indexed == 0
    await database.aclose()
    assert [p.read_bytes() for p in tmp_path.glob("*.damaged-*")] == [damage]


@pytest.mark.anyio
async def test_an_empty_file_is_a_beginning(tmp_path: Path) -> None:
    (tmp_path / WANTED.file_name).touch()

    database = await shelf.open_index(tmp_path, WANTED)

    assert (await database.read(records.counts)).indexed == 0
    await database.aclose()
    assert list(tmp_path.glob("*.damaged-*")) == []


@pytest.mark.anyio
async def test_a_file_with_a_broken_page_is_not_served(tmp_path: Path) -> None:
    await break_a_page(tmp_path)

    again = await shelf.open_index(tmp_path, WANTED)

    assert (await again.read(records.counts)).indexed == 0
    await again.aclose()
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(("log", "checked"), [(b"", False), (b"\0" * 32, True)])
async def test_a_large_file_is_looked_through_when_it_was_not_closed_properly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: bytes, *, checked: bool
) -> None:
    monkeypatch.setattr(shelf, "_QUICKLY_CHECKED", 1)
    await break_a_page(tmp_path)
    (tmp_path / f"{WANTED.file_name}-wal").write_bytes(log)

    await (await shelf.open_index(tmp_path, WANTED)).aclose()

    assert bool(list(tmp_path.glob("*.damaged-*"))) is checked


async def break_a_page(folder: Path) -> None:
    """Leave an index that was closed properly and damaged later."""
    database = await shelf.open_index(folder, WANTED)
    for number in range(40):
        await database.write(lambda c, n=number: store.replace_note(c, make_entry(f"{n}.md", ["long text " * 200])))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    await database.aclose()
    path = folder / WANTED.file_name
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(content)


@pytest.mark.anyio
async def test_the_index_before_serves_only_when_it_is_complete_and_differs_in_its_embedding_alone(
    tmp_path: Path,
) -> None:
    database = await shelf.open_index(tmp_path, WANTED)
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["text"])))
    assert await shelf.open_previous(tmp_path, OTHER) is None
    await shelf.mark_complete(database, embedding_name="builtin")
    await database.aclose()

    assert await shelf.open_previous(tmp_path, WANTED) is None
    assert await shelf.open_previous(tmp_path, fingerprint(reading="newer", embedding="two")) is None
    found = await shelf.open_previous(tmp_path, OTHER)
    assert found is not None
    previous, name = found
    assert name == "builtin"
    assert (await previous.read(records.counts)).indexed == 1
    await previous.aclose()

    new = await shelf.open_index(tmp_path, OTHER)
    await new.aclose()
    assert shelf.remove_others(tmp_path, new.path) == [WANTED.file_name]
    assert not (tmp_path / WANTED.file_name).exists()


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(IndexUnavailableError, match="cannot be opened"):
        await shelf.open_index(tmp_path / "file" / "folder", WANTED)
