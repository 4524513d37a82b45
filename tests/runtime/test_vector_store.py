"""Ids of stores and files, attributes, and the table that leads from an id to its file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from sidecar.errors import RequestError
from sidecar.index.listing import paths_and_rows
from sidecar.index.records import ChunkRecord, NoteRecord
from sidecar.runtime.attributes import MOST_CHARACTERS, MOST_KEYS, attributes_of
from sidecar.runtime.file_ids import FileIds
from sidecar.runtime.stores import FilesWanted, Stores
from sidecar.runtime.vaults import OpenVault
from sidecar.runtime.vector_store import (
    file_id,
    filtered_queries,
    parse_file_id,
    path_mark,
    search,
    store_id,
    vault_of_store,
)
from tests.runtime.test_vaults import opened


def _note(**fields: Any) -> NoteRecord:
    whole: dict[str, Any] = {
        "id": 1,
        "path": "Work/Plans/Boat.md",
        "title": "Boat",
        "aliases": (),
        "tags": ("wood", "a/b"),
        "properties": {},
        "date": None,
        "mtime_ns": 1_700_000_000_900_000_000,
    }
    return NoteRecord(**{**whole, **fields})


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Garden", "vs_Garden"),
        ("my.vault-2_x", "vs_my.vault-2_x"),
        ("Second Brain", "vs_Second~20Brain"),
        ("日", "vs_~E6~97~A5"),
        ("a~20b", "vs_a~7E20b"),
        ("\udcff", "vs_~ED~B3~BF"),
    ],
)
def test_a_store_is_named_after_its_vault_in_signs_that_no_url_escapes(name: str, wanted: str) -> None:
    vault = cast("OpenVault", object())
    assert store_id(name) == wanted
    assert vault_of_store(wanted, {"other": cast("OpenVault", object()), name: vault}) is vault
    assert vault_of_store(f"vs_{name}", {name: vault}) is vault


def test_the_default_store_gives_way_to_a_vault_of_that_name() -> None:
    first, second = cast("OpenVault", object()), cast("OpenVault", object())
    assert vault_of_store("vs_vault", {"a": first, "b": second}) is first
    assert vault_of_store("vs_vault", {"a": first, "vault": second}) is second
    assert vault_of_store("vs_c", {"a": first}) is None
    assert vault_of_store("vs_a~20b", {"a~20b": first, "a b": second}) is second
    assert vault_of_store("vs_a~7E20b", {"a~20b": first, "a b": second}) is first
    assert vault_of_store("vs_vault", {}) is None


def test_a_files_id_is_the_same_for_ever_and_another_for_each_vault_and_path() -> None:
    assert file_id("Garden", "Beds/Fern.md") == "file-1f9539e37c9b21a026700e3a"
    ids = {file_id(vault, path) for vault in ("a", "b") for path in ("x.md", "X.md", "x/.md", "é.md", "\udcff")}
    assert len(ids) == 10
    parsed = parse_file_id(file_id("a", "x.md"))
    assert parsed is not None
    assert parsed[1] == path_mark("x.md")


@pytest.mark.parametrize("wanted", ["", "file-", "file-12", "FILE-" + "a" * 24, "file-" + "A" * 24, "file-" + "a" * 25])
def test_what_is_no_id_of_ours_is_none(wanted: str) -> None:
    assert parse_file_id(wanted) is None
    assert parse_file_id(f"{file_id('a', 'b')}\n") is None


def test_attributes_tell_what_filters_ask_for() -> None:
    properties = {"status": "done", "pages": 12, "read": True, "none": None, "deep": {"a": 1}, "who": ["A", 2, True]}
    found = attributes_of(_note(properties=properties, date="2024-05-06"), vault="My Vault")
    assert found == {
        "path": "Work/Plans/Boat.md",
        "folder": "Work/Plans",
        "title": "Boat",
        "tags": "wood, a/b",
        "created": "2024-05-06",
        "modified": 1_700_000_000,
        "uri": "obsidian://open?vault=My%20Vault&file=Work%2FPlans%2FBoat",
        "status": "done",
        "pages": 12,
        "read": True,
        "who": "A, 2, true",
    }


def test_a_notes_own_created_comes_before_its_date_and_other_taken_names_are_left_out() -> None:
    own = {"Created": "2020-01-01", "title": "Other", "TAGS": "x", "Path": "y", "kind": "z", "uri": "urn:mine"}
    found = attributes_of(_note(properties=own, date="2024-05-06"), vault="v")
    assert (found["created"], found["date"]) == ("2020-01-01", "2024-05-06")
    assert (found["title"], found["tags"], found["path"]) == ("Boat", "wood, a/b", "Work/Plans/Boat.md")
    # Filters read this one as the property.
    assert found["uri"] == "urn:mine"
    assert not {"Created", "TAGS", "Path", "kind"} & set(found)


def test_a_piece_tells_where_it_stands() -> None:
    chunk = ChunkRecord(
        id=1,
        note=_note(),
        ordinal=0,
        heading_path=("Plan", "Wood"),
        text="",
        start_line=3,
        end_line=9,
        block_ids=(),
    )
    found = attributes_of(chunk.note, vault="v", chunk=chunk, file="Other/Boats.csv")
    assert (found["heading_path"], found["lines"], found["folder"]) == ("Plan > Wood", "3-9", "Other")
    assert str(found["uri"]).endswith("Boat%23Wood")


def test_there_are_never_more_than_sixteen_and_the_telling_ones_stay() -> None:
    many: dict[str, Any] = {
        "cssclasses": "wide",
        "essay": "x" * 2_000,
        "people": ["A"],
        **{f"key{n}": n for n in range(7)},
    }
    found = attributes_of(_note(properties=many, date="2024-05-06"), vault="v")
    assert len(found) == MOST_KEYS
    assert {f"key{n}" for n in range(7)} | {"people", "essay"} == set(found) - {
        *("path", "folder", "title", "tags", "created", "modified", "uri")
    }
    assert len(str(found["essay"])) == MOST_CHARACTERS
    assert len(attributes_of(_note(properties={f"k{n}": n for n in range(500)}), vault="v")) == MOST_KEYS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("inf"), None),
        (float("nan"), None),
        (10**30, str(10**30)),
        (2**53, 2**53),
        ("", None),
        ("  ", None),
        ([], None),
        ([[1], {"a": 1}], None),
        (0, 0),
        (False, False),
    ],
)
def test_odd_values_are_shown_in_a_way_that_json_and_doubles_hold(value: Any, shown: Any) -> None:
    found = attributes_of(_note(properties={"odd": value}), vault="v")
    assert found.get("odd") == shown
    assert type(found.get("odd")) is type(shown)


def test_long_paths_and_keys_keep_to_the_limits() -> None:
    note = _note(path="x" * 3_000 + ".md", tags=tuple("t" * 100 + str(n) for n in range(50)), properties={"k" * 65: 1})
    found = attributes_of(note, vault="v")
    assert all(len(value) <= MOST_CHARACTERS for value in found.values() if isinstance(value, str))
    assert all(len(key) <= 64 for key in found)


def test_a_wrong_filter_is_named_from_its_root() -> None:
    with pytest.raises(RequestError) as refusal:
        filtered_queries(["a"], {"type": "or", "filters": [{"type": "eq", "key": "a", "value": 1}, 5]})
    assert refusal.value.param == "filters.filters[1]"


@pytest.fixture
async def vault(tmp_path: Path, anyio_backend: str) -> AsyncIterator[OpenVault]:
    folder = tmp_path / "vault"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.md").write_text(f"Note number {number} about rivers.", encoding="utf-8")
    async with opened(folder, None) as made:
        await made.index(accept_removals=False)
        yield made


async def _path(vault: OpenVault, ids: FileIds, path: str) -> str | None:
    found = await vault.read(lambda connection: ids.find(connection, path_mark(path)))
    return None if found is None else found[0]


@pytest.mark.anyio
async def test_an_id_leads_to_its_file_through_every_change(vault: OpenVault) -> None:
    ids, folder = FileIds(), vault.path
    assert await _path(vault, ids, "0.md") == "0.md"
    assert await _path(vault, ids, "new.md") is None
    (folder / "new.md").write_text("New.", encoding="utf-8")
    (folder / "0.md").rename(folder / "moved.md")
    (folder / "1.md").unlink()
    await vault.index(accept_removals=True)
    # Whichever reader is asked, and however often.
    for _ in range(4):
        known = [await _path(vault, ids, path) for path in ("0.md", "1.md", "moved.md", "new.md", "2.md")]
        assert known == [None, None, "moved.md", "new.md", "2.md"]


@pytest.mark.anyio
async def test_neither_turning_pages_nor_unknown_ids_read_every_path_again_and_again(
    vault: OpenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[apsw.Connection] = []

    def counted(connection: apsw.Connection) -> Iterator[tuple[str, int]]:
        reads.append(connection)
        return paths_and_rows(connection)

    monkeypatch.setattr("sidecar.runtime.file_ids.paths_and_rows", counted)
    stores = Stores({vault.name: vault})
    after = None
    for _ in range(4):
        page = await stores.page(vault, FilesWanted(limit=1, after=after))
        after = file_id(vault.name, page.files[0].file.note.path)
    assert not page.has_more
    assert not reads
    ids = FileIds()
    for number in range(50):
        assert await _path(vault, ids, f"nothing {number}.md") is None
        assert await _path(vault, ids, "2.md") == "2.md"
    # Once for each of the index's readers at most.
    assert len(reads) <= 2


@pytest.mark.anyio
async def test_a_page_goes_on_behind_a_file_that_is_gone(vault: OpenVault) -> None:
    stores = Stores({vault.name: vault})
    first = await stores.page(vault, FilesWanted(limit=2, ascending=True))
    gone = first.files[-1].file.note.path
    (vault.path / gone).unlink()
    await vault.index(accept_removals=True)
    wanted = FilesWanted(limit=2, ascending=True, after=file_id(vault.name, gone))
    rest = await stores.page(vault, wanted)
    assert [stored.file.note.path for stored in rest.files] == ["2.md", "3.md"]
    assert rest.has_more is False
    # Another process never gave that page.
    with pytest.raises(RequestError, match="after"):
        await Stores({vault.name: vault}).page(vault, wanted)


@pytest.mark.anyio
async def test_what_is_remembered_of_pages_is_bounded(vault: OpenVault) -> None:
    ids = FileIds()
    for number in range(1_000):
        await vault.read(lambda connection, n=number: ids.remember(connection, f"gone {n}.md", 100 + n))  # type: ignore[misc]  # mypy cannot infer a lambda's default

    async def place(number: int) -> int | None:
        return await vault.read(lambda connection: ids.place(connection, path_mark(f"gone {number}.md")))

    assert await place(999) == 1_099
    assert await place(0) is None


@pytest.mark.anyio
async def test_a_search_gives_each_piece_once_best_first(vault: OpenVault) -> None:
    found = await search(vault, ["rivers", "number 2", "rivers"], limit=10)
    assert found[0].filename == "2.md"
    assert sorted(piece.filename for piece in found) == ["0.md", "1.md", "2.md", "3.md"]
    assert [piece.score for piece in found] == sorted((piece.score for piece in found), reverse=True)
    assert found[0].file_id == file_id(vault.name, "2.md")
    assert found[0].text == found[0].hit.chunk.text == "Note number 2 about rivers."
    least = found[0].score
    assert [piece.filename for piece in await search(vault, ["number 2"], limit=10, least_score=least)] == ["2.md"]
    assert len(await search(vault, ["rivers", "number 2"], limit=2)) == 2
