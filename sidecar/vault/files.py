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
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.errors import NoteMissingError, VaultError
from sidecar.vault import logseq
from sidecar.vault.exclusions import NOTE_SUFFIXES, Exclusions, hiding_rule
from sidecar.vault.notion import looks_like_notion
from sidecar.vault.settings import SETTINGS_FOLDER, VaultKind

OUTSIDE_VAULT = "outside-vault"
LINK_INSIDE_VAULT = "link-inside-vault"
NOT_DOWNLOADED = "not-downloaded"
NOT_A_FILE = "not-a-file"
UNREADABLE = "unreadable"
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
# Enough notes to tell an outline by: few, because a kind is asked for whenever settings change.
_SAMPLED_NOTES = 32
_MAX_SAMPLED = 64 * 1024
_MOST_NS = 2**63 - 1
_WINDOWS = sys.platform == "win32"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultFile:
    """A file that is read. `path` is vault-relative, POSIX, Unicode as on disk; `size` is in bytes."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0
    """When anything of it changed last, which no program can set back; on Windows, when it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A file, a link or a folder that could not be looked into, that is not read, and the rule for it.

    Rules are those of `Exclusions.rule_for`, and `outside-vault` (a link that leads out), `link-inside-vault`,
    `not-downloaded` (`path` is then the file's own, not the placeholder's), `not-a-file`, `unusable-name`. Where
    several hold, the one that the user set comes first and the format last: a recording in an excluded folder is
    excluded as what the folder holds, and of what is not downloaded nobody can say that it would not be read.
    """

    path: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a walk found, sorted by path: each file of the vault that is not hidden, once, in one of the two lists.

    Only a `complete` one says that what it did not find is gone.
    """

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
    ctime_ns: int = 0


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
    """Tell which application keeps its notes in this folder. Opens notes only where both Obsidian and Logseq do.

    Each of the two makes its folders in whatever it is asked to open, so that both are there says little. What decides
    then is whether the notes are outlines: Logseq writes nothing else, and hardly anybody writes so in Obsidian.
    """
    graph = any((root / path).is_file() for path in logseq.SETTINGS_FILES)
    if (root / SETTINGS_FOLDER).is_dir():
        return "logseq" if graph and _holds_outlines(root) else "obsidian"
    if graph:
        return "logseq"
    return "notion" if looks_like_notion(_top_names(root)) else "folder"


def _top_names(root: Path) -> list[str]:
    names = [name for name in _names(root) if hiding_rule(name) is None]
    # An export that was unpacked often has one folder on top, and in it what was exported.
    return _names(root / names[0]) if len(names) == 1 and not names[0].lower().endswith((".md", ".csv")) else names


