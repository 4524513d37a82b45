"""Promise 11: no change of a note is missed."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.truth import left_out, notes_in, notes_known, resident_mib
from tests.serving import Server, serve, until

Record = Callable[[str, object], None]
_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify and /proc are Linux' own")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    _write(folder / "Harbour.md", "lighthouse")
    return folder


@pytest.fixture
def server(vault: Path, tmp_path: Path) -> Iterator[Server]:
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as running:
        yield running


def _write(path: Path, word: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {path.stem}\n\nA {word} stands here.\n", encoding="utf-8")


def _agrees(server: Server, vault: Path) -> bool:
    return server.status()["ready"] and notes_known(server) == notes_in(vault)


def _assert_found(server: Server, words: dict[str, str]) -> None:
    """Each path is the best hit for its word."""
    assert {path: server.best(word) for path, word in words.items()} == {path: path for path in words}


@pytest.mark.promise(11)
def test_550_files_in_new_folders_and_500_moved_in_at_once_are_all_found(
    vault: Path, tmp_path: Path, server: Server, record_property: Record
) -> None:
    """Copied, as a file manager does: folders come up and are filled while the system still adds its watches."""
    aside = tmp_path / "aside"
    for number in range(550):
        _write(aside / "copied" / f"a{number % 11}" / f"b{number % 5}" / "c" / f"Copied {number}.md", f"c{number}q")
    for number in range(500):
        _write(aside / "moved" / f"d{number % 7}" / f"Moved {number}.md", f"m{number}q")
    began = time.monotonic()
    shutil.copytree(aside / "copied", vault / "New")
    (aside / "moved").rename(vault / "Moved in")
    until(lambda: _agrees(server, vault), seconds=60)
    record_property("seconds_until_1050_notes_were_found", round(time.monotonic() - began, 1))
    assert server.status()["vaults"][0]["indexed"] == 1051
    _assert_found(server, {f"New/a{n % 11}/b{n % 5}/c/Copied {n}.md": f"c{n}q" for n in range(0, 550, 55)})
    _assert_found(server, {f"Moved in/d{n % 7}/Moved {n}.md": f"m{n}q" for n in range(0, 500, 50)})


@pytest.mark.promise(11)
@pytest.mark.parametrize("count", [1_000, pytest.param(60_000, marks=pytest.mark.nightly)])
def test_a_burst_of_notes_with_deletions_in_it_leaves_what_the_folder_holds(
    vault: Path, server: Server, count: int, record_property: Record
) -> None:
    rng = random.Random(11)
    before = resident_mib(server) if sys.platform.startswith("linux") else 0
    began = time.monotonic()
    for number in range(count):
        _write(vault / f"Folder {number % 97}" / f"Note {number}.md", f"w{number}q")
        if number % 10 == 9:
            # Of the last ones: what was written a moment ago is what no event has told of yet.
            gone = number - rng.randrange(10)
            (vault / f"Folder {gone % 97}" / f"Note {gone}.md").unlink()
    shutil.rmtree(vault / "Folder 5")
    until(lambda: _agrees(server, vault), seconds=60 if count <= 1_000 else 1_800)
    record_property(f"seconds_until_a_burst_of_{count}_was_found", round(time.monotonic() - began, 1))
    if before:
        record_property(f"server_mib_before_a_burst_of_{count}", before)
        record_property(f"server_mib_after_a_burst_of_{count}", resident_mib(server))
    assert (vault / "Harbour.md").is_file()
    sample = rng.sample(sorted(notes_in(vault) - {"Harbour.md"}), 20)
    _assert_found(server, {path: f"w{path.rpartition(' ')[2].removesuffix('.md')}q" for path in sample})


def _by_replacing(note: Path, text: str) -> None:
    """As vim without a backup, VS Code, and most programs that synchronise: a file beside it takes its place."""
    beside = note.with_name(f".{note.name}.swp~")
    beside.write_text(text, encoding="utf-8")
    beside.replace(note)


def _by_moving_away(note: Path, text: str) -> None:
    """As vim with `backupcopy=no` and many others: the old file becomes a backup, the new one is written anew."""
    backup = note.with_name(f"{note.name}~")
    note.rename(backup)
    note.write_text(text, encoding="utf-8")
    backup.unlink()


def _by_truncating(note: Path, text: str) -> None:
    """As Obsidian: the file is emptied and written."""
    note.write_text(text, encoding="utf-8")


def _by_pieces(note: Path, text: str) -> None:
    with note.open("w", encoding="utf-8") as file:
        for piece in (text[:5], text[5:20], text[20:]):
            file.write(piece)
            file.flush()
            os.fsync(file.fileno())


def _as_syncthing(note: Path, text: str) -> None:
    """With the time that the file has on the other machine, which may be long ago."""
    beside = note.with_name(f".syncthing.{note.name}.tmp")
    beside.write_text(text, encoding="utf-8")
    os.utime(beside, (1_000_000_000, 1_000_000_000))
    beside.replace(note)


def _as_dropbox(note: Path, text: str) -> None:
    """From a cache folder within the vault, the old file gone first."""
    cache = note.parent / ".dropbox.cache"
    cache.mkdir(exist_ok=True)
    (cache / "new").write_text(text, encoding="utf-8")
    note.unlink()
    (cache / "new").rename(note)


def _as_icloud(note: Path, text: str) -> None:
    """Taken off the disk, a placeholder in its place, and brought back."""
    placeholder = note.with_name(f".{note.name}.icloud")
    note.unlink()
    placeholder.write_bytes(b"bplist00")
    note.write_text(text, encoding="utf-8")
    placeholder.unlink()


_SAVES = (_by_replacing, _by_moving_away, _by_truncating, _by_pieces, _as_syncthing, _as_dropbox, _as_icloud)


@pytest.mark.promise(11)
def test_the_last_of_200_saves_is_found_however_each_was_made(vault: Path, server: Server) -> None:
    rng = random.Random(200)
    note = vault / "Journal.md"
    _write(note, "first")
    for number in range(1, 201):
        rng.choice(_SAVES)(note, f"# Journal\n\nA save{number}q stands here.\n")
        if number % 40 == 0:
            until(lambda word=f"save{number}q": _says(server, "Journal.md", word))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    _assert_found(server, {"Journal.md": "save200q"})
    until(lambda: _agrees(server, vault))


def _says(server: Server, path: str, word: str) -> bool:
    answer = server.client.get(f"/vault/notes/{path}")
    return answer.status_code == 200 and word in str(answer.json()["chunks"])


@pytest.mark.promise(11)
def test_an_edit_with_the_size_and_time_of_before_is_seen_at_once_and_after_a_restart(
    vault: Path, tmp_path: Path
) -> None:
    """Programs that synchronise put a file's time back after they wrote it."""
    note, arguments = vault / "Twin.md", ("--embedding-model", "none")
    note.write_text("# Twin\n\nA pear stands here.\n", encoding="utf-8")
    times = (note.stat().st_atime_ns, note.stat().st_mtime_ns)
    with serve(vault, *arguments, data_dir=tmp_path / "data") as server:
        note.write_text("# Twin\n\nA plum stands here.\n", encoding="utf-8")
        os.utime(note, ns=times)
        until(lambda: _says(server, "Twin.md", "plum"))
    note.write_text("# Twin\n\nA kiwi stands here.\n", encoding="utf-8")
    os.utime(note, ns=times)
    with serve(vault, *arguments, data_dir=tmp_path / "data") as server:
        assert _says(server, "Twin.md", "kiwi")


