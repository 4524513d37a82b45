"""The clients' keys as a running server knows them: what was made or revoked a moment ago counts, and each key's last
day of use is noted.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sidecar.errors import ConfigError
from sidecar.runtime.client_keys import FILE, ClientKey, digest_of, load
from sidecar.runtime.datafolder import write_private
from sidecar.runtime.small_file import Stamp, read_small, stamp_of

USED_FILE = "keys-used.json"
"""Apart from the keys' own file, which the commands write: neither writes over what the other wrote."""
_LONGEST_FILE = 64 * 1024
"""Bytes: several times what the days of the most keys take."""
_TRIED_AGAIN = 60.0
"""Seconds until a use is noted again that could not be: the disk may have room by then."""

logger = logging.getLogger("sidecar.keys")


class KeyRing:
    """The keys in a data folder. Nothing is read before a key is asked about. For one event loop.

    `clock` gives seconds since the epoch.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._keys: Mapping[bytes, ClientKey] = {}
        """By their digests."""
        self._stamp: Stamp | None = None
        """The file that `_keys` was read from, by what tells it from any that took its place."""
        self._warned: Stamp | None = None
        """The file that was last said to be unreadable: whoever sends wrong keys should not fill the log."""
        self._used: dict[str, str] | None = None
        self._saving = threading.Lock()
        self._unsaved_until: float | None = None
        """When to try again to write what could not be written."""

    def find(self, key: bytes) -> ClientKey | None:
        """The client's key that this is; `None` for one that does not exist, was revoked or has expired."""
        self._read_anew()
        wanted = digest_of(key).encode("ascii")
        # All are compared, whichever it is.
        found = [self._keys[digest] for digest in self._keys if hmac.compare_digest(digest, wanted)]
        return found[0] if found and not found[0].is_expired(self._clock()) else None

    def note_use(self, key: ClientKey) -> None:
        """Remember that a key was used today; the file is written on the first use of a day, beside the event loop."""
        now = self._clock()
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        if self._used is None:
            self._used = dict(last_used(self._folder))
        tried_again = self._unsaved_until is not None and now >= self._unsaved_until
        if self._used.get(key.sha256) != today or tried_again:
            self._used[key.sha256] = today
            self._unsaved_until = None
            asyncio.get_running_loop().run_in_executor(None, self._save_used)

    def _read_anew(self) -> None:
        """Read the file if it is another one than before; what cannot be read opens nothing."""
        stamp = stamp_of(self._folder / FILE)
        if stamp is None:
            self._keys, self._stamp = {}, None
            return
        if stamp == self._stamp:
            return
        self._keys, self._stamp = {}, stamp
        try:
            self._keys = {key.sha256.encode("ascii"): key for key in load(self._folder)}
        except ConfigError as error:
            if isinstance(error.__cause__, OSError):
                # With too many files open, say: the same file may be opened at the next request.
                self._stamp = None
            if stamp != self._warned:
                self._warned = stamp
                logger.warning("the file of the clients' keys cannot be read: %s", type(error.__cause__).__name__)

    def _save_used(self) -> None:
        # Within the lock, so that the latest state is the one that stays.
        with self._saving:
            known = {key.sha256 for key in self._keys.values()}
            used = {digest: day for digest, day in dict(self._used or {}).items() if digest in known}
            try:
                write_private(self._folder / USED_FILE, json.dumps(used, indent=1) + "\n")
            except ConfigError as error:
                self._unsaved_until = self._clock() + _TRIED_AGAIN
                logger.warning("when a key was last used cannot be noted: %s", type(error.__cause__).__name__)


def last_used(folder: Path) -> Mapping[str, str]:
    """The last day on which each key was used, in UTC as `2026-11-22`, by the key's digest."""
    try:
        found = json.loads(read_small(folder / USED_FILE, longest=_LONGEST_FILE))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {digest: day for digest, day in found.items() if isinstance(day, str)}
