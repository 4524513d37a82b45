"""The files of one vault: the folder itself, the walk over it, and the one gate through which a path becomes a file.

What leads out of the vault, is no regular file or has not been downloaded is never opened. Symbolic links are not
followed by the walk, as in Obsidian within a vault: what a link inside the vault leads to has its own path there.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sidecar.errors import NoteMissingError, VaultError
from sidecar.vault.exclusions import Exclusions, hiding_rule
from sidecar.vault.settings import SETTINGS_FOLDER

NOTE_SUFFIXES = (".md", ".markdown")
OUTSIDE_VAULT = "outside-vault"
LINK_INSIDE_VAULT = "link-inside-vault"
NOT_DOWNLOADED = "not-downloaded"
NOT_A_FILE = "not-a-file"
UNUSABLE_NAME = "unusable-name"

# Apple's <sys/stat.h>: SF_DATALESS. Microsoft's winnt.h: OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS. Opening such a
# file starts a download, or blocks for minutes without a network.
_FLAG_DATALESS = 0x40000000
_ATTRIBUTES_ELSEWHERE = 0x00001000 | 0x00040000 | 0x00400000
_REPARSE_TAG_JUNCTION = 0xA0000003
_ICLOUD_PLACEHOLDER = re.compile(r"\.(?P<name>.+)\.icloud")
_WINDOWS_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(\..*)?", re.I)
# O_NONBLOCK: opening a FIFO would wait for a writer; O_NOCTTY: opening a terminal could make it ours. Not all exist
# everywhere.
_OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
)
_WINDOWS = sys.platform == "win32"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultFile:
    """A note's file. `path` is vault-relative, POSIX, Unicode as on disk; `size` is in bytes."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A note, or a folder that could not be looked into, that is not read, and the rule for it.

    Rules are those of `Exclusions.rule_for`, and `outside-vault` (a link that leads out), `link-inside-vault`,
    `not-downloaded` (`path` is then the note's own, not the placeholder's), `not-a-file`, `unusable-name`.
    """

    path: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a walk found, sorted by path. Only a `complete` one says that what it did not find is gone."""

    files: tuple[VaultFile, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    problems: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """A file's bytes. Size and time are from before the reading, so that a change during it still shows afterwards."""

    data: bytes
    size: int
    mtime_ns: int


VaultKind: TypeAlias = Literal["obsidian", "logseq", "folder"]


def check_vault(root: Path) -> Path:
    """Resolve the vault's folder and look into it. An empty folder is fine. Raises VaultError with a hint."""
    try:
        resolved = root.resolve(strict=True)
        # Such a name can be told to no client: neither JSON nor an obsidian:// address can hold it.
        str(resolved).encode("utf-8")
        with os.scandir(resolved):
            return resolved
    except UnicodeEncodeError:
        shown = os.fsencode(root).decode("utf-8", "replace")
        raise VaultError(f"The vault {shown} has a path that is not UTF-8.", hint="Rename the folder.") from None
    except FileNotFoundError:
        raise VaultError(f"The vault {root} does not exist.", hint=_missing_hint(root)) from None
    except NotADirectoryError:
        hint = f"Give the folder that holds the notes, such as {_nearest_folder(root)}."
        raise VaultError(f"The vault {root} is not a folder.", hint=hint) from None
    except PermissionError:
        hint = "Give your user the right to read and enter that folder."
        if sys.platform == "darwin":
            hint = "Allow it in System Settings, Privacy & Security, Files and Folders."
        raise VaultError(f"The vault {root} may not be read.", hint=hint) from None
    except (OSError, ValueError, RuntimeError) as error:
        # ValueError: a NUL in the path; RuntimeError: Python 3.12 and older on a loop of links.
        reason = getattr(error, "strerror", None) or error
        raise VaultError(f"The vault {root} cannot be opened: {reason}.", hint="Check the path.") from error


def recognise_kind(root: Path) -> VaultKind:
    """Tell which application keeps its notes in this folder."""
    if (root / SETTINGS_FOLDER).is_dir():
        return "obsidian"
    return "logseq" if (root / "logseq" / "config.edn").is_file() else "folder"


def resolve_inside(root: Path, path: str) -> Path:
    """Turn a vault-relative POSIX path into the real file's path, which need not exist.

    Every path that comes from outside the program goes through here. Links are resolved and must lead to a place
    inside the vault. Raises VaultError for anything else.
    """
    reason = unusable(path, windows=_WINDOWS)
    if reason is not None:
        raise VaultError(f"{path[:200]!r} is not a path in the vault: {reason}.")
    try:
        real_root = root.resolve()
        real = real_root.joinpath(*path.split("/")).resolve()
    except (OSError, RuntimeError) as error:
        raise VaultError(f"{path[:200]!r} cannot be resolved: {error}.") from error
    if not real.is_relative_to(real_root) or real == real_root:
        raise VaultError(f"{path[:200]!r} leads out of the vault.")
    return real


def unusable(path: str, *, windows: bool) -> str | None:
    """Say why this is not a vault-relative POSIX path; `None` when it is one. Asks nothing of the disk."""
    if not path or "\0" in path:
        return "it is empty or has a NUL in it"
    if "\\" in path:
        return "it has a backslash in it"
    if path.startswith("/") or re.match(r"[A-Za-z]:(/|\Z)", path):
        return "it is absolute"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return "it has empty parts or dots for parts"
    if not path.isprintable() and not _encodes(path):
        return "it is not valid Unicode"
    if windows and any(map(_reserved_on_windows, path.split("/"))):
        return "Windows reserves a name in it"
    return None


def _encodes(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _reserved_on_windows(part: str) -> bool:
    # A colon opens another stream of the file, a final dot or space is dropped: both are a second name for a file.
    return ":" in part or part[-1] in ". " or _WINDOWS_RESERVED.fullmatch(part) is not None


def read_file(root: Path, path: str, *, max_bytes: int) -> FileContent:
    """Read one file of the vault. Raises NoteMissingError when it is not there, else VaultError."""
    real = resolve_inside(root, path)
    try:
        _refuse(os.lstat(real), path, max_bytes)
        descriptor = os.open(real, _OPEN_FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _refuse(status, path, max_bytes)
            # Between resolving and opening, a folder on the way may have become a link.
            if os.path.realpath(real) != str(real) or not os.path.samestat(status, os.lstat(real)):
                raise VaultError(f"{path!r} changed while it was opened.")
            data = file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NoteMissingError(f"There is no {path!r} in the vault.") from None
    except OSError as error:
        raise VaultError(
            f"{path!r} cannot be read: {error.strerror or error}.", hint="Check who may read it."
        ) from error
    if len(data) > max_bytes:
        raise _too_large(path, max_bytes)
    return FileContent(data=data, size=status.st_size, mtime_ns=status.st_mtime_ns)


def _refuse(status: os.stat_result, path: str, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise VaultError(f"{path!r} is not a file.")
    if _elsewhere(status):
        raise VaultError(f"{path!r} is not downloaded.", hint="Let the cloud folder keep it on this machine.")
    if status.st_size > max_bytes:
        raise _too_large(path, max_bytes)


def _too_large(path: str, max_bytes: int) -> VaultError:
    return VaultError(f"{path!r} is larger than {max_bytes} bytes.")


def is_placeholder(*, flags: int, attributes: int) -> bool:
    """Whether a file's content is in the cloud only, from macOS' `st_flags` and Windows' `st_file_attributes`."""
    return bool(flags & _FLAG_DATALESS or attributes & _ATTRIBUTES_ELSEWHERE)


def _elsewhere(status: os.stat_result) -> bool:
    return is_placeholder(flags=getattr(status, "st_flags", 0), attributes=getattr(status, "st_file_attributes", 0))


def note_of_placeholder(name: str) -> str | None:
    """Give the note's name for iCloud's `.Note.md.icloud`, which stands for a note that is not downloaded."""
    found = _ICLOUD_PLACEHOLDER.fullmatch(name)
    return found["name"] if found else None


def scan(root: Path, exclusions: Exclusions, *, suffixes: tuple[str, ...] = NOTE_SUFFIXES, below: str = "") -> Scan:
    """Walk the vault, or the folder or file `below` (vault-relative POSIX), and find the notes. Opens no note.

    Hidden folders and `node_modules` are not entered; other excluded notes are listed with their rule. A folder that
    cannot be read is a problem and makes the scan incomplete; a `below` that does not exist does not.
    """
    walk = _Walk(root, exclusions, suffixes)
    if not below:
        return walk.everything()
    if unusable(below, windows=_WINDOWS) is not None or hiding_rule(below) is not None:
        return Scan()
    return walk.below(below)


class _Walk:
    """One walk. `_folders` are those still to be read, so that no depth of folders can exhaust the stack."""

    def __init__(self, root: Path, exclusions: Exclusions, suffixes: tuple[str, ...]) -> None:
        self._root = root.resolve()
        self._exclusions = exclusions
        self._suffixes = suffixes
        self._folders: list[str] = []
        self._files: list[VaultFile] = []
        self._excluded: list[Excluded] = []
        self._problems: list[str] = []

    def everything(self) -> Scan:
        self._folders.append("")
        return self._finish()

    def below(self, path: str) -> Scan:
        parent, _, name = path.rpartition("/")
        try:
            # Behind a link there is nothing of the vault's own: the link itself is what a scan lists.
            linked = (self._root / parent).resolve() != self._root / parent
        except (OSError, RuntimeError):
            linked = True
        # The name is looked for in the listing, not asked for: where case does not count, the old name of a renamed
        # note would still be answered for.
        for entry in () if linked else self._entries(parent):
            if name in (entry.name, note_of_placeholder(entry.name)):
                self._entry(f"{parent}/{entry.name}" if parent else entry.name, entry)
        return self._finish()

    def _finish(self) -> Scan:
        while self._folders:
            folder = self._folders.pop()
            for entry in self._entries(folder):
                self._entry(f"{folder}/{entry.name}" if folder else entry.name, entry)
        if not self._root.is_dir():
            self._problems.append("The vault's folder is not there.")
        return Scan(
            files=tuple(sorted(self._files, key=lambda file: file.path)),
            excluded=tuple(sorted(self._excluded, key=lambda excluded: excluded.path)),
            problems=tuple(self._problems),
            complete=not self._problems,
        )

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / folder) as entries:
                yield from entries
        except (FileNotFoundError, NotADirectoryError):
            # Removed while the walk went on: it has no notes. Whether the vault still stands is asked at the end.
            return
        except OSError as error:
            self._problem(folder, error)

    def _problem(self, path: str, error: OSError) -> None:
        self._problems.append(f"{_shown(path) or 'The vault'} cannot be read: {error.strerror or error}.")

    def _entry(self, path: str, entry: os.DirEntry[str]) -> None:
        original = note_of_placeholder(entry.name)
        if original is not None:
            return self._placeholder(path.removesuffix(entry.name) + original)
        if hiding_rule(entry.name) is not None:
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._problem(path, error)
        if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _REPARSE_TAG_JUNCTION:
            return self._link(path)
        if stat.S_ISDIR(status.st_mode):
            return self._enter(path, status)
        return self._file(path, status) if self._is_note(path) else None

    def _is_note(self, path: str) -> bool:
        return path.lower().endswith(self._suffixes)

    def _placeholder(self, path: str) -> None:
        if self._is_note(path) and hiding_rule(path) is None:
            self._exclude(path, self._exclusions.rule_for(path) or NOT_DOWNLOADED)

    def _exclude(self, path: str, rule: str) -> None:
        self._excluded.append(Excluded(path=_shown(path), rule=rule))

    def _link(self, path: str) -> None:
        try:
            real = (self._root / path).resolve()
            inside = real.is_relative_to(self._root)
            folder = real.is_dir()
        except (OSError, RuntimeError):
            inside, folder = True, False
        if folder or self._is_note(path):
            self._exclude(path, LINK_INSIDE_VAULT if inside else OUTSIDE_VAULT)

    def _enter(self, path: str, status: os.stat_result) -> None:
        if _elsewhere(status):
            # Listing such a folder downloads it. What was indexed from it stays: the scan is not complete.
            self._exclude(path, NOT_DOWNLOADED)
            self._problems.append(f"The folder {_shown(path)} is not downloaded.")
        elif unusable(path, windows=_WINDOWS) is not None:
            self._exclude(path, UNUSABLE_NAME)
        else:
            self._folders.append(path)

    def _file(self, path: str, status: os.stat_result) -> None:
        rule = self._exclusions.rule_for(path)
        if rule is None and not stat.S_ISREG(status.st_mode):
            rule = NOT_A_FILE
        if rule is None and unusable(path, windows=_WINDOWS) is not None:
            rule = UNUSABLE_NAME
        if rule is None and _elsewhere(status):
            rule = NOT_DOWNLOADED
        if rule is not None:
            self._exclude(path, rule)
        else:
            self._files.append(VaultFile(path=path, size=status.st_size, mtime_ns=status.st_mtime_ns))


def _shown(path: str) -> str:
    # A name that is not UTF-8 reaches Python as lone surrogates, which nothing downstream can store.
    return os.fsencode(path).decode("utf-8", "replace") if not _encodes(path) else path


def _nearest_folder(path: Path) -> Path:
    return next((folder for folder in path.absolute().parents if folder.is_dir()), Path(path.anchor))


def _missing_hint(root: Path) -> str:
    parent = _nearest_folder(root)
    nearest = f"The nearest folder that exists is {parent}."
    try:
        siblings = {entry.name.casefold(): entry.name for entry in os.scandir(parent) if entry.is_dir()}
    except OSError:
        return nearest
    wanted = root.absolute().relative_to(parent).parts[0].casefold()
    near = difflib.get_close_matches(wanted, siblings, n=1)
    return f"Did you mean {parent / siblings[near[0]]}?" if near else nearest
