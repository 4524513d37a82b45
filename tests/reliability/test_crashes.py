"""Promise 8: a crash or a power cut loses nothing."""

from __future__ import annotations

import hashlib
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sidecar.chunking import chunk_note
from sidecar.index.records import ChunkRecord
from sidecar.notes.reading import read_note
from tests.reliability.crashing import Started, Waited, indexed, started

Record = Callable[[str, object], None]
Piece: TypeAlias = "tuple[tuple[str, ...], str, int, int]"
_WORDS = (
    "boiler",
    "harbour",
    "Heizung",
    "chaudière",
    "caldera",
    "caldaia",
    "aquecimento",
    "котёл",
    "暖房",
    "หม้อน้ำ",
    "غلاية",
    "बॉयलर",
)
_STAYS = "Stays.md"
_SEED = 8


class Notes:
    """A vault whose notes change all the time, and what each version of each must look like in an index."""

    def __init__(self, folder: Path, rng: random.Random, *, count: int) -> None:
        self.folder = folder
        self._rng = rng
        self._versions: dict[tuple[str, bytes], bytes] = {}
        folder.mkdir()
        self._write(_STAYS, "# Stays\n\nThe zorbing championship was in May.\n")
        self._paths = [f"{number % 7}/Note {number}.md" for number in range(count)]
        for path in self._paths:
            self._write(path, self._text())

    def change(self, count: int) -> None:
        """Rewrite so many notes, and take one away or bring it back."""
        for path in self._rng.sample(self._paths, count):
            self._write(path, self._text())
        (self.folder / self._rng.choice(self._paths)).unlink(missing_ok=True)

    def check(self, found: dict[str, tuple[bytes | None, list[ChunkRecord]]]) -> None:
        """Each note that was indexed is whole, and is a version of that note."""
        for path, (digest, chunks) in found.items():
            assert digest is not None, path
            content = self._versions[path, digest]
            pieces = [(c.heading_path, c.text, c.start_line, c.end_line) for c in chunks]
            assert pieces == _pieces(path, content), path

    def now(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.folder)): _digest(p.read_bytes()) for p in self.folder.rglob("*.md")}

    def _text(self) -> str:
        words = [self._rng.choice(_WORDS) for _ in range(300)]
        parts = [" ".join(words[start : start + 30]) + "." for start in range(0, 300, 30)]
        return f"# {words[0]} {self._rng.random()}\n\n" + "\n\n## Part\n\n".join(parts) + "\n"

    def _write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self._versions[path, _digest(text.encode())] = text.encode()


def _hashes(found: dict[str, tuple[bytes | None, list[ChunkRecord]]]) -> dict[str, bytes | None]:
    return {path: digest for path, (digest, _) in found.items()}


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _pieces(path: str, content: bytes) -> list[Piece]:
    chunks = chunk_note(read_note(path, content))
    return [(tuple(c.heading_path), c.text, c.span.start_line, c.span.end_line) for c in chunks]


@pytest.mark.promise(8)
@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.nightly)])
def test_a_server_that_is_killed_while_it_indexes_serves_again_and_has_no_half_note(
    tmp_path: Path, kills: int, record_property: Record
) -> None:
    rng = random.Random(_SEED)
    notes = Notes(tmp_path / "vault", rng, count=200)
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    waits: list[Waited] = []
    half_done = 0
    for number in range(kills):
        with started(notes.folder, data) as server:
            if number % 2 == 0:
                waits.append(server.serving("zorbing", _STAYS))
                notes.change(40)
            # Every other one at any moment of a start.
            time.sleep(rng.uniform(0, 1.5 if number % 2 == 0 else 3.5))
            server.kill()
        found = indexed(data, scratch)
        notes.check(found)
        half_done += bool(found) and _hashes(found) != notes.now()
        notes.change(40)
    with started(notes.folder, data) as server:
        waits.append(server.serving("zorbing", _STAYS))
        _come_to_rest(server)
        server.kill()
    found = indexed(data, scratch)
    notes.check(found)
    assert _hashes(found) == notes.now()
    assert half_done
    # The first start was of a new index, and no crash was before it.
    again = waits[1:]
    record_property("kills", kills)
    record_property("kills_in_the_middle_of_indexing", half_done)
    record_property("median_seconds_until_serving_again", round(statistics.median(w.seconds for w in again), 2))
    record_property("slowest_seconds_until_serving_again", round(max(w.seconds for w in again), 2))
    record_property("slowest_seconds_without_those_of_other_programs", round(max(w.alone for w in again), 2))
    assert max(wait.alone for wait in again) < 3.0, again


def _come_to_rest(server: Started) -> None:
    with server.client() as client:
        status: Any = client.post("/vault/sync", json={}).json()
        assert all(vault["ready"] and not vault["problems"] for vault in status["vaults"]), status
