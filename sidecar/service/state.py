"""How an installed service fares, the same for every platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`words` is the command that the installed definition runs, empty when there is none; `pid` that of the running
    server, `None` when it does not run or the system does not tell.
    """

    file: Path
    installed: bool
    enabled: bool
    running: bool
    pid: int | None
    detail: str
    words: tuple[str, ...]

    def option(self, name: str) -> str | None:
        """The value that the installed command gives a flag such as `--data-dir`; `None` when it gives none."""
        at = next((place for place, word in enumerate(self.words[:-1]) if word == name), None)
        return None if at is None else self.words[at + 1]
