"""The system's notices of changes below a folder, through watchfiles: in batches, rarely asked for while it is quiet.

Blocks; a thread calls it. Uses watchfiles' inner watcher: its `watch` takes the steps with each call,
`watchfiles.watch` with the first one alone.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Protocol

import watchfiles
from watchfiles import Change
from watchfiles._rust_notify import RustNotify

_TICK_MS = 100
# watchfiles looks for news once a step, and has no way to be woken. Twenty steps a second cost 0.3 % of a core for
# ever: after some seconds without a change, the next one may take half a second to be seen.
_QUIET_AFTER_SECONDS = 10.0
_QUIET_STEP_MS = 250
_QUIET_TICK_MS = 1000


class StopEvent(Protocol):
    """An `asyncio.Event`, `anyio.Event` or `threading.Event`."""

    def is_set(self) -> bool: ...


class WatchLostError(Exception):
    """The system's watcher gave up and has to be made anew."""


def notices(
    root: Path, *, stop: StopEvent, debounce_ms: int, step_ms: int, awake: Callable[[], bool]
) -> Generator[set[tuple[Change, str]], None, None]:
    """Give what changed, as soon as it is known, and an empty set every now and then, until `stop` is set.

    The first one says that watching has begun. While nothing changes and nobody is `awake`, it looks more rarely.
    Raises FileNotFoundError when the folder is gone, OSError when the system cannot watch it, WatchLostError when it
    could and does not any longer.
    """
    begun = False
    try:
        with _watcher(root) as watcher:
            last = time.monotonic()
            while True:
                quiet = time.monotonic() - last > _QUIET_AFTER_SECONDS and not awake()
                step = max(step_ms, _QUIET_STEP_MS) if quiet else step_ms
                found = watcher.watch(debounce_ms, step, _QUIET_TICK_MS if quiet else _TICK_MS, stop)
                if found != "timeout" and not isinstance(found, set):
                    return
                begun = True
                changed = {(Change(kind), path) for kind, path in found} if isinstance(found, set) else set()
                if changed:
                    last = time.monotonic()
                yield changed
    except RuntimeError as error:
        # watchfiles' own error is one of these: before the beginning it says that no watcher can be made at all.
        raise WatchLostError if begun else OSError(str(error)) from error


def _watcher(root: Path) -> RustNotify:
    return RustNotify(
        [str(root)],
        debug=False,
        force_polling=False,
        poll_delay_ms=0,
        recursive=True,
        ignore_permission_denied=True,
    )


def require_free_watch(folder: Path) -> None:
    """Raise OSError when the system has no watch left for this folder.

    When the limit is reached while folders are being added, watchfiles says nothing and they are not watched.
    """
    if not sys.platform.startswith("linux") or not folder.is_dir():
        return
    stopped = threading.Event()
    stopped.set()
    with contextlib.suppress(FileNotFoundError, PermissionError):
        for _ in watchfiles.watch(folder, recursive=False, step=1, stop_event=stopped, force_polling=False):
            pass
