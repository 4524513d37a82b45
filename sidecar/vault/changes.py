"""What a batch of file system events means for a vault: files to look at again and folders to scan again."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change

from sidecar.vault.exclusions import Exclusions, hiding_rule
from sidecar.vault.files import name_of_placeholder
from sidecar.vault.settings import SETTINGS_FILES, SETTINGS_FOLDERS

# With more files than this gone from one folder, scanning the folder costs less than scanning for each. Only for what
# is gone: a new folder has to be told by itself, for the watcher to see whether the system still has a watch for it.
_CROWD = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What may have changed since the last one. Paths are vault-relative POSIX and promise nothing of what is there."""

    paths: frozenset[str] = frozenset()
    """Files that came, went or changed, of any format; those that are not read only when they came or went."""
    folders: frozenset[str] = frozenset()
    """What to scan again, with all below it: `scan(…, below=folder)`. May be a file, and may be gone."""
    everything: bool = False
    """Scan the whole vault; the other two are then empty."""
    settings_changed: bool = False
    """The application's settings changed: load them and build the exclusions anew, then scan the whole vault."""
    problem: str | None = None
    """What keeps changes from being told at once, as it stands now; `None` when nothing does."""

    def __bool__(self) -> bool:
        return self.everything or self.settings_changed or bool(self.paths or self.folders)

    def and_then(self, later: Changes) -> Changes:
        """Make one of two."""
        everything = self.everything or later.everything
        return Changes(
            paths=frozenset() if everything else self.paths | later.paths,
            folders=frozenset() if everything else self.folders | later.folders,
            everything=everything,
            settings_changed=self.settings_changed or later.settings_changed,
            problem=later.problem,
        )


def read_events(events: Iterable[tuple[Change, str]], *, root: Path, exclusions: Exclusions) -> Changes:
    """Sort events with absolute paths. Looks at the disk: an event says neither what is there nor what was.

    Whatever is a folder is scanned, as watchfiles misses files that arrive within new folders (355 of 550 in one run).
    """
    reading = _Reading(root, exclusions)
    for change, path in events:
        reading.take(change, path)
    return reading.changes()


class _Reading:
    """One batch. Names of folders are kept for its duration, so that a hundred events in one folder list it once."""

    def __init__(self, root: Path, exclusions: Exclusions) -> None:
        self._root = os.path.join(root, "")  # noqa: PTH118  # with the separator at its end, which Path drops
        self._exclusions = exclusions
        self._real_folders: dict[str, str] = {}
        self._listings: dict[str, frozenset[str]] = {}
        self._paths: set[str] = set()
        self._folders: set[str] = set()
        self._vanished: set[str] = set()
        self._everything = False
        self._settings_changed = False

    def changes(self) -> Changes:
        folders = _outermost(self._folders | _crowds(self._vanished))
        everything = self._everything or "" in folders
        return Changes(
            paths=frozenset() if everything else frozenset(p for p in self._paths if not _covered(p, folders)),
            folders=frozenset() if everything else folders,
            everything=everything,
            settings_changed=self._settings_changed,
        )

    def take(self, change: Change, absolute: str) -> None:
        if absolute == self._root.rstrip(os.sep):
            # Its vanishing is noticed by the watcher; its rights may have come back.
            self._everything |= change is not Change.deleted
            return
        folder, name = os.path.split(absolute)
        folder = self._real_folder(folder)
        if not os.path.join(folder, "").startswith(self._root):  # noqa: PTH118
            return
        inside = folder[len(self._root) :].replace(os.sep, "/")
        self._sort(change, f"{inside}/" if inside else "", folder, name)

    def _real_folder(self, folder: str) -> str:
        # inotify knows a folder by one name only, and that may be the name of a link to it.
        real = self._real_folders.get(folder)
        if real is None:
            real = self._real_folders[folder] = os.path.realpath(folder)
        return real

    def _sort(self, change: Change, inside: str, folder: str, name: str) -> None:
        path = inside + name
        # Obsidian writes in its folder all the time; some systems then call the folder itself modified.
        if path in SETTINGS_FILES or (path in SETTINGS_FOLDERS and change is not Change.modified):
            self._settings_changed = True
        original = name_of_placeholder(name)
        if hiding_rule(inside + (original or name)) is not None:
            return
        if original is not None:
            self._folders.add(inside + original)
            return
        found = self._name_on_disk(folder, name)
        if found is None:
            self._gone(path, folder, name)
        else:
            if found != name:
                # One of two names that differ in normalisation only may be gone.
                self._paths.add(path)
            self._present(change, inside + found, f"{folder}{os.sep}{found}")

    def _name_on_disk(self, folder: str, name: str) -> str | None:
        # The listing is asked, not the name: where case does not count, a renamed note's old name still answers.
        names = self._listings.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(folder))  # noqa: PTH208  # names are wanted, not paths
            except OSError:
                names = frozenset()
            self._listings[folder] = names
        if name in names or name.isascii():
            return name if name in names else None
        wanted = unicodedata.normalize("NFC", name)
        return next((other for other in names if unicodedata.normalize("NFC", other) == wanted), None)

    def _gone(self, path: str, folder: str, name: str) -> None:
        # A folder that is gone cannot be told from a file that is gone, but by a format that is read. One that still
        # answers goes by another case.
        still_answers = os.path.lexists(f"{folder}{os.sep}{name}")
        is_file = self._exclusions.format_rule_for(path) is None and not still_answers
        (self._paths if is_file else self._vanished).add(path)

    def _present(self, change: Change, path: str, absolute: str) -> None:
        try:
            mode = os.lstat(absolute).st_mode
        except OSError:
            self._folders.add(path)
            return
        if stat.S_ISDIR(mode):
            # Windows calls a folder modified for each save within it; elsewhere its rights may have changed.
            if change is not Change.modified or sys.platform != "win32":
                self._folders.add(path)
        elif not stat.S_ISREG(mode):
            self._folders.add(path)
        elif not (change is Change.modified and self._exclusions.rule_for(path)):
            # What an excluded file says is of no interest, only that it is there.
            self._paths.add(path)


def _crowds(paths: set[str]) -> set[str]:
    """The paths, with the folder above in place of those of which it has many."""
    above = Counter(path.rpartition("/")[0] for path in paths)
    return {parent if above[parent := path.rpartition("/")[0]] > _CROWD else path for path in paths}


def _outermost(folders: Iterable[str]) -> frozenset[str]:
    chosen: set[str] = set()
    for folder in sorted(folders, key=lambda path: path.count("/")):
        if not _covered(folder, chosen):
            chosen.add(folder)
    return frozenset(chosen)


def _covered(path: str, folders: Container[str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:length]) in folders for length in range(1, len(parts) + 1))