def _holds_outlines(root: Path) -> bool:
    folders = ["", *(name for name in _names(root) if hiding_rule(name) is None and name != logseq.SETTINGS_FOLDER)]
    notes = [f"{folder}/{name}".lstrip("/") for folder in folders for name in _names(root / folder)]
    notes = [path for path in notes if path.lower().endswith(NOTE_SUFFIXES)]
    votes = [_is_outline(root, path) for path in notes[:: len(notes) // _SAMPLED_NOTES + 1]]
    return votes.count(True) > votes.count(False)


def _is_outline(root: Path, path: str) -> bool | None:
    """Whether every line that is not indented is a list item, but for properties; `None` for what tells nothing."""
    try:
        text = read_file(root, path, max_bytes=_MAX_SAMPLED).data.decode("utf-8-sig", "replace")
    except VaultError:
        return None
    lines = [line for line in text.splitlines() if line.strip() and not line[0].isspace() and ":: " not in line]
    return all(line.startswith("-") for line in lines) if lines else None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # names are wanted, not paths
    except OSError:
        return []


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
    return FileContent(data=data, **_state(status))


def look_at_file(root: Path, path: str) -> FileContent:
    """Look at a file of the vault without opening it: its data is left empty. Raises as `read_file`."""
    try:
        status = os.lstat(resolve_inside(root, path))
    except (FileNotFoundError, NotADirectoryError):
        raise NoteMissingError(f"There is no {path!r} in the vault.") from None
    except OSError as error:
        raise VaultError(f"{path!r} cannot be looked at: {error.strerror or error}.") from error
    _refuse(status, path, max_bytes=sys.maxsize)
    return FileContent(data=b"", **_state(status))


def _refuse(status: os.stat_result, path: str, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise VaultError(f"{path!r} is not a file.")
    if _elsewhere(status):
        raise VaultError(f"{path!r} is not downloaded.", hint="Let the cloud folder keep it on this machine.")
    if status.st_size > max_bytes:
        raise _too_large(path, max_bytes)


def _too_large(path: str, max_bytes: int) -> VaultError:
    most = f"{max_bytes // 2**20} MiB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    return VaultError(f"{path!r} is larger than {most}.", hint="Files of that size are not read.")


def is_placeholder(*, flags: int, attributes: int) -> bool:
    """Whether a file's content is in the cloud only, from macOS' `st_flags` and Windows' `st_file_attributes`."""
    return bool(flags & _FLAG_DATALESS or attributes & _ATTRIBUTES_ELSEWHERE)


def _elsewhere(status: os.stat_result) -> bool:
    return is_placeholder(flags=getattr(status, "st_flags", 0), attributes=getattr(status, "st_file_attributes", 0))


def name_of_placeholder(name: str) -> str | None:
    """Give the file's name for iCloud's `.Note.md.icloud`, which stands for a file that is not downloaded."""
    found = _ICLOUD_PLACEHOLDER.fullmatch(name)
    return found["name"] if found else None


def scan(root: Path, exclusions: Exclusions, *, below: str = "") -> Scan:
    """Walk the vault, or the folder or file `below` (vault-relative POSIX), and list its files. Opens none.

    Hidden files and folders and `node_modules` are left out; other excluded files are listed with their rule. A folder
    that cannot be read is a problem and makes the scan incomplete; a `below` that does not exist does not.
    """
    return scan_at(root, exclusions, (below,))


def scan_at(root: Path, exclusions: Exclusions, paths: Iterable[str]) -> Scan:
    """Scan several files or folders (vault-relative POSIX, `""` for the vault) as one. What is not found there is gone.

    A folder is listed once, however many of its files are asked for: a hundred deleted images cost one listing.
    """
    walk = _Walk(root, exclusions)
    wanted = dict.fromkeys(paths)
    if "" in wanted:
        return walk.everything()
    named: dict[str, set[str]] = {}
    for path in wanted:
        if hiding_rule(path) is None and _may_be_listed(path):
            parent, _, name = path.rpartition("/")
            named.setdefault(parent, set()).add(name)
    return walk.named(named)


def _may_be_listed(path: str) -> bool:
    # A file with a backslash in its name cannot be read, but it is there and has to be listed.
    return unusable(path if _WINDOWS else path.replace("\\", "_"), windows=_WINDOWS) is None


class _Walk:
    """One walk. `_folders` are those still to be read, so that no depth of folders can exhaust the stack."""

    def __init__(self, root: Path, exclusions: Exclusions) -> None:
        self._root = root.resolve()
        self._exclusions = exclusions
        self._folders: dict[str, None] = {}
        self._files: dict[str, VaultFile] = {}
        self._excluded: dict[str, Excluded] = {}
        self._problems: dict[str, None] = {}

    def everything(self) -> Scan:
        self._folders[""] = None
        return self._finish()

    def named(self, named: Mapping[str, Collection[str]]) -> Scan:
        """Scan what is `named`: the names by the folder they lie in."""
        for parent, names in named.items():
            try:
                # Behind a link there is nothing of the vault's own: the link itself is what a scan lists.
                linked = (self._root / parent).resolve() != self._root / parent
            except (OSError, RuntimeError):
                linked = True
            # Names are looked for in the listing, not asked for: where case does not count, the old name of a renamed
            # note would still be answered for.
            if not linked:
                self._list(parent, names)
        return self._finish()

    def _finish(self) -> Scan:
        while self._folders:
            self._list(self._folders.popitem()[0])
        if not self._root.is_dir():
            self._problems["The vault's folder is not there."] = None
        return Scan(
            files=tuple(self._files[path] for path in sorted(self._files)),
            excluded=tuple(self._excluded[path] for path in sorted(self._excluded) if path not in self._files),
            problems=tuple(self._problems),
            complete=not self._problems,
        )

    def _list(self, folder: str, only: Collection[str] | None = None) -> None:
        """Take the entries of a folder, or of those the ones named in `only`."""
        try:
            with os.scandir(self._root / folder) as entries:
                found = list(entries)
        except (FileNotFoundError, NotADirectoryError):
            # Removed while the walk went on: it has no files. Whether the vault still stands is asked at the end.
            return
        except OSError as error:
            self._problem(folder, error)
            return
        siblings = {entry.name for entry in found} if self._exclusions.table_twins else frozenset()
        for entry in found:
            if only is None or entry.name in only or name_of_placeholder(entry.name) in only:
                self._entry(f"{folder}/{entry.name}" if folder else entry.name, entry, siblings)

    def _problem(self, path: str, error: OSError) -> None:
        if path:
            self._exclude(path, UNREADABLE)
        self._problems[f"{_shown(path) or 'The vault'} cannot be read: {error.strerror or error}."] = None

    def _entry(self, path: str, entry: os.DirEntry[str], siblings: Collection[str]) -> None:
        original = name_of_placeholder(entry.name)
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
        return self._file(path, status, siblings)

    def _placeholder(self, path: str) -> None:
        if hiding_rule(path) is None:
            self._exclude(path, self._exclusions.place_rule_for(path) or NOT_DOWNLOADED)

    def _exclude(self, path: str, rule: str) -> None:
        shown = _shown(path)
        self._excluded[shown] = Excluded(path=shown, rule=rule)

    def _link(self, path: str) -> None:
        try:
            inside = (self._root / path).resolve().is_relative_to(self._root)
        except (OSError, RuntimeError):
            inside = True
        self._exclude(path, LINK_INSIDE_VAULT if inside else OUTSIDE_VAULT)

    def _enter(self, path: str, status: os.stat_result) -> None:
        if _elsewhere(status):
            # Listing such a folder downloads it. What was indexed from it stays: the scan is not complete.
            self._exclude(path, NOT_DOWNLOADED)
            self._problems[f"The folder {_shown(path)} is not downloaded."] = None
        else:
            self._folders[path] = None

    def _file(self, path: str, status: os.stat_result, siblings: Collection[str]) -> None:
        rule = self._exclusions.place_rule_for(path) or _state_rule(path, status)
        rule = rule or self._exclusions.format_rule_for(path, siblings=siblings)
        if rule is not None:
            self._exclude(path, rule)
        else:
            self._files[path] = VaultFile(path=path, **_state(status))


def _state(status: os.stat_result) -> dict[str, int]:
    return {
        "size": status.st_size,
        "mtime_ns": _within_64_bits(status.st_mtime_ns),
        "ctime_ns": _within_64_bits(status.st_ctime_ns),
    }


def _within_64_bits(nanoseconds: int) -> int:
    # File systems hold years beyond 2262, whose nanoseconds no index can.
    return max(-_MOST_NS, min(nanoseconds, _MOST_NS))


def _state_rule(path: str, status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return NOT_A_FILE
    if unusable(path, windows=_WINDOWS) is not None:
        return UNUSABLE_NAME
    return NOT_DOWNLOADED if _elsewhere(status) else None


def _shown(path: str) -> str:
    # A name that is not UTF-8 reaches Python as lone surrogates, which nothing downstream can store. Escapes, as two
    # such names must not become one.
    return os.fsencode(path).decode("utf-8", "backslashreplace") if not _encodes(path) else path


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
