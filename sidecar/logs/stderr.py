"""Standard error as a place for log lines that nobody may be reading.

A pipe that is not emptied, or a terminal that is paused, makes whoever writes to it wait. Here that is a thread of its
own: lines wait for it in a queue and, when that is full, are left out, which is said once it moves again. The log file
has them all.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
from typing import TextIO

_WAITING = 1_000
"""Lines that wait at most."""
_END_SECONDS = 1.0


class UnreadStream(logging.Handler):
    """Writes lines to a stream from a thread of its own, and never waits for it; `close` does, for a second at most."""

    def __init__(self, stream: TextIO | None = None, *, waiting: int = _WAITING) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(waiting)
        self._left_out = 0
        self._thread = threading.Thread(target=self._write_all, name="log lines", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._left_out += 1
        except Exception:  # as the handlers of the standard library do: a line that cannot be made ends nothing
            self.handleError(record)

    def close(self) -> None:
        """Write what waits, as far as it can be written. Idempotent."""
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._lines.put(None, timeout=_END_SECONDS)
            self._thread.join(_END_SECONDS)
        super().close()

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            self._write(line)
            left_out, self._left_out = self._left_out, 0
            if left_out:
                self._write(f"{left_out} log lines were left out: nobody read standard error")

    def _write(self, line: str) -> None:
        # Looked up each time: what stands in its place, as in tests, may have changed.
        stream = self._stream or sys.stderr
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.write(f"{line}\n")
            stream.flush()
