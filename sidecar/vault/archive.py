"""A Notion export as it comes: a `.zip`, unpacked into a folder of its own that is then read as a vault.

What runs here: one unpacking at a time, under the caller's lock on the data folder. The files are written beside the
folder and take its place at the end, so that a reader sees the old export or the new one. An archive's names are not
believed; the sizes that it gives bind it. One with names or entries that no export has (absolute, `..`, backslashes,
links) is refused, not repaired; names that only this system cannot hold are changed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sidecar.errors import VaultError

STAMP = ".unpacked.json"
"""Written into the folder last; a folder without it is not ours to replace."""
_VERSION = 1
"""Raise it whenever the same archive would be unpacked differently."""
_SMALL = 1024 * 1024
"""Bytes below which an entry's ratio says nothing."""
_MAX_PART = 240
"""Bytes of one name; file systems end at 255, and a number may have to go in."""
_MAX_DIRECTORY = 64 * 1024 * 1024
_HINT = "Unpack it yourself and give Sidecar the folder."
_AGAIN = "Export it from Notion again; if it comes from somebody else, do not trust it."
_WRAPPER = re.compile(r"Export(?:Block)?-[0-9a-f]{8}-[0-9a-f-]{27}(?:-Part-\d+)?", re.IGNORECASE)
_PART = re.compile(r"[^/]*(?:Export(?:Block)?-[^/]*|-Part-\d+)\.zip", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:(?:/|\Z)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ]\Z')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(?:\..*)?", re.IGNORECASE
)
_TAIL = re.compile(r"(?:[ -]?[0-9a-f]{32}(?:_all)?)?(?:\.[^.\s]{1,16})?\Z")
"""Id and extension, which a changed name keeps."""
# The end of a zip file, from PKWARE's APPNOTE 4.3.14 to 4.3.16: end of central directory, and its larger form.
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8 = 0x800
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)
_OPEN_FLAGS = os.O_WRONLY | os.O_CREAT | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What an archive may hold, with the archives inside it."""

    files: int = 100_000
    total_bytes: int = 20 * 2**30
    """Unpacked."""
    ratio: int = 200
    """Times that a larger entry may have shrunk. Prose shrinks about 4 times, a table of Yes and No 100 times."""


DEFAULT_LIMITS = ArchiveLimits()


def is_archive(path: Path) -> bool:
    """Whether this is a file for `unpack_archive`, as far as its name says."""
    try:
        return path.suffix.lower() == ".zip" and path.is_file()
    except OSError:
        return False


def unpack_archive(archive: Path, into: Path, *, limits: ArchiveLimits = DEFAULT_LIMITS) -> Path:
    """Unpack into the folder `into`, unless it holds this version already, and return it. Every regular file is kept.

    `into` is made, or replaced when it holds an earlier version. A folder on top (`Export-…`) and the archives that a
    large export is parted in are unwrapped, one level deep. Folders get mode 0700, files 0600. Raises VaultError with a
    hint when the archive is missing, broken, encrypted, over the limits or has names that lead elsewhere, or the disk
    is full; what was unpacked before is then still there.
    """
    try:
        _tidy(into)
        status = archive.stat()
        known = _read_stamp(into)
        seen = {"version": _VERSION, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
        if known is not None and seen.items() <= known.items():
            return into
        stamp = {**seen, "directory": hashlib.blake2b(_directory(archive, limits), digest_size=16).hexdigest()}
        if known is not None and all(known.get(key) == stamp[key] for key in ("version", "directory")):
            _write_stamp(into, stamp)
            return into
        if known is None and into.exists():
            raise VaultError(f"{into} is in the way of unpacking {archive}.", hint="Move that folder elsewhere.")
        _replace(archive, into, stamp, limits)
    except _BROKEN as error:
        # What the library says of it is about bytes, and may quote names in whatever encoding they have.
        raise VaultError(f"The archive {archive} is damaged or no zip file.", hint=_AGAIN) from error
    except OSError as error:
        hint = "Make room on that disk." if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Check the path."
        raise VaultError(f"The archive {archive} cannot be unpacked: {error.strerror or error}.", hint=hint) from error
    return into


def safe_name(part: str, *, windows: bool) -> str:
    """Make one part of a path a name that file systems hold. Extension and id stay, so that it is the same page."""
    part = _CONTROL.sub("_", part)
    if windows:
        part = _NOT_ON_WINDOWS.sub("_", part)
        part = f"_{part}" if _RESERVED.fullmatch(part) else part
    return part if len(part.encode("utf-8")) <= _MAX_PART else _with_head(part, "")


def _with_head(part: str, suffix: str) -> str:
    """The name with `suffix` in front of id and extension, its beginning shortened where it must be."""
    match = _TAIL.search(part)
    tail = match[0] if match else ""
    head = part.removesuffix(tail).encode("utf-8")[: _MAX_PART - len(tail.encode("utf-8"))]
    return head.decode("utf-8", "ignore").rstrip() + suffix + tail


def _fresh(into: Path) -> Path:
    return into.with_name(f".{into.name}.new")


def _aside(into: Path) -> Path:
    return into.with_name(f".{into.name}.old")


def _tidy(into: Path) -> None:
    """Undo what a killed unpacking left: an old version that was put aside is still the valid one."""
    if _aside(into).exists() and not into.exists():
        _aside(into).rename(into)
    for left in (_fresh(into), _aside(into)):
        shutil.rmtree(left, ignore_errors=True)
    _part_of(_fresh(into)).unlink(missing_ok=True)


def _part_of(fresh: Path) -> Path:
    return fresh.with_suffix(".part")


def _replace(archive: Path, into: Path, stamp: Mapping[str, object], limits: ArchiveLimits) -> None:
    fresh = _fresh(into)
    into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        fresh.mkdir(mode=0o700)
        _Unpacking(fresh, limits).unpack(archive)
        _write_stamp(fresh, stamp)
        if into.exists():
            into.rename(_aside(into))
        fresh.rename(into)
    finally:
        _tidy(into)


def _read_stamp(folder: Path) -> dict[str, object] | None:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return stamp if isinstance(stamp, dict) else None


def _write_stamp(folder: Path, stamp: Mapping[str, object]) -> None:
    descriptor = os.open(folder / STAMP, _OPEN_FLAGS | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(stamp, file)


def _directory(archive: Path, limits: ArchiveLimits) -> bytes:
    """The archive's list of entries, with their checksums. Read before zipfile does, which takes one of any length."""
    with archive.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        length, end = _locate(file, size)
        if length > end:
            raise zipfile.BadZipFile("it is not complete")
        if length > _MAX_DIRECTORY:
            raise _over(archive, f"a list of files of {length} bytes")
        file.seek(end - length)
        directory = file.read(length)
    if (entries := directory.count(_ENTRY)) > limits.files:
        raise _over(archive, f"{entries} files")
    return directory


