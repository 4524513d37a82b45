"""Recorded machines: text files of what a system says, laid out as a folder of /proc and /sys, and its tools' answers.

A file of `machines/` is one machine: sections that begin with `=== /path` or `=== $ command`, an empty path being the
end. What a command says follows its line; commands that are not there are not installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidecar.hardware.source import Source

_FOLDER = Path(__file__).parent / "machines"
MACHINES = sorted(file.stem for file in _FOLDER.glob("*.txt"))


class Recorded:
    """Tools of a recorded machine, with a history of what was asked."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = answers
        self.asked: list[tuple[tuple[str, ...], float]] = []

    def __call__(self, command: Sequence[str], deadline: float) -> str | None:
        self.asked.append((tuple(command), deadline))
        return self._answers.get(command[0])


def lay_out(name: str, folder: Path) -> tuple[Source, Recorded]:
    """Write a machine's files below a folder and give what reads them."""
    sections = _sections((_FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    answers, platform = {}, "linux"
    for title, text in sections.items():
        if title.startswith("$ "):
            answers[title.removeprefix("$ ").split(" ")[0]] = text
        elif title.startswith("platform "):
            platform = title.removeprefix("platform ")
        else:
            write(folder, title, text)
    tools = Recorded(answers)
    return Source(root=folder, platform=platform, run=tools), tools


def write(folder: Path, path: str, text: str) -> None:
    """Write one file of a machine."""
    file = folder / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    found = {}
    for part in text.split("=== ")[1:]:
        title, _, body = part.partition("\n")
        found[title] = body
    return found
