"""What is left of a crash: a log line from whatever thread it was in, and no image of the memory."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import warnings
from pathlib import Path
from types import TracebackType
from typing import TextIO

log = logging.getLogger(__name__)


def log_crashes() -> None:
    """Log what Python would print by itself with its message: uncaught exceptions, of threads and of clean-ups too,
    and warnings.
    """
    sys.excepthook = _uncaught
    threading.excepthook = _in_thread
    sys.unraisablehook = _in_clean_up
    warnings.showwarning = _warned


def leave_no_cores() -> None:
    """Have the system write no memory image of this process and its children when they crash: notes would be in it."""
    if sys.platform == "win32":
        return
    import resource  # does not exist on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    # On Linux that limit does not hold for an image that goes to a program (systemd-coredump, apport), but this choice
    # of what is in it does, for children too: nothing (core(5), fs/coredump.c).
    with contextlib.suppress(OSError):
        Path("/proc/self/coredump_filter").write_text("0", encoding="ascii")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("ended by an exception", exc_info=(kind, error, trace))


def _in_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None and found.exc_type is not SystemExit:
        log.error("a thread ended by an exception", exc_info=(found.exc_type, found.exc_value, found.exc_traceback))


def _in_clean_up(found: sys.UnraisableHookArgs) -> None:
    if found.exc_value is not None:
        log.error("an exception in a clean-up", exc_info=(found.exc_type, found.exc_value, found.exc_traceback))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("%s from line %d of %s", category.__name__, lineno, filename)