def _locate(file: IO[bytes], size: int) -> tuple[int, int]:
    """Length and end of the list of entries, in bytes. A comment of up to 64 KiB may stand behind it."""
    file.seek(max(0, size - _END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06", 0, len(tail) - _END.size + 4) if len(tail) >= _END.size else -1
    if at < 0:
        raise zipfile.BadZipFile("it is no zip archive, or not complete")
    length: int = _END.unpack_from(tail, at)[5]
    end = size - len(tail) + at
    larger = end - _LOCATOR.size - _END64.size
    if larger >= 0:
        file.seek(larger)
        record = file.read(_END64.size + _LOCATOR.size)
        if record.startswith(b"PK\x06\x06") and record[_END64.size :].startswith(b"PK\x06\x07"):
            return int(_END64.unpack_from(record)[8]), larger
    return length, end


def _over(archive: Path, what: str) -> VaultError:
    return VaultError(f"The archive {archive} has {what}, more than is unpacked here.", hint=_AGAIN)


class _Unpacking:
    """One unpacking into one folder; what has been used up of the limits counts over the inner archives too."""

    def __init__(self, root: Path, limits: ArchiveLimits) -> None:
        self._root = root
        self._limits = limits
        self._files = 0
        self._bytes = 0
        self._folders: set[Path] = {root}
        self._twins: Counter[Path] = Counter()

    def unpack(self, archive: Path, *, inner: bool = False) -> None:
        _directory(archive, self._limits)
        with zipfile.ZipFile(archive) as opened:
            entries = [(info, _parts(archive, info)) for info in opened.infolist()]
            for info, _ in entries:
                self._check(archive, info)
            for info, parts in entries:
                if info.is_dir() or not parts:
                    continue
                with opened.open(info) as source:
                    if not inner and len(parts) == 1 and _PART.fullmatch(parts[0]):
                        self._unpack_inner(source)
                    else:
                        self._keep(source, parts)

    def _check(self, archive: Path, info: zipfile.ZipInfo) -> None:
        self._files += 1
        self._bytes += info.file_size
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.flag_bits & _ENCRYPTED:
            raise VaultError(f"The archive {archive} is encrypted.", hint=_HINT)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise VaultError(f"The archive {archive} has a link or device in it.", hint=_HINT)
        if self._files > self._limits.files:
            raise _over(archive, f"{self._files} files")
        if self._bytes > self._limits.total_bytes:
            raise _over(archive, f"{self._bytes} bytes")
        if info.file_size > max(_SMALL, info.compress_size * self._limits.ratio):
            raise _over(archive, f"a file that grows from {info.compress_size} to {info.file_size} bytes")

    def _unpack_inner(self, source: IO[bytes]) -> None:
        part = _part_of(self._root)
        descriptor = os.open(part, _OPEN_FLAGS | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(source, file)
        self.unpack(part, inner=True)
        part.unlink()

    def _keep(self, source: IO[bytes], parts: tuple[str, ...]) -> None:
        folder = self._folder(parts[:-1])
        with os.fdopen(self._create(folder, parts[-1]), "wb") as file:
            shutil.copyfileobj(source, file)

    def _folder(self, parts: tuple[str, ...]) -> Path:
        folder = self._root
        for part in parts:
            folder /= part
            if folder not in self._folders:
                folder.mkdir(mode=0o700, exist_ok=True)
                self._folders.add(folder)
        return folder

    def _create(self, folder: Path, name: str) -> int:
        """Open a new file. The file system says whether a name is taken: only it knows if case and NFC count."""
        chosen = name
        twin = folder / unicodedata.normalize("NFC", name).casefold()
        while True:
            try:
                return os.open(folder / chosen, _OPEN_FLAGS | os.O_EXCL, 0o600)
            except FileExistsError:
                self._twins[twin] += 1
                chosen = _with_head(name, f" ({self._twins[twin] + 1})")


def _parts(archive: Path, info: zipfile.ZipInfo) -> tuple[str, ...]:
    """Where an entry goes, as names from the root down. Raises VaultError for a name that no export has."""
    name = _decoded(info)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if "\0" in name or "\\" in name or name.startswith("/") or _DRIVE.match(name) or ".." in parts:
        raise VaultError(
            f"The archive {archive} has a file called {name[:200]!r}, which would lie outside its folder.", hint=_AGAIN
        )
    if len(parts) > 1 and _WRAPPER.fullmatch(parts[0]):
        del parts[0]
    return tuple(safe_name(part, windows=sys.platform == "win32") for part in parts)


def _decoded(info: zipfile.ZipInfo) -> str:
    # The name before zipfile cut it at a NUL and turned this system's separators.
    name = info.orig_filename
    if info.flag_bits & _UTF8:
        return name
    try:
        # Notion, macOS and many others write UTF-8 without saying so; what is no UTF-8 is cp437, as the format has it.
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name
