"""A vault that is away is not a vault that is empty: it vanishes, is emptied, may not be read, loses many notes.

Of vaults that cannot be opened at the start, and of indexes that are lost while they serve, see `test_reopening`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Server, serve, until

Record = Callable[[str, object], None]
Way = Callable[[Path], Callable[[], None]]
"""Takes a vault away; what it returns brings the vault back."""

# Root may read everything; without its capabilities it is a user like any other, and still owns the test's files.
_ORDINARY_USER = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
_POLLING = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    *('echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', "sh"),
)


def _renamed(vault: Path) -> Callable[[], None]:
    elsewhere = vault.with_name("elsewhere")
    vault.rename(elsewhere)
    return partial(_move, elsewhere, vault)


def _move(path: Path, to: Path) -> None:
    path.rename(to)


def _empty_mount_point(vault: Path) -> Callable[[], None]:
    back = _renamed(vault)
    vault.mkdir()

    def come_back() -> None:
        vault.rmdir()
        back()

    return come_back


def _forbidden(vault: Path) -> Callable[[], None]:
    vault.chmod(0)
    return lambda: vault.chmod(0o755)


_WAYS = {"renamed": _renamed, "empty mount point": _empty_mount_point, "forbidden": _forbidden}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return _filled(tmp_path / "Vault", 20)


def _filled(folder: Path, count: int) -> Path:
    """A vault of Obsidian's with ten notes to a folder, each with a word of its own, and a folder that is excluded."""
    (folder / ".obsidian").mkdir(parents=True)
    settings = {"userIgnoreFilters": ["Closed/"]}
    (folder / ".obsidian" / "app.json").write_text(json.dumps(settings), encoding="utf-8")
    _write(folder / "Closed" / "Diary.md", "closedq")
    for number in range(count):
        _write(folder / f"Folder {number // 10}" / f"Note {number}.md", f"word{number}q")
    return folder


