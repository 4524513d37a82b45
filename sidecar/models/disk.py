"""Room on the disk, and what it means when there is none: sizes as people read them."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from sidecar.errors import ModelUnavailableError

SPARE = 256 * 1024 * 1024
"""Bytes to leave free: a system whose disk is full to the last byte no longer works."""
_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_TOO_LARGE = errno.EFBIG
# The free room, when a file outgrows what Windows' own errors name: ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL.
_WINDOWS_FULL = frozenset({39, 112})
_ELSEWHERE = "The setting `models_dir` names another folder."


def free_space(folder: Path) -> int | None:
    """Bytes free for this user where a folder is or would be; `None` when that cannot be known."""
    nearest = next((above for above in (folder, *folder.parents) if above.is_dir()), folder)
    try:
        return shutil.disk_usage(nearest).free
    except OSError:
        return None


def check_room(folder: Path, *, needed: int, free: int | None) -> None:
    """Raise ModelUnavailableError when `needed` bytes do not fit into the `free` ones, with some to spare."""
    if free is None or needed == 0 or needed + SPARE <= free:
        return
    raise ModelUnavailableError(
        f"{as_size(needed)} are still to be fetched, but of the disk of {folder} only {as_size(free)} are free, and"
        f" {as_size(SPARE)} have to stay so.",
        hint=f"Free some room there. {_ELSEWHERE}",
    )


def writing_failed(error: OSError, file: Path, *, have: int) -> ModelUnavailableError:
    """What to say when a file cannot be written on, of which `have` bytes are there."""
    kept = f" The {as_size(have)} that are there are kept: the same command goes on from them." if have else ""
    if error.errno in _FULL or getattr(error, "winerror", None) in _WINDOWS_FULL:
        return ModelUnavailableError(f"The disk of {file.parent} is full.", hint=f"Free some room.{kept} {_ELSEWHERE}")
    if error.errno == _TOO_LARGE:
        return ModelUnavailableError(
            f"The file system of {file.parent} cannot hold a file as large as this one; FAT32 ends at 4 GB.",
            hint=_ELSEWHERE,
        )
    return ModelUnavailableError(f"{file} cannot be written: {error.strerror or error}.", hint=_ELSEWHERE)


def as_size(count: float) -> str:
    """Bytes as `4.7 GB`, in powers of ten, as the hub and most file managers show them."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size * 0.9995:
            return f"{count / size:.1f} {unit}" if count < 99.95 * size else f"{count / size:,.0f} {unit}"
    return f"{count:.0f} bytes"
