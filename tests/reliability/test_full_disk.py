"""Promise 9: a full disk stops nothing but the writing."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.reliability.small_disk import SmallDisk, small_disk
from tests.serving import Server, environment, serve, until

_NOTES = 150
_MIB = 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "small", size=3 * _MIB) as made:
        yield made


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Notes whose index takes twice the room that there is."""
    rng = random.Random(9)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(5000)]
    folder = tmp_path / "vault"
    folder.mkdir()
    for number in range(_NOTES):
        text = f"# Note {number}\n\nmarker{number}x " + " ".join(rng.choices(words, k=400))
        (folder / f"Note {number:03}.md").write_text(text, encoding="utf-8")
    return folder


def _fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in folder.iterdir()
    }


def _problems(server: Server) -> str:
    return " ".join(server.status()["vaults"][0]["problems"])


def _indexed(server: Server) -> int:
    return int(server.status()["vaults"][0]["indexed"])


def _answer(server: Server, route: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = server.client.post(route, json={"model": "vault/extractive", **body})
    return answer.status_code, answer.json()


def _log_elsewhere(data_dir: Path, log: Path) -> None:
    """What the server tells is wanted here when its own disk can hold nothing more."""
    data_dir.mkdir(exist_ok=True)
    (data_dir / "serve.log").symlink_to(log)


def _assert_sound(data_dir: Path, copies: Path) -> None:
    (index,) = data_dir.rglob("index-*.db")
    # Copied, as SQLite resolves links, and the one to the small disk leads nowhere by name.
    connection = apsw.Connection(str(shutil.copy(index, copies)))
    assert connection.pragma("integrity_check") == "ok"
    connection.execute("INSERT INTO chunk_terms (chunk_terms, rank) VALUES ('integrity-check', 1)")
    connection.close()


@pytest.mark.promise(9)
def test_a_disk_that_fills_up_stops_the_indexing_alone_and_it_goes_on_once_there_is_room(
    tmp_path: Path, disk: SmallDisk, vault: Path, record_property: Callable[[str, object], None]
) -> None:
    before, log = _fingerprint(vault), tmp_path / "serve.log"
    _log_elsewhere(disk.path / "data", log)
    disk.fill(leave=_MIB)
    with serve(vault, data_dir=disk.path / "data", wait=False, under=disk.under) as server:
        until(lambda: "full" in _problems(server))
        disk.fill()
        found = server.indexed()
        assert found
        assert all(server.best(f"marker{int(path[5:8])}x") == path for path in list(found)[:10])
        assert server.status()["ready"] is False
        question = f"marker{int(min(found)[5:8])}x"
        status, chat = _answer(server, "/v1/chat/completions", messages=[{"role": "user", "content": question}])
        assert (status, question in chat["choices"][0]["message"]["content"]) == (200, True)
        _assert_an_answer_comes_that_is_not_kept(server, question)

        disk.make_room()
        _enlarge(disk)
        began = time.monotonic()
        until(lambda: _indexed(server) == _NOTES, seconds=60)
        record_property("seconds_until_all_was_indexed_once_there_was_room", round(time.monotonic() - began, 1))
        server.ready()
        assert _problems(server) == ""
        assert all(server.best(f"marker{number}x") == f"Note {number:03}.md" for number in range(0, _NOTES, 25))
        assert _answer(server, "/v1/responses", input=question)[0] == 200
        record_property("notes_indexed_when_the_disk_was_full", len(found))
    assert server.process.returncode == 0
    _assert_sound(disk.path / "data", tmp_path)
    assert _fingerprint(vault) == before
    told = log.read_text(encoding="utf-8")
    assert "is full" in told
    assert "Traceback" not in told
    assert "marker" not in told


@pytest.mark.promise(9)
@pytest.mark.promise(13)
def test_what_is_deleted_or_made_private_is_found_no_longer_though_the_disk_is_full(tmp_path: Path) -> None:
    vault = tmp_path / "few"
    vault.mkdir()
    for number in range(30):
        (vault / f"Note {number:03}.md").write_text(f"marker{number}x " + "Some more text. " * 50, encoding="utf-8")
    with small_disk(tmp_path / "larger", size=24 * _MIB) as disk:
        _log_elsewhere(disk.path / "data", tmp_path / "larger.log")
        with serve(vault, data_dir=disk.path / "data", under=disk.under) as server:
            disk.fill()
            assert disk.free < _MIB // 256
            (vault / "Note 001.md").unlink()
            (vault / "Note 002.md").write_text("---\nprivate: true\n---\nmarker2x", encoding="utf-8")
            (vault / "Note 999.md").write_text("marker999x " + "far too much to be written " * 40_000, encoding="utf-8")
            until(lambda: server.indexed().isdisjoint({"Note 001.md", "Note 002.md"}))
            assert server.best("marker3x") == "Note 003.md"
            assert server.client.get("/vault/notes/Note 002.md").status_code == 404
            until(lambda: "full" in _problems(server))
            disk.make_room()
            until(lambda: server.best("marker999x") == "Note 999.md" and not _problems(server), seconds=60)
            # The room that was given up is kept again, for the next time.
            until(lambda: list((disk.path / "data").rglob("room-for-deletions")))


def _assert_an_answer_comes_that_is_not_kept(server: Server, question: str) -> None:
    status, answer = _answer(server, "/v1/responses", input=question)
    assert (status, answer["status"]) == (200, "completed")
    assert question in str(answer["output"])
    kept = server.client.get(f"/v1/responses/{answer['id']}")
    assert kept.status_code == 503
    assert "full" in kept.json()["error"]["message"]
    status, refused = _answer(server, "/v1/responses", input=question, background=True)
    assert status == 503
    assert "cannot be kept" in refused["error"]["message"]


def _enlarge(disk: SmallDisk) -> None:
    """Have room for all: a user would delete something else."""
    command = [*disk.under, "mount", "-o", "remount,size=64m", "none", str(disk.path.parent)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.promise(9)
@pytest.mark.parametrize("left", [16, 256, *(pytest.param(n, marks=pytest.mark.nightly) for n in (0, 32, 64, 128))])
def test_a_start_on_a_full_disk_says_so_and_leaves_nothing_that_hinders_the_next(
    tmp_path: Path, disk: SmallDisk, left: int
) -> None:
    """How much is left, in KiB, decides which file is the first that cannot be written."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "Note.md").write_text("# Note\n\nlighthouse", encoding="utf-8")
    data_dir = disk.path / "data"
    disk.fill(leave=left * 1024)
    command = [*disk.under, sys.executable, "-m", "sidecar", "serve", tmp_path / "vault", "--port", "0"]
    done = subprocess.run(
        [*map(str, command), "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Is the disk full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (data_dir / "token").exists()
    assert not (data_dir / "runtime.json").exists()
    assert not [path for path in data_dir.iterdir() if path.name.startswith(".token")]
    if left in {16, 256}:  # one that stopped at the index, one at the token
        disk.make_room()
        with serve(tmp_path / "vault", data_dir=data_dir, under=disk.under) as server:
            assert server.best("lighthouse") == "Note.md"


@pytest.mark.promise(9)
@pytest.mark.nightly
def test_an_index_that_is_there_is_served_from_a_disk_that_is_all_but_full(tmp_path: Path, disk: SmallDisk) -> None:
    """The log lies on the full disk too: what cannot be logged must not stop the server."""
    vault, data_dir = tmp_path / "vault", disk.path / "data"
    vault.mkdir()
    (vault / "Note.md").write_text("# Note\n\nlighthouse", encoding="utf-8")
    with serve(vault, "--embedding-model", "none", data_dir=data_dir, under=disk.under):
        pass
    token = (data_dir / "token").read_bytes()
    disk.fill(leave=64 * 1024)
    with serve(vault, "--embedding-model", "none", data_dir=data_dir, under=disk.under) as server:
        disk.fill()
        assert server.best("lighthouse") == "Note.md"
        (vault / "Note.md").write_text("# Note\n\n" + "windmill " * 20_000, encoding="utf-8")
        until(lambda: "full" in _problems(server))
        assert server.client.get("/healthz").status_code == 200
    assert server.process.returncode == 0
    assert (data_dir / "token").read_bytes() == token
    disk.make_room()
    with serve(vault, "--embedding-model", "none", data_dir=data_dir, under=disk.under) as server:
        assert server.best("windmill") == "Note.md"
        assert "lighthouse" not in str(server.client.get("/vault/note", params={"path": "Note.md"}).json())
    _assert_sound(data_dir, tmp_path)


@pytest.mark.promise(9)
@pytest.mark.nightly
def test_an_export_that_does_not_fit_unpacked_is_refused_and_opened_once_there_is_room(
    tmp_path: Path, disk: SmallDisk
) -> None:
    export, data_dir = tmp_path / "Export-1.zip", disk.path / "data"
    with zipfile.ZipFile(export, "w") as archive:
        for number in range(8):
            page = f"Page {number} {number:032x}.md"
            archive.writestr(page, f"# Page {number}\n\nlighthouse{number}\n" + "word " * 4_000)
    disk.fill(leave=100 * 1024)
    command = [*disk.under, sys.executable, "-m", "sidecar", "serve", str(export), "--port", "0"]
    done = subprocess.run(
        [*command, "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=30,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "cannot be unpacked: No space left" in done.stderr
    assert "Make room" in done.stderr
    assert not [path for path in data_dir.rglob("*") if path.suffix == ".md"]
    disk.make_room()
    with serve(export, data_dir=data_dir, under=disk.under) as server:
        assert server.status()["vaults"][0]["indexed"] == 8
        assert (server.best("lighthouse3") or "").startswith("Page 3")
