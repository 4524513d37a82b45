"""The vaults of the tests are only read: the whole run fails when a file of theirs is not what it was before.

`photographed` tells a folder by everything that could change, and so does the test of the server itself.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

VAULTS = Path(__file__).parents[1] / "vaults"
Photograph: TypeAlias = Mapping[str, tuple[object, ...]]
_before = pytest.StashKey[Photograph]()
_changed = pytest.StashKey[list[str]]()


def photographed(root: Path, *, times: bool = True) -> Photograph:
    """By path: kind and rights, bytes, which file it is on the disk, its owner, when it was changed, in nanoseconds.

    Without `times`, what it is alone: a checkout of the same files sets new times.
    """
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(root):
        for path in (Path(folder), *(Path(folder) / name for name in [*folders, *files])):
            found[path.relative_to(root).as_posix()] = _one(path, times=times)
    return found


def differences(before: Photograph, after: Photograph) -> list[str]:
    """The paths that are not what they were, each with what became of it."""
    gone = [f"{path} is gone" for path in before.keys() - after.keys()]
    new = [f"{path} is new" for path in after.keys() - before.keys()]
    changed = [f"{path} has changed" for path in before.keys() & after.keys() if before[path] != after[path]]
    return sorted([*gone, *new, *changed])


def _one(path: Path, *, times: bool) -> tuple[object, ...]:
    info = path.lstat()
    what: tuple[object, ...] = (info.st_mode, info.st_size, _content(path, info.st_mode))
    if not times:
        return what
    return (*what, info.st_ino, info.st_nlink, info.st_uid, info.st_gid, info.st_mtime_ns, info.st_ctime_ns)


def _content(path: Path, mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else None


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_before] = photographed(VAULTS, times=False)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if (before := session.config.stash.get(_before, None)) is None:
        return
    changed = differences(before, photographed(VAULTS, times=False))
    session.config.stash[_changed] = changed
    if changed:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if changed := config.stash.get(_changed, []):
        terminalreporter.section("tests/vaults is not what it was before the run", red=True)
        for line in changed:
            terminalreporter.line(line)
