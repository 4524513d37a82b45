"""Promise 16: the index says what the vault says."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.reliability.crashing import Started, started
from tests.serving import stop, until

Record = Callable[[str, object], None]
Mark = Literal["private: true", "sidecar: false"]
_NAMES = ["Alpha", "Ελλάδα", "暖房", "हिन्दी", "Chaudière é", "README"]
_FOLDERS = ["", "Räume", "Räume/Keller", "倉庫"]
_ANCHOR = "Anchor.md"
# Below what would look like a drive that is away, if all went at once.
_MOST = 8
_MOST_STARTS = 3
_TIMES = {"past": 315_532_800, "future": 4_102_444_800}
_WHEN = st.sampled_from(["same", "now", *_TIMES])
_ORDER = st.permutations(range(7))
_MARKS: st.SearchStrategy[Mark | None] = st.sampled_from(["private: true", "sidecar: false", None])
_MOVED, _MOVED_TO = st.sampled_from(_FOLDERS[1:]), st.sampled_from(["Umzug", "Räume", "倉庫"])


@dataclass(frozen=True, slots=True)
class Written:
    """A note as it stands in the vault."""

    word: str
    mark: Mark | None = None

    @property
    def body(self) -> str:
        return f"Here stands {self.word} alone."

    @property
    def content(self) -> str:
        head = "" if self.mark is None else f"---\n{self.mark}\n---\n"
        return f"{head}{self.body}\n"


class Vault(RuleBasedStateMachine):
    """A vault in which everything happens that happens to vaults, under a server that is stopped and killed."""

    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="truth-"))
        self._root = self._folder / "Vault"
        self._root.mkdir()
        self._notes: dict[str, Written] = {}
        self._words = 0
        self._server = ExitStack()
        self._running: Started | None = None
        self._changes = self._starts = 0

    @initialize(data=st.data(), order=_ORDER, other=_ORDER)
    def begin(self, data: st.DataObject, order: list[int], other: list[int]) -> None:
        """What every example has, however short: everything once while the server runs, and once while it does not."""
        for path in [_ANCHOR, *(_joined(folder, name) for folder, name in zip(_FOLDERS, _NAMES, strict=False))]:
            self._put(path, Written(self._new_word()))
        self._start()
        self.rest()
        self.stir(data, order)
        self.rest()
        self.crash(data, other)
        self.rest()

    @rule(data=st.data(), order=_ORDER)
    def stir(self, data: st.DataObject, order: list[int]) -> None:
        """Everything once, in any order."""
        name, folder = st.sampled_from(_NAMES), st.sampled_from(_FOLDERS)
        changes: list[Callable[[], None]] = [
            lambda: self.create(data.draw(name), data.draw(folder)),
            lambda: self.edit(data, data.draw(_WHEN)),
            lambda: self.rename(data, data.draw(name), data.draw(folder)),
            lambda: self.swap(data),
            lambda: self.flag(data, data.draw(_MARKS)),
            lambda: self.delete(data),
            lambda: self.move_folder(data.draw(_MOVED), data.draw(_MOVED_TO)),
        ]
        for number in order:
            changes[number]()

    @rule(name=st.sampled_from(_NAMES), folder=st.sampled_from(_FOLDERS))
    def create(self, name: str, folder: str) -> None:
        path = _joined(folder, name)
        if len(self._notes) < _MOST and path not in self._notes:
            self._put(path, Written(self._new_word()))
            self._count("creations")

    @rule(data=st.data(), time=_WHEN)
    def edit(self, data: st.DataObject, time: str) -> None:
        """Other bytes of the same length, at a time that may be any: as what synchronises or unpacks sets it."""
        path = self._any(data)
        before = (self._root / path).stat()
        self._put(path, replace(self._notes[path], word=self._new_word()))
        if time != "now":
            moment = before.st_mtime_ns if time == "same" else _TIMES[time] * 10**9
            os.utime(self._root / path, ns=(moment, moment))
        self._count("edits")

    @rule(data=st.data(), name=st.sampled_from(_NAMES), folder=st.sampled_from(_FOLDERS))
    def rename(self, data: st.DataObject, name: str, folder: str) -> None:
        old, new = self._any(data), _joined(folder, name)
        if old != _ANCHOR and new not in self._notes:
            self._move(old, new)
            self._count("renames_and_moves")

    @rule(data=st.data())
    def swap(self, data: st.DataObject) -> None:
        one, other = self._any(data), self._any(data)
        if one == other:
            return
        (self._root / one).rename(self._root / "aside")
        (self._root / other).rename(self._root / one)
        (self._root / "aside").rename(self._root / other)
        self._notes[one], self._notes[other] = self._notes[other], self._notes[one]
        self._count("swaps")

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if (path := self._any(data)) != _ANCHOR:
            (self._root / path).unlink()
            del self._notes[path]
            self._count("deletions")

    @rule(data=st.data(), mark=_MARKS)
    def flag(self, data: st.DataObject, mark: Mark | None) -> None:
        if (path := self._any(data)) != _ANCHOR:
            self._put(path, replace(self._notes[path], mark=mark))
            self._count("marks")

    @rule(old=_MOVED, new=_MOVED_TO)
    def move_folder(self, old: str, new: str) -> None:
        if not (self._root / old).is_dir() or (self._root / new).exists() or new.startswith(old):
            return
        (self._root / old).rename(self._root / new)
        for path in [path for path in self._notes if path.startswith(f"{old}/")]:
            self._notes[new + path.removeprefix(old)] = self._notes.pop(path)
        self._count("folders_moved")

    @precondition(lambda self: self._starts < _MOST_STARTS)
    @rule()
    def restart(self) -> None:
        assert self._running is not None
        with self._running.client():  # Before it listens, SIGTERM ends it as it ends any program.
            assert stop(self._running.process) == 0
        self._start()
        self._count("restarts")

    @precondition(lambda self: self._starts < _MOST_STARTS)
    @rule(data=st.data(), order=_ORDER)
    def crash(self, data: st.DataObject, order: list[int]) -> None:
        """Killed, changed while nothing runs, and started again."""
        assert self._running is not None
        self._running.kill()
        self.stir(data, order)
        self.edit(data, "same")
        self._start()
        self._count("crashes")

    @precondition(lambda self: self._changes > 2)
    @rule()
    def rest(self) -> None:
        """After a look at everything, what the server says is what the vault says, and nothing besides."""
        assert self._running is not None
        self._changes = 0
        with self._running.client() as client:
            status = client.post("/vault/sync", json={}).json()["vaults"]
            until(lambda: client.get("/vault/status").json()["ready"])
            assert not any(vault["problems"] for vault in status), status
            assert _left_out(client) == {path: note.mark for path, note in self._notes.items() if note.mark}
            open_notes = {path: note for path, note in self._notes.items() if note.mark is None}
            assert {path: _text(client, path) for path in _listed(client)} == {p: n.body for p, n in open_notes.items()}
            for number in range(1, self._words + 1):
                holders = {path for path, note in open_notes.items() if note.word == _word(number)}
                assert _found(client, _word(number)) == holders, _word(number)
        self.done["times_at_rest"] += 1

    def teardown(self) -> None:
        try:
            if self._running is not None:
                self.rest()
        finally:
            self._server.close()
            shutil.rmtree(self._folder)

    def _start(self) -> None:
        self._starts += 1
        self._server.close()
        self._running = self._server.enter_context(started(self._root, self._folder / "data"))

    def _count(self, what: str) -> None:
        self.done[what] += 1
        self._changes += 1

    def _new_word(self) -> str:
        self._words += 1
        return _word(self._words)

    def _any(self, data: st.DataObject) -> str:
        path: str = data.draw(st.sampled_from(sorted(self._notes)))
        return path

    def _put(self, path: str, note: Written) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(note.content, encoding="utf-8")
        self._notes[path] = note

    def _move(self, old: str, new: str) -> None:
        (self._root / new).parent.mkdir(parents=True, exist_ok=True)
        (self._root / old).rename(self._root / new)
        self._notes[new] = self._notes.pop(old)


def _word(number: int) -> str:
    return f"quagga{number:04}"


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}.md".lstrip("/")


def _left_out(client: httpx2.Client) -> dict[str, str]:
    (vault,) = client.get("/vault/status", params=[("list", "excluded"), ("list", "failed")]).json()["vaults"]
    excluded = {file["path"]: file["rule"] for file in vault["excluded_files"]}
    return excluded | {file["path"]: file["reason"] for file in vault["failed_files"]}


def _listed(client: httpx2.Client) -> list[str]:
    files = client.get("/v1/files", params={"limit": "1000"}).json()["data"]
    return [file["filename"] for file in files if file["status"] == "processed"]


def _text(client: httpx2.Client, path: str) -> str:
    note: dict[str, Any] = client.get(f"/vault/notes/{path}").json()
    return "\n".join(chunk["text"] for chunk in note["chunks"])


def _found(client: httpx2.Client, word: str) -> set[str]:
    """Paths of the hits that have a word: there may be others, which are only near."""
    hits = client.post("/vault/search", json={"query": word, "limit": 50}).json()["results"]
    return {hit["path"] for hit in hits if word in hit["text"]}


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    ("examples", "steps"), [(2, 4), pytest.param(40, 30, marks=pytest.mark.nightly)], ids=["quick", "nightly"]
)
def test_whatever_happens_to_a_vault_the_index_says_the_same_in_the_end(
    examples: int, steps: int, record_property: Record
) -> None:
    Vault.done.clear()
    run_state_machine_as_test(
        Vault,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            # A server for each attempt to make an example smaller would take hours.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    for name, count in Vault.done.items():
        record_property(name, count)
