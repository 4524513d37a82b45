"""Which program a service or a client runs: one whose path stays the same when Sidecar, or the Python under it, is
upgraded.

A virtual environment's folder stays, be it the user's own, uv's for a tool or pipx's; so does the `sidecar` in it. What
does not stay is told: uv's cache, out of which `uvx` runs, temporary folders, folders that carry a version.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

Platform: TypeAlias = Literal["linux", "macos", "windows"]

_CELLAR = re.compile(r"^(?P<prefix>.*)/Cellar/(?P<formula>[^/]+)/[^/]+/(?P<rest>.*)$")
_TEMPORARY = (
    (
        re.compile(r"[/\\]uv[/\\](cache[/\\])?(archive|builds|environments)-v\d"),
        "uv's cache, which `uv cache prune` empties",
    ),
    (re.compile(r"^(/private)?(/var)?/tmp/|^/(private/)?var/folders/|^/dev/shm/"), "a temporary folder"),
    (re.compile(r"[/\\]Temp[/\\]", re.IGNORECASE), "a temporary folder"),
    (re.compile(r"[/\\](build|\.tox|\.nox)[/\\]"), "a build folder"),
)
_VERSIONED = re.compile(r"^/nix/store/|/\.pyenv/versions/[^/]*\d|/uv/python/cpython-\d|/Cellar/|/hostedtoolcache/")

# The folder of a script's interpreter; a shell starts one whose path is too long for the first line or has blanks.
_INTERPRETER = re.compile(rb"""#!(?:/bin/sh\s+'''exec' "?)?(/[^"\n]*?)/python[^/\s"]*["\s]""")
_MOST_BYTES = 4096


def installed_program(executable: Path, *, platform: Platform, path: Sequence[Path] = ()) -> tuple[str, ...]:
    """The words that start Sidecar. `executable` is the interpreter that runs now, not followed to where its link
    leads; `path` are folders with programs, searched for a link to the same `sidecar` when its own path has a version.
    """
    if platform == "windows":
        # A console program would open a window for as long as it runs.
        windowless = executable.with_name("pythonw.exe")
        return (str(windowless if windowless.exists() else executable), "-P", "-m", "sidecar")
    beside = executable.with_name("sidecar")
    if not os.access(beside, os.X_OK) or _is_anothers(beside, executable):
        # `-P`: a folder named sidecar where the service starts is not this program.
        return (str(_lasting(executable)), "-P", "-m", "sidecar")
    return (str(_lasting(beside, path)),)


def place_warning(program: str) -> str | None:
    """Why a program may not be there at the next login; `None` when nothing speaks for that."""
    for pattern, what in _TEMPORARY:
        if pattern.search(program):
            return f"{program} lies in {what}: the service will not start once it is gone. Install Sidecar first."
    if _VERSIONED.search(program):
        return f"{program} has a version in its path: after an upgrade, run `sidecar service install` again."
    return None


def _is_anothers(script: Path, executable: Path) -> bool:
    """Whether a script is run by another interpreter than the one beside it: in a virtual environment that was moved or
    copied, by the one at its old place, which is gone or has a Sidecar of its own.
    """
    try:
        with script.open("rb") as opened:
            found = _INTERPRETER.match(opened.read(_MOST_BYTES))
    except OSError:
        return False
    if found is None:
        return False
    folder = Path(os.fsdecode(found[1]))
    return folder != executable.parent and not _same(folder, executable.parent)


def _lasting(program: Path, path: Sequence[Path] = ()) -> Path:
    if found := _CELLAR.match(program.as_posix()):
        linked = Path(found["prefix"], "opt", found["formula"], found["rest"])
        return linked if linked.exists() else program
    if not place_warning(str(program)):
        return program
    links = (folder / program.name for folder in path)
    same = (link for link in links if not place_warning(str(link)) and link != program and _same(link, program))
    return next(same, program)


def _same(link: Path, program: Path) -> bool:
    try:
        return link.samefile(program)
    except OSError:
        return False