def _write(path: Path, word: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# About {word}\n\nA sentence with {word} in it.", encoding="utf-8")


def _ordinary_user() -> tuple[str, ...]:
    """What runs a server that permissions hold for; skips where there is none."""
    if sys.platform == "win32":
        pytest.skip("permissions are taken away with chmod")
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None or subprocess.run([*_ORDINARY_USER, "true"], check=False).returncode:
        pytest.skip("root may read everything, and its capabilities cannot be dropped here")
    return _ORDINARY_USER


def _polling() -> tuple[str, ...]:
    if shutil.which("unshare") is None or subprocess.run([*_POLLING, "true"], check=False).returncode:
        pytest.skip("the watcher is taken away in a user namespace, and none can be made here")
    return _POLLING


def _problems(server: Server) -> str:
    return "\n".join(server.status()["vaults"][0]["problems"])


def _count(server: Server) -> int:
    """How many notes the index holds."""
    found: int = server.status()["vaults"][0]["indexed"]
    return found


def _has(server: Server, count: int) -> bool:
    return _count(server) == count


def _sync(server: Server, **body: Any) -> None:
    server.client.post("/vault/sync", json=body).raise_for_status()


def _assert_kept(server: Server, count: int) -> None:
    """That nothing has been forgotten, also when everything has been looked at once more."""
    _sync(server)
    assert _count(server) == count
    for number in (0, count // 2, count - 1):
        assert server.best(f"word{number}q") == f"Folder {number // 10}/Note {number}.md"
    assert server.found("closedq") == []


def _assert_comes_back(server: Server, vault: Path, count: int, *, seconds: float = 30) -> None:
    until(lambda: not _problems(server), seconds=seconds)
    _write(vault / "Folder 0" / "After.md", "afterwardsq")
    until(lambda: server.best("afterwardsq") == "Folder 0/After.md", seconds=seconds)
    (vault / "Folder 0" / "After.md").unlink()
    until(lambda: _count(server) == count, seconds=seconds)
    assert server.found("closedq") == []


@pytest.mark.promise(12)
def test_a_vault_that_goes_away_is_kept_and_read_again_when_it_is_back(
    vault: Path, tmp_path: Path, record_property: Record
) -> None:
    under = _ordinary_user()
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data", under=under) as server:
        for way, leave in _WAYS.items():
            begun = time.monotonic()
            with contextlib.ExitStack() as stack:
                stack.callback(leave(vault))
                until(lambda: "nothing is forgotten" in _problems(server))
                record_property(f"said_after_seconds_{way.replace(' ', '_')}", round(time.monotonic() - begun, 1))
                _assert_kept(server, 20)
                assert server.status()["ready"] is True
            _assert_comes_back(server, vault, 20)


@pytest.mark.promise(12)
@pytest.mark.nightly
def test_a_vault_that_is_looked_at_now_and_then_is_kept_too(vault: Path, tmp_path: Path) -> None:
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data", under=_polling()) as server:
        until(lambda: "cannot watch" in _problems(server))
        for way in ("renamed", "empty mount point"):
            come_back = _WAYS[way](vault)
            until(lambda: "nothing is forgotten" in _problems(server))
            _assert_kept(server, 20)
            come_back()
            until(lambda: "nothing is forgotten" not in _problems(server))
        _write(vault / "Folder 0" / "After.md", "afterwardsq")
        until(lambda: server.best("afterwardsq") == "Folder 0/After.md")
        assert _count(server) == 21


@pytest.mark.promise(12)
def test_a_server_that_starts_without_its_vault_answers_from_the_index(vault: Path, tmp_path: Path) -> None:
    _start_without(vault, tmp_path, ["renamed"])


@pytest.mark.promise(12)
@pytest.mark.nightly
def test_a_server_that_starts_with_a_vault_emptied_or_forbidden_answers_from_the_index(
    vault: Path, tmp_path: Path
) -> None:
    _start_without(vault, tmp_path, ["empty mount point", "forbidden"])


def _start_without(vault: Path, tmp_path: Path, ways: list[str]) -> None:
    data = tmp_path / "data"
    under = _ordinary_user() if "forbidden" in ways else ()
    with serve(vault, "--embedding-model", "none", data_dir=data, under=under) as server:
        assert _count(server) == 20
    for way in ways:
        with contextlib.ExitStack() as stack:
            stack.callback(_WAYS[way](vault))
            with serve(vault, "--embedding-model", "none", data_dir=data, under=under) as server:
                until(lambda running=server: "nothing is forgotten" in _problems(running))  # type: ignore[misc]  # mypy cannot infer a lambda's default
                _assert_kept(server, 20)
                assert server.client.get("/readyz").status_code == 200
                assert server.status()["vaults"][0]["kind"] == "obsidian"
                stack.close()
                _assert_comes_back(server, vault, 20)


@pytest.mark.promise(12)
def test_a_folder_that_may_not_be_read_is_kept_while_a_deletion_beside_it_is_obeyed(
    vault: Path, tmp_path: Path
) -> None:
    closed = vault / "Folder 1"
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data", under=_ordinary_user()) as server:
        come_back = _forbidden(closed)
        try:
            _sync(server)
            assert "Folder 1 cannot be read" in _problems(server)
            assert _count(server) == 20
            assert server.best("word15q") == "Folder 1/Note 15.md"
            (vault / "Folder 0" / "Note 3.md").unlink()
            until(lambda: server.found("word3q") == [])
            assert _count(server) == 19
        finally:
            come_back()
        _sync(server)
        assert _problems(server) == ""
        assert _count(server) == 19


def _lose_thirty_percent(tmp_path: Path, record_property: Record, *, count: int) -> None:
    vault = _filled(tmp_path / "Vault", count)
    lost = count * 3 // 10
    options: list[str | Path] = [vault, "--embedding-model", "none"]
    with serve(*options, data_dir=tmp_path / "data", wait=False) as server:
        until(lambda: server.status()["ready"], seconds=600)
        assert _count(server) == count
        for number in range(lost // 10):
            shutil.rmtree(vault / f"Folder {number}")
        until(lambda: "notes vanished" in _problems(server), seconds=60)
        _sync(server)
        # The system tells of so many in pieces, of which the first looks like an ordinary deletion.
        assert _count(server) == count
        assert server.best(f"word{lost // 2}q") == f"Folder {lost // 20}/Note {lost // 2}.md"
        (vault / f"Folder {count // 10 - 1}" / f"Note {count - 2}.md").unlink()
        until(lambda: server.found(f"word{count - 2}q") == [])
        assert _count(server) == count - 1
    with serve(*options, data_dir=tmp_path / "data") as server:
        until(lambda: "notes vanished" in _problems(server), seconds=60)
        assert _count(server) == count - 1
        _sync(server, accept_removals=True)
        assert _count(server) == count - 1 - lost
        assert _problems(server) == ""
        assert server.found(f"word{lost // 2}q") == []
    record_property("notes", count)
    record_property("notes_lost_at_once", lost)


@pytest.mark.promise(12)
def test_thirty_percent_of_the_notes_vanish_and_stay_until_that_is_confirmed(
    tmp_path: Path, record_property: Record
) -> None:
    _lose_thirty_percent(tmp_path, record_property, count=100)


@pytest.mark.promise(12)
@pytest.mark.nightly
def test_thirty_percent_of_many_notes_vanish_and_stay_until_that_is_confirmed(
    tmp_path: Path, record_property: Record
) -> None:
    _lose_thirty_percent(tmp_path, record_property, count=10_000)


@pytest.mark.promise(12)
def test_an_ordinary_deletion_is_gone_at_once(tmp_path: Path, record_property: Record) -> None:
    vault = _filled(tmp_path / "Vault", 100)
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        for numbers in ([50], [10, 31, 52, 73, 94]):
            kept = _count(server)
            begun = time.monotonic()
            for number in numbers:
                (vault / f"Folder {number // 10}" / f"Note {number}.md").unlink()
            until(partial(_has, server, kept - len(numbers)))
            record_property(f"gone_after_seconds_{len(numbers)}", round(time.monotonic() - begun, 2))
            assert all(server.found(f"word{number}q") == [] for number in numbers)
        assert _problems(server) == ""


@pytest.mark.promise(12)
def test_a_small_vault_that_is_emptied_is_held_and_the_last_note_is_not(tmp_path: Path) -> None:
    vault = _filled(tmp_path / "Vault", 5)
    notes = sorted((vault / "Folder 0").iterdir())
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        shutil.rmtree(vault / "Folder 0")
        until(lambda: "5 notes vanished" in _problems(server))
        _sync(server)
        assert _count(server) == 5
        _sync(server, accept_removals=True)
        assert _count(server) == 0
        _write(notes[0], "word0q")
        until(lambda: _count(server) == 1)
        notes[0].unlink()
        until(lambda: _count(server) == 0)
        assert _problems(server) == ""
