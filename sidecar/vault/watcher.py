"""Watches a vault and tells what may have changed, soon after it did.

What runs here: one thread of its own for each watched vault, because setting up the watches of thousands of folders
and looking at what changed both block. The thread hands its findings to the event loop; while nobody takes them they
are added up, so a slow reader costs no memory and misses nothing.

Missed events are taken for granted and made up for: every start, return of the vault and burst means scanning
everything, every folder event scanning that folder, and each such scan is asked for again once the vault is quiet,
because what arrives while the system still adds its watches is seen by neither. Missing on purpose: what a change is.
That is for the reader to find out, by scanning.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace
from pathlib import Path

from watchfiles import Change

from sidecar.vault.changes import Changes, read_events
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.mailbox import Mailbox
from sidecar.vault.notices import StopEvent, WatchLostError, notices, require_free_watch
from sidecar.vault.polling import Snapshot, differences, needs_polling, take_snapshot
from sidecar.vault.settings import SETTINGS_FILES

# inotify's queue holds 16,384 events and watchfiles drops the notice that it has run over. So many events at once are
# answered by scanning, which is also cheaper than looking at each.
_BURST = 1000
_SETTLE_SECONDS = 0.5
_ROOT_CHECK_SECONDS = 0.5


async def watch(
    root: Path,
    *,
    exclusions: Callable[[], Exclusions],
    stop: StopEvent,
    debounce_ms: int = 150,
    step_ms: int = 50,
    polling: bool | None = None,
    poll_seconds: float = 2.0,
) -> AsyncGenerator[Changes, None]:
    """Tell of changes until `stop` is set or the generator is closed; either takes a moment (half a second at most).

    The first `Changes` says that watching has begun and asks for everything: scan after it, and nothing is missed.
    `root` is as `check_vault` gives it. `polling` looks at the vault every `poll_seconds` instead of being told;
    `None` does so where the file system or the system's limits demand it. A vault that goes away is waited for.
    """
    mailbox = Mailbox()
    thread = _WatchThread(
        root,
        mailbox=mailbox,
        exclusions=exclusions,
        stop=stop,
        debounce_ms=debounce_ms,
        step_ms=step_ms,
        polling=polling,
        poll_seconds=poll_seconds,
    )
    thread.start()
    try:
        while (changes := await mailbox.take()) is not None:
            yield changes
    finally:
        thread.close()
        await mailbox.wait_closed(timeout=1.0)


class _WatchThread(threading.Thread):
    def __init__(
        self,
        root: Path,
        *,
        mailbox: Mailbox,
        exclusions: Callable[[], Exclusions],
        stop: StopEvent,
        debounce_ms: int,
        step_ms: int,
        polling: bool | None,
        poll_seconds: float,
    ) -> None:
        super().__init__(name=f"watch {root.name}", daemon=True)
        self._root = root
        self._mailbox = mailbox
        self._exclusions = exclusions
        self._stop_event = stop
        self._debounce_ms = debounce_ms
        self._step_ms = step_ms
        self._polling = polling
        self._poll_seconds = poll_seconds
        self._closed = threading.Event()
        self._problem: str | None = None
        self._unsettled = Changes()
        self._unsettled_since = 0.0

    def close(self) -> None:
        self._closed.set()

    def is_set(self) -> bool:
        """Whether to stop; watchfiles asks this in its own loop."""
        return self._closed.is_set() or self._stop_event.is_set()

    def run(self) -> None:
        error: Exception | None = None
        try:
            while not self.is_set():
                self._follow()
        except Exception as unexpected:  # the top of a thread: the reader gets to see it
            error = unexpected
        finally:
            self._mailbox.close(error)

    def _follow(self) -> None:
        """Watch for as long as the vault is the same folder."""
        identity = _identity(self._root)
        if identity is None:
            return self._await_return()
        try:
            if needs_polling(self._root) if self._polling is None else self._polling:
                self._look(identity)
            else:
                self._listen(identity)
        except FileNotFoundError:
            self._pause(_ROOT_CHECK_SECONDS)
        except WatchLostError:
            # A name that is not UTF-8 ends watchfiles' watcher. All of the vault is scanned when the next one begins.
            self._pause(_ROOT_CHECK_SECONDS)
        except OSError as error:
            if self._polling:
                self._pause(self._poll_seconds)
            self._polling = True
            # What follows the first full stop is a Rust structure with paths in it.
            reason = str(error).partition(". ")[0]
            self._problem = (
                f"The system cannot watch all of the vault ({reason}): it is looked at every {self._poll_seconds:g} s."
            )
        return None

    def _await_return(self) -> None:
        kept, self._problem = self._problem, f"The vault {self._root} cannot be reached. It is waited for."
        self._put(Changes(everything=True))
        while not self.is_set() and _identity(self._root) is None:
            self._pause(self._poll_seconds)
        self._problem = kept

    def _listen(self, identity: tuple[int, int]) -> None:
        found = notices(
            self._root,
            stop=self,
            debounce_ms=self._debounce_ms,
            step_ms=self._step_ms,
            awake=lambda: bool(self._unsettled),
        )
        with contextlib.closing(found) as batches:
            self._listen_to(batches, identity)

    def _listen_to(self, batches: Iterable[set[tuple[Change, str]]], identity: tuple[int, int]) -> None:
        checked = None
        for events in batches:
            now = time.monotonic()
            if checked is None:
                require_free_watch(self._root)
                self._put(Changes(everything=True))
            if events:
                self._read(events)
            self._settle(now)
            if (Change.deleted, str(self._root)) in events:
                # The watch is gone with it, even when a new folder of that name has been given the same number.
                return
            if checked is None or now - checked > _ROOT_CHECK_SECONDS:
                checked = now
                if _identity(self._root) != identity:
                    return

    def _read(self, events: set[tuple[Change, str]]) -> None:
        if len(events) > _BURST:
            changes = Changes(everything=True, settings_changed=True)
        else:
            changes = read_events(events, root=self._root, exclusions=self._exclusions())
        if not changes:
            return
        self._put(changes)
        if changes.folders or changes.everything:
            for folder in list(changes.folders)[:1]:
                require_free_watch(self._root / folder)
            again = Changes(folders=changes.folders, everything=changes.everything)
            self._unsettled = self._unsettled.and_then(again)
            self._unsettled_since = time.monotonic()

    def _settle(self, now: float) -> None:
        if self._unsettled and now - self._unsettled_since > _SETTLE_SECONDS:
            self._put(self._unsettled)
            self._unsettled = Changes()

    def _look(self, identity: tuple[int, int]) -> None:
        seen: Snapshot = take_snapshot(self._root, unread=self._exclusions().unread, before={})
        self._put(Changes(everything=True))
        pause = self._poll_seconds
        while not self._pause(pause) and _identity(self._root) == identity:
            began = time.monotonic()
            before, seen = seen, take_snapshot(self._root, unread=self._exclusions().unread, before=seen)
            # A slow file system is not kept busy for more than a tenth of the time.
            pause = max(self._poll_seconds, 10 * (time.monotonic() - began))
            changed = differences(before, seen)
            many = len(changed) > _BURST
            changes = Changes(
                paths=frozenset() if many else changed.difference(SETTINGS_FILES),
                everything=many,
                settings_changed=not changed.isdisjoint(SETTINGS_FILES),
            )
            if changes:
                self._put(changes)

    def _put(self, changes: Changes) -> None:
        self._mailbox.put(replace(changes, problem=self._problem))

    def _pause(self, seconds: float) -> bool:
        """Wait, but no longer than until the end; says whether that has come."""
        until = time.monotonic() + seconds
        while not self.is_set() and (left := until - time.monotonic()) > 0:
            self._closed.wait(min(left, self._step_ms / 1000))
        return self.is_set()


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        status = root.stat()
        return (status.st_dev, status.st_ino) if root.is_dir() else None
    except OSError:
        return None
