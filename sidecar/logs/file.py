"""The log's file: readable by its owner alone, bounded in size, written by the process that holds the data folder."""

from __future__ import annotations

import io
import logging
import os
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from sidecar.logs.lines import LineFormatter

FOLDER = "logs"
FILE = "sidecar.log"
BYTES = 1_000_000
FILES = 5
"""How many there are, the one that is written included."""
_MOST_EARLY = 500

log = logging.getLogger(__name__)


class LogFile:
    """Takes in what is logged from `__enter__` on, and writes it once `open` has said where."""

    def __init__(self, *, size: int = BYTES, files: int = FILES) -> None:
        self._size = size
        self._files = files
        self._handler: logging.Handler = _Early()

    def __enter__(self) -> LogFile:
        logging.getLogger().addHandler(self._handler)
        return self

    def open(self, data_dir: Path) -> None:
        """Write to `logs/sidecar.log` in the data folder, which has to be locked by this process. Where that cannot be,
        standard error has to do.
        """
        early = self._handler
        try:
            path = private_folder(data_dir) / FILE
            handler = _PrivateFile(path, maxBytes=self._size, backupCount=self._files - 1, encoding="utf-8")
        except OSError as error:
            log.warning("there is no log file: the folder for it cannot be written (errno %s)", error.errno)
            return
        handler.setFormatter(LineFormatter())
        self._change(handler)
        if isinstance(early, _Early):
            for record in early.records:
                handler.handle(record)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._change(logging.NullHandler())

    def _change(self, handler: logging.Handler) -> None:
        root = logging.getLogger()
        root.removeHandler(self._handler)
        self._handler.close()
        self._handler = handler
        root.addHandler(handler)


def private_folder(data_dir: Path) -> Path:
    """Make the folder for logs, which its owner alone can open. Raises OSError."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.name == "posix":
        folder.chmod(0o700)
    return folder


def open_private(path: Path, *, flags: int) -> io.TextIOWrapper:
    """Open a file for writing that its owner alone can read; a link in its place is not followed. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
    if os.name == "posix":
        os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace", newline="\n")


class _Early(logging.Handler):
    """Keeps what is logged before there is a file."""

    def __init__(self) -> None:
        super().__init__()
        self.records: deque[logging.LogRecord] = deque(maxlen=_MOST_EARLY)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class _PrivateFile(RotatingFileHandler):
    """Says nothing when the disk is full: what is logged about goes on."""

    def _open(self) -> io.TextIOWrapper:
        return open_private(Path(self.baseFilename), flags=os.O_APPEND)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        return
