"""The server's own key as a running server knows it: the one in the token file, from the request that finds it there.

A key is only ever exchanged for another one: while the file is missing, cannot be read or holds no key, the one that
was last read stays in force.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sidecar.runtime.datafolder import is_token
from sidecar.runtime.small_file import Stamp, read_small, stamp_of

_LONGEST_FILE = 1024
logger = logging.getLogger("sidecar.keys")


class OwnKey:
    """The key in a file. `key` is what was read from it when the server started. For one event loop."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._stamp: Stamp | None = None
        """The file that was looked into last; none at first, as it may be another one by now."""
        self._warned: Stamp | None = None

    @property
    def value(self) -> str:
        """The key in force. Looks at the file's stamp, and reads the file where that is another one."""
        stamp = stamp_of(self._path)
        if stamp is not None and stamp != self._stamp:
            self._read(stamp)
        return self._key

    def _read(self, stamp: Stamp) -> None:
        try:
            found = read_small(self._path, longest=_LONGEST_FILE).strip()
        except OSError as error:
            # With too many files open, say: it is tried again at the next request, but told once.
            if stamp != self._warned:
                self._warned = stamp
                logger.warning("the token file cannot be read, the key stays as it was: %s", type(error).__name__)
            return
        except ValueError:
            found = ""
        self._stamp = stamp
        if not is_token(found):
            logger.warning("the token file holds no key: the one that was there before stays in force")
        elif found != self._key:
            self._key = found
            logger.info("the server's own key is another one now: the old one and all sessions of the console ended")