@pytest.mark.promise(11)
@_LINUX
@pytest.mark.parametrize(
    "limit", ["max_inotify_watches=6", pytest.param("max_inotify_instances=0", marks=pytest.mark.nightly)]
)
def test_with_too_few_watches_that_is_said_and_nothing_is_missed(vault: Path, tmp_path: Path, limit: str) -> None:
    name, _, value = limit.partition("=")
    lower = f'echo {value} > /proc/sys/user/{name} && exec "$@"'
    under = ("unshare", "--user", "--map-root-user", "sh", "-c", lower, "sh")
    if shutil.which("unshare") is None or subprocess.run([*under, "true"], check=False).returncode:
        pytest.skip("limits can only be set in a user namespace, and none can be made here")
    for number in range(3):
        _write(vault / f"Old {number}" / "Note.md", f"old{number}q")
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data", under=under) as server:
        for number in range(20):
            _write(vault / f"New {number}" / "deep" / "Note.md", f"new{number}q")
        until(lambda: "cannot watch all of the vault" in str(server.status()["vaults"][0]["problems"]))
        until(lambda: _agrees(server, vault))
        _write(vault / "New 7" / "deep" / "Note.md", "changedq")
        (vault / "Old 0" / "Note.md").unlink()
        (vault / "Old 1").rename(vault / "Old 9")
        until(lambda: _agrees(server, vault) and server.best("changedq") == "New 7/deep/Note.md")
        _assert_found(server, {"Old 9/Note.md": "old1q", "New 19/deep/Note.md": "new19q"})


@pytest.mark.promise(11)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs, and links only for some users")
def test_what_is_no_note_is_neither_read_nor_waited_for(vault: Path, tmp_path: Path, server: Server) -> None:
    """Links, pipes, sockets and devices come up while the server runs, with notes between them."""
    outside = tmp_path / "outside"
    _write(outside / "Secret.md", "quetzal")
    (vault / "Linked folder").symlink_to(outside)
    (vault / "Linked.md").symlink_to(outside / "Secret.md")
    (vault / "Inner.md").symlink_to("Harbour.md")
    (vault / "Nowhere.md").symlink_to("Missing.md")
    (vault / "Loop.md").symlink_to("Loop.md")
    os.link(vault / "Harbour.md", vault / "Same file.md")
    os.mkfifo(vault / "Pipe.md")
    expected = {
        "Linked folder": "outside-vault",
        "Linked.md": "outside-vault",
        "Inner.md": "link-inside-vault",
        "Nowhere.md": "link-inside-vault",
        "Loop.md": "link-inside-vault",
        "Pipe.md": "not-a-file",
        "Socket.md": "not-a-file",
        "Harbour (conflicted copy 2026-01-02).md": "sync-conflict",
        "Harbour.sync-conflict-20260102-030405-ABCDEFG.md": "sync-conflict",
    }
    with socket.socket(socket.AF_UNIX) as listening:
        _bind(listening, vault / "Socket.md")
        if os.geteuid() == 0:
            os.mknod(vault / "Device.md", 0o600 | 0o020000, os.makedev(1, 5))
            expected["Device.md"] = "not-a-file"
        _write(vault / "Harbour (conflicted copy 2026-01-02).md", "conflictq")
        _write(vault / "Harbour.sync-conflict-20260102-030405-ABCDEFG.md", "syncq")
        until(lambda: left_out(server) == expected)
        until(lambda: notes_known(server) == {"Harbour.md", "Same file.md"})
    assert server.found('"quetzal"') == []
    assert set(server.found("lighthouse")) == {"Harbour.md", "Same file.md"}


def _bind(listening: socket.socket, path: Path) -> None:
    # A socket's path may have about a hundred bytes, fewer than that of a test's folder.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        listening.bind(f"/proc/self/fd/{folder}/{path.name}" if sys.platform.startswith("linux") else str(path))
    finally:
        os.close(folder)
