"""The log of the service: the journal where systemd keeps one, else the files."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sidecar.logs.file import FILE, FOLDER
from sidecar.service import launchd
from sidecar.service.plan import Account
from sidecar.service.systemd import UNIT

_LOOK_SECONDS = 0.5
_MOST_BYTES = 4 * 2**20


def journal_words(*, lines: int, follow: bool) -> tuple[str, ...]:
    """The command that shows the journal of the service."""
    return (
        "journalctl",
        "--user",
        "--unit",
        UNIT,
        "--no-pager",
        "--lines",
        str(lines),
        *(["--follow"] if follow else []),
    )


def log_files(account: Account, data_dir: Path) -> tuple[Path, ...]:
    """The files to look at: what launchd was told goes first, as a server that did not start wrote nowhere else."""
    told = (launchd.log_folder(account) / "sidecar.err.log",) if account.platform == "macos" else ()
    return (*told, data_dir / FOLDER / FILE)


def last_lines(file: Path, *, lines: int) -> tuple[str, ...]:
    """The last lines of a file, as far as they lie in its last four megabytes; none when it cannot be read."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - _MOST_BYTES))
            text = opened.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(deque(text.splitlines(), maxlen=lines))


def following(
    files: Iterable[Path], *, sleep: Callable[[float], object] = time.sleep, rounds: int | None = None
) -> Iterator[str]:
    """Lines that are added to the files from now on, for ever or for some rounds. A file that became shorter was begun
    anew, and is read from its beginning.
    """
    places = {file: _size(file) for file in files}
    turns = 0
    while rounds is None or turns < rounds:
        turns += 1
        sleep(_LOOK_SECONDS)
        for file, place in places.items():
            if (size := _size(file)) != place:
                text = _read(file, 0 if size < place else place)
                whole = text.rpartition(b"\n")[0] + b"\n" if b"\n" in text else b""
                places[file] = (0 if size < place else place) + len(whole)
                yield from whole.decode("utf-8", "replace").splitlines()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _read(file: Path, place: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(place)
            return opened.read(_MOST_BYTES)
    except OSError:
        return b""
