"""Folders that macOS lets a program read only with the user's consent, and what to tell the user about them.

A program in a terminal reads with the terminal's consent; an agent of launchd needs its own, which belongs to the file
that is run: the interpreter, be it uv's, Homebrew's or python.org's. Asked from an agent, macOS may show its question
behind other windows, or to nobody, and the reading program hangs meanwhile.
Source: https://support.apple.com/guide/mac-help/mchld5a35146/mac.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_IN_HOME: Mapping[str, str] = {
    "Desktop": "Desktop folder",
    "Documents": "Documents folder",
    "Downloads": "Downloads folder",
    "Library/Mobile Documents": "iCloud Drive",
    "Library/CloudStorage": "cloud storage",
}
_VOLUMES = Path("/Volumes")
_WHERE = "System Settings > Privacy & Security"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of reading a folder from the agent: `opened`, `refused`, `missing`, `waiting` (no answer in time) or
    `unknown` (the agent did not get so far).
    """

    folder: Path
    answer: str
    program: str = ""
    """The file that was run, to which macOS gives its consent."""


def guard_of(folder: Path, *, home: Path) -> str | None:
    """What macOS calls the guarded place that a folder lies in; `None` for one that it does not guard. Names are
    compared as macOS does, without regard to case.
    """
    parts = _folded(folder)
    for name, what in _IN_HOME.items():
        place = _folded(home / name)
        if parts[: len(place)] == place:
            return what
    # The first part below is the disk; the system's own disk is there as a link.
    return "removable or network volume" if parts[: len(_volumes)] == _volumes and len(parts) > len(_volumes) else None


def guarded_folders(folders: Iterable[Path], *, home: Path) -> tuple[Path, ...]:
    """Those of the folders that lie in guarded places, by their own path or by where their links lead."""
    return tuple(dict.fromkeys(each for each in folders if _guarded(each, home)))


def advice(finding: Finding, *, home: Path) -> str | None:
    """What the user has to do about a finding, in one paragraph; `None` for a folder that was read."""
    what = guard_of(finding.folder, home=home) or guard_of(_led_to(finding.folder), home=home) or "folder"
    program = finding.program or "the Python that runs Sidecar"
    if finding.answer == "opened":
        return None
    if finding.answer == "missing":
        return (
            f"{finding.folder} is not there for a program that starts at login. Is its disk or cloud service mounted?"
        )
    if finding.answer == "unknown":
        return (
            f"Whether macOS lets the service read {finding.folder} ({what}) could not be found out: the trial job did"
            " not run. If search finds nothing, see `sidecar service logs`."
        )
    begun = (
        f"macOS is asking whether Python may read {finding.folder} ({what}), perhaps behind another window: allow it."
        if finding.answer == "waiting"
        else f"macOS does not let the service read {finding.folder} ({what})."
    )
    return (
        f"{begun} Else open {_WHERE} > Full Disk Access, press +, then Command-Shift-G, enter {program}, and switch it"
        " on; then run `sidecar service restart`. After an upgrade of Python macOS may ask again. A vault outside the"
        " guarded folders, such as in ~/Notes, needs none of this."
    )


def _guarded(folder: Path, home: Path) -> bool:
    return guard_of(folder, home=home) is not None or guard_of(_led_to(folder), home=home) is not None


def _led_to(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):
        return folder


def _folded(path: Path) -> tuple[str, ...]:
    return tuple(part.casefold() for part in path.parts)


_volumes = _folded(_VOLUMES)
