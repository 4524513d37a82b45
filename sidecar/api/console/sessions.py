"""Who is signed in to the console: codes that work once, and the session keys that they are exchanged for.

Both live in memory alone: a new start of the server signs everyone out. What is kept of each is its hash, so that a
dump of the process's memory opens nothing. Codes and keys have 256 random bits; guessing needs no other bound.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
CODE_SECONDS = 15 * 60.0
"""How long a sign-in link works."""
IDLE_SECONDS = 12 * 60 * 60.0
"""How long a session lives on that nobody uses."""
LONGEST_SECONDS = 7 * 24 * 60 * 60.0
"""How long one lives at most: a page that is left open asks again and again, which is use."""
MAX_CODES = 4
MAX_SESSIONS = 8
_BYTES = 32
_PREFIX = "console-"
"""Tells a session's key from the server's own, which begins otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    made: float
    used: float


def seconds_awake_and_asleep() -> float:
    """Seconds since some moment, the machine's sleep included, which `time.monotonic` leaves out on Linux and macOS."""
    # CLOCK_MONOTONIC goes on in sleep on macOS, and stands still on Linux.
    number = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if number is None else time.clock_gettime(number)


class Sessions:
    """The codes that are out and the sessions that are open. Over the limits, the oldest goes."""

    def __init__(self, *, clock: Callable[[], float] = seconds_awake_and_asleep) -> None:
        self._clock = clock
        self._codes: dict[bytes, float] = {}
        """When each was made, by its hash, the oldest first."""
        self._keys: dict[bytes, _Session] = {}
        """Likewise, the one that was used least lately first."""

    def new_code(self) -> str:
        """Make a code for one sign-in within `CODE_SECONDS`."""
        self._forget_old()
        code = secrets.token_urlsafe(_BYTES)
        self._codes[_hash(code.encode("ascii"))] = self._clock()
        _keep_newest(self._codes, MAX_CODES)
        return code

    def sign_in(self, code: str) -> str | None:
        """Exchange a code for a session's key; `None` for one that does not exist, was used or is too old."""
        self._forget_old()
        found = _find(code.encode("utf-8", "replace"), self._codes)
        if found is None:
            return None
        del self._codes[found]
        key = _PREFIX + secrets.token_urlsafe(_BYTES)
        now = self._clock()
        self._keys[_hash(key.encode("ascii"))] = _Session(made=now, used=now)
        _keep_newest(self._keys, MAX_SESSIONS)
        return key

    def holds(self, key: bytes) -> bool:
        """Whether a session has this key. Being asked with it keeps the session alive."""
        self._forget_old()
        found = _find(key, self._keys)
        if found is None:
            return False
        session = self._keys.pop(found)
        self._keys[found] = _Session(made=session.made, used=self._clock())
        return True

    def sign_out(self, key: bytes) -> bool:
        """End a session; whether there was one."""
        found = _find(key, self._keys)
        return found is not None and self._keys.pop(found, None) is not None

    def clear(self) -> int:
        """End every session, and let no link that is out sign anybody in. Gives how many sessions there were."""
        ended = self.live
        self._codes, self._keys = {}, {}
        return ended

    @property
    def live(self) -> int:
        """How many sessions are open."""
        self._forget_old()
        return len(self._keys)

    def _forget_old(self) -> None:
        now = self._clock()
        self._codes = {code: made for code, made in self._codes.items() if now - made < CODE_SECONDS}
        self._keys = {
            key: session
            for key, session in self._keys.items()
            if now - session.used < IDLE_SECONDS and now - session.made < LONGEST_SECONDS
        }


def _hash(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _find(value: bytes, among: Iterable[bytes]) -> bytes | None:
    """The one that is the hash of the value; all are compared, whichever it is."""
    wanted = _hash(value)
    found = [each for each in among if hmac.compare_digest(each, wanted)]
    return found[0] if found else None


def _keep_newest(stamped: MutableMapping[bytes, T], most: int) -> None:
    while len(stamped) > most:
        del stamped[next(iter(stamped))]
