"""The log of content: what models were given and what they answered, for support, when the user asks for it.

It is a file of its own, so that the usual log can be passed on without a thought. It ends by itself: an hour after the
start nothing is written any longer, a day later the file is deleted; the next start deletes it too, and begins another
one only when it is asked to again. A note that is deleted meanwhile stays in it until then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from sidecar.logs.file import FOLDER, open_private, private_folder

FILE = "content.log"
SECONDS = 3_600.0
KEPT_SECONDS = 86_400.0
MOST_BYTES = 64 * 2**20
_LOOK_SECONDS = 60.0

log = logging.getLogger(__name__)


class ContentLog:
    """The file, one JSON object a line. It is begun by the first thing that is written."""

    def __init__(
        self,
        data_dir: Path,
        *,
        seconds: float = SECONDS,
        kept_seconds: float = KEPT_SECONDS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Times are in seconds, from now on. `clock` never goes back; the usual one counts a machine's sleep too."""
        self.path = data_dir / FOLDER / FILE
        self._data_dir = data_dir
        self._room = most_bytes
        self._seconds, self._kept_seconds = seconds, kept_seconds
        self._clock, self._sleep = clock or _Elapsed(), sleep
        self._begun = self._clock()

    @property
    def active(self) -> bool:
        """Whether content is written now."""
        return self._room > 0 and self._clock() - self._begun < self._seconds

    @property
    def notice(self) -> str | None:
        """What the user has to know; `None` when there is nothing to know any longer."""
        if self.active:
            left = max(1, round((self._begun + self._seconds - self._clock()) / 60))
            minutes = "one more minute" if left == 1 else f"{left} more minutes"
            return (
                f"Prompts, passages of notes and answers are written to {self.path} for {minutes}: --log-content was"
                " given. Delete the file when it has served."
            )
        if not self.path.exists():
            return None
        return f"The log of content has ended. Prompts, passages and answers are still in {self.path}: delete it."

    def write(self, what: str, facts: Mapping[str, Any]) -> None:
        """Add a line, while there is time and room. What goes wrong is logged, and ends it."""
        if not self.active:
            return
        line = json.dumps({"time": round(time.time(), 3), "what": what, **facts}, default=str) + "\n"
        self._room -= len(line)
        if self._room <= 0:
            log.warning("the log of content is full and has ended")
            return
        try:
            private_folder(self._data_dir)
            with open_private(self.path, flags=os.O_APPEND) as file:
                file.write(line)
        except OSError as error:
            self._room = 0
            log.warning("the log of content has ended: it cannot be written (errno %s)", error.errno)

    async def run(self) -> None:
        """Say that it has begun, that it has ended, and delete it a day later."""
        log.warning(
            "--log-content: prompts, passages of notes and answers are written to %s for %d minutes",
            f"{FOLDER}/{FILE}",
            self._seconds / 60,
        )
        await self._until(self._seconds)
        log.warning("the log of content has ended; its text is in %s until it is deleted", f"{FOLDER}/{FILE}")
        await self._until(self._seconds + self._kept_seconds)
        remove_content(self._data_dir)

    async def _until(self, seconds: float) -> None:
        # In pieces: while the machine sleeps, no wait of this program goes on.
        while (left := self._begun + seconds - self._clock()) > 0:
            await self._sleep(min(left, _LOOK_SECONDS))


class _Elapsed:
    """Seconds since it was made: those of the steady clock, which stands still while the machine sleeps, or those of
    the day's, which may be set back. Whichever are more.
    """

    def __init__(self) -> None:
        self._steady, self._wall, self._most = time.monotonic(), time.time(), 0.0

    def __call__(self) -> float:
        self._most = max(self._most, time.monotonic() - self._steady, time.time() - self._wall)
        return self._most


def remove_content(data_dir: Path) -> bool:
    """Delete the log of content; whether there was one. What cannot be deleted is logged."""
    path = data_dir / FOLDER / FILE
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        log.warning("the log of content cannot be deleted (errno %s)", error.errno)
        return False
    log.info("the log of content was deleted")
    return True
