"""Where the facts about a machine are read: files below a root, and the answers of the system's own tools.

Everything goes through here, so that tests can stand recorded machines in the place of this one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Run: TypeAlias = Callable[[Sequence[str], float], "str | None"]
"""Gives what a program writes within some seconds; `None` when it is missing or silent for too long."""

MAX_FILE = 4 * 2**20
"""Bytes. /proc/cpuinfo of a machine with 512 processors has 1 MB."""


def run_tool(command: Sequence[str], deadline: float) -> str | None:
    """Run a program and give what it wrote, whatever its exit code: sysctl has one for each name it does not know."""
    program = shutil.which(command[0])
    if program is None:
        return None
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "check": False}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NO_WINDOW
    try:
        written: bytes = subprocess.run([program, *command[1:]], timeout=deadline, **options).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return written.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A system to ask. `platform` as in `sys.platform`."""

    root: Path = Path("/")
    """The folder above `proc` and `sys`."""
    platform: str = sys.platform
    run: Run = run_tool

    def text(self, path: str) -> str | None:
        """The content of a file below the root, `None` when it cannot be read."""
        try:
            with (self.root / path.lstrip("/")).open("rb") as file:
                return file.read(MAX_FILE).decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def number(self, path: str) -> int | None:
        """The whole number that a file holds; `None` for anything else."""
        return whole(self.text(path))

    def names(self, path: str) -> list[str]:
        """The sorted names in a folder, none when it cannot be read."""
        try:
            return sorted(entry.name for entry in (self.root / path.lstrip("/")).iterdir())
        except (OSError, ValueError):
            return []


def whole(text: str | None) -> int | None:
    """A whole number of at most 20 digits that a text is; `None` for anything else."""
    word = (text or "").strip()
    return int(word) if len(word) <= 20 and word.isascii() and word.isdigit() else None
