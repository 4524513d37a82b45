"""Promise 10: a damaged index never passes wrong text off as yours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.index.damage import damage
from tests.serving import Server, serve, until

Record = Callable[[str, object], None]
_NOTES = 24
_VAULTS = 5
_WORDS = ["boiler", "caldera", "Heizung", "chaudière", "caldaia", "aquecimento", "котёл", "暖房", "หม้อน้ำ", "غلاية"]
_QUERIES = [*_WORDS, *(f"zorb{number}" for number in range(0, _NOTES, 3)), '"it was repaired"', "tag:#heating"]
_SHOWN = ["path", "kind", "title", "aliases", "tags", "properties", "date", "dates", "tasks", "chunks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Vaults, the data folder of a server that indexed them and was stopped, and what it said of them while sound."""

    vaults: list[Path]
    data_dir: Path
    notes: Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the damaged files."""

    files: int = 0
    found_out: int = 0
    never_noticed: int = 0
    searches_that_missed: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    vaults = [_make_vault(folder / f"Vault {number}") for number in range(_VAULTS)]
    with serve(*vaults, data_dir=folder / "data") as server:
        notes = {(vault.name, path): _note(server, vault.name, path) for vault in vaults for path in _paths()}
    assert all(status == 200 for status, _ in notes.values())
    return Whole(vaults=vaults, data_dir=folder / "data", notes={key: said for key, (_, said) in notes.items()})


def _make_vault(folder: Path) -> Path:
    for number, path in enumerate(_paths()):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        told = [
            f"In {folder.name} the {word} of room {number} was cold on 2024-03-{number % 28 + 1:02}." for word in _WORDS
        ]
        head = (
            f"---\naliases: [Room {number}]\ntags: [heating]\nprice: {number}\n---\n# The zorb{number} of {folder.name}"
        )
        tasks = f"- [ ] Ask about zorb{number}\n- [x] Pay for [[Note {(number + 1) % _NOTES}]]"
        file.write_text(
            "\n\n".join([head, *told[:5], "## Ремонт и 修理", *told[5:], "It was repaired.", tasks]), "utf-8"
        )
    return folder


def _paths() -> list[str]:
    return [f"Räume {number % 3}/Note {number}.md" for number in range(_NOTES)]


@pytest.mark.promise(10)
@pytest.mark.parametrize("rounds", [1, pytest.param(60, marks=pytest.mark.nightly)])
def test_a_damaged_index_tells_the_truth_or_is_found_out_and_built_anew(
    whole: Whole, tmp_path: Path, rounds: int, record_property: Record
) -> None:
    tally = Tally()
    for number in range(rounds):
        data = tmp_path / f"data {number}"
        shutil.copytree(whole.data_dir, data)
        seeds = {vault.name: _VAULTS * number + place for place, vault in enumerate(whole.vaults)}
        for vault in whole.vaults:
            kind = damage(_index(data, vault), seeds[vault.name])
            tally.kinds[kind] = tally.kinds.get(kind, 0) + 1
        with serve(*whole.vaults, data_dir=data, wait=False) as server:
            for vault in whole.vaults:
                _check(server, whole, vault, tally, about=f"seed {seeds[vault.name]}")
        shutil.rmtree(data)
    for name in ("files", "found_out", "never_noticed", "searches_that_missed"):
        record_property(name, getattr(tally, name))
    assert tally.files == rounds * _VAULTS


def _check(server: Server, whole: Whole, vault: Path, tally: Tally, *, about: str) -> None:
    """Ask for every note and search for every word: what comes is right, or it was seen that something is wrong."""
    right = sum(_is_right(server, whole, vault.name, path, about) for path in _paths())
    missed = sum(not _search(server, whole, vault.name, query, about) for query in _QUERIES)
    if right < _NOTES:
        until(lambda: _asides(server.data_dir, vault), seconds=30)
    if asides := _asides(server.data_dir, vault):
        # Found out while it was asked, or at the start: then everything comes back from the notes.
        until(lambda: _serves_all(server, vault.name), seconds=60)
        assert all(_is_right(server, whole, vault.name, path, about) for path in _paths()), about
        assert all(_search(server, whole, vault.name, query, about) for query in _QUERIES), about
        assert len([name for name in asides if not name.endswith(("-wal", "-shm"))]) == 1, (about, asides)
    else:
        tally.never_noticed += 1
        tally.searches_that_missed += missed
    tally.files += 1
    tally.found_out += bool(asides)


def _is_right(server: Server, whole: Whole, vault: str, path: str, about: str) -> bool:
    """Whether a note is given; as it is in the vault, if at all."""
    status, said = _note(server, vault, path)
    assert status in {200, 404, 503}, (about, path, status, said)
    if status == 200:
        expected = whole.notes[vault, path]
        assert {name: said[name] for name in _SHOWN} == {name: expected[name] for name in _SHOWN}, (about, path)
    return status == 200


def _search(server: Server, whole: Whole, vault: str, query: str, about: str) -> bool:
    """Whether a search finds anything; it is a piece of a note of the vault, as the note has it."""
    reply = server.client.post("/vault/search", json={"vault": vault, "query": query, "limit": 20})
    assert reply.status_code in {200, 503}, (about, query, reply.text)
    hits = reply.json().get("results", [])
    for hit in hits:
        note = whole.notes[vault, hit["path"]]
        piece = {name: hit[name] for name in ("heading_path", "text", "span")}
        assert piece in note["chunks"], (about, query, piece)
        assert {name: hit[name] for name in ("title", "tags", "properties")}.items() <= note.items(), (about, query)
    return bool(hits)


def _note(server: Server, vault: str, path: str) -> tuple[int, dict[str, Any]]:
    reply = server.client.get(f"/vault/notes/{path}", params={"vault": vault})
    return reply.status_code, reply.json()


def _serves_all(server: Server, vault: str) -> bool:
    (status,) = [each for each in server.status()["vaults"] if each["name"] == vault]
    return status["ready"] and status["indexed"] == _NOTES and not status["chunks_without_vector"]


def _index(data: Path, vault: Path) -> Path:
    (path,) = data.glob(f"vaults/{vault.name.replace(' ', '-')}-*/index-*.db")
    return path


def _asides(data: Path, vault: Path) -> list[str]:
    return [file.name for file in data.glob(f"vaults/{vault.name.replace(' ', '-')}-*/index-*.damaged-*")]


@pytest.mark.promise(10)
def test_an_index_that_is_cut_while_it_serves_is_built_anew_and_the_server_lives(whole: Whole, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(whole.data_dir, data)
    vault = whole.vaults[0]
    with serve(vault, data_dir=data) as server:
        with _index(data, vault).open("r+b") as file:
            file.truncate(8 * 4096)
        until(lambda: _asks(server, vault.name) and _asides(data, vault), seconds=30)
        until(lambda: _serves_all(server, vault.name), seconds=60)
        assert all(_is_right(server, whole, vault.name, path, "cut") for path in _paths())
        assert server.process.poll() is None


def _asks(server: Server, vault: str) -> bool:
    """Ask for every note, whatever comes."""
    return {_note(server, vault, path)[0] for path in _paths()} <= {200, 404, 503}


@pytest.mark.promise(13)
@pytest.mark.nightly
def test_a_damaged_file_is_not_kept_longer_than_the_notes_whose_text_it_holds(whole: Whole, tmp_path: Path) -> None:
    data, vault = tmp_path / "data", tmp_path / "Vault 0"
    _make_vault(vault)
    (vault / "Secret.md").write_text("The canary is called quetzalfiasco.", encoding="utf-8")
    with serve(vault, data_dir=data) as server:
        assert server.best("quetzalfiasco") == "Secret.md"
    path = _index(data, vault)
    path.write_bytes(path.read_bytes()[: 12 * 4096])
    with serve(vault, data_dir=data) as server:
        assert _asides(data, vault)
        (vault / "Secret.md").unlink()
        until(lambda: not _asides(data, vault), seconds=10)
        until(lambda: not _holders(data), seconds=10)


def _holders(data: Path) -> list[Path]:
    return [file for file in data.rglob("*") if file.is_file() and b"quetzalfiasco" in file.read_bytes()]
