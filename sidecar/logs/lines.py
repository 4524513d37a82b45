"""Log lines: ours as they are written, those of libraries without their words.

Our own messages hold counts, ids and names of our files. What a library says may quote anything, as asyncio quotes the
arguments of a callback: of it only the place in its code is written, and the few sentences known to be fixed.
"""

from __future__ import annotations

import logging
import re

from sidecar.logs.describing import described
from sidecar.logs.stderr import UnreadStream

OURS = "sidecar"
MOST_CHARACTERS = 4_096
"""Of one line: a log that is bounded by size must not be emptied by a single line."""

# Control characters, half characters, line separators, and what turns the direction of writing.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_FIXED = frozenset(
    {
        "Task exception was never retrieved",
        "Future exception was never retrieved",
        "Task was destroyed but it is pending!",
        "Unhandled exception in event loop",
        "socket.send() raised exception.",
        "Exception in ASGI application",
        "Invalid HTTP request received.",
        "ASGI callable returned without starting response.",
        "ASGI callable returned without completing response.",
        "Cancel %s running task(s), timeout graceful shutdown exceeded",
    }
)


class LineFormatter(logging.Formatter):
    """One line a record, control characters escaped; under it, what `described` tells of its exception."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname} {one_line(record.name)}: {one_line(_said(record))}"
        error = record.exc_info[1] if record.exc_info else None
        return head if error is None else "\n".join([head, *map(one_line, described(error))])


def set_up(level: str) -> logging.Handler:
    """Log to standard error: ours from `level` on, libraries' from warnings on. Gives the handler that does so."""
    handler = UnreadStream()
    handler.setFormatter(LineFormatter())
    ours = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(ours, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(ours)
    # It warns of every malformed request, which costs whoever sends them nothing and would rotate all else away.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # What cannot be logged, as on a full disk, would be told on standard error with the record's own values.
    logging.raiseExceptions = False
    return handler


def one_line(text: str) -> str:
    """Text that can neither begin a line of its own nor steer a terminal, at most `MOST_CHARACTERS` long."""
    cut = text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), cut)


def _said(record: logging.LogRecord) -> str:
    if record.name == OURS or record.name.startswith(f"{OURS}."):
        return record.getMessage()
    place = f"{record.module}:{record.lineno} {record.funcName}"
    # What is known stands before the first line end; what was formatted into it stands behind.
    fixed = str(record.msg).partition("\n")[0].strip()
    return f"{fixed} ({place})" if fixed in _FIXED else f"({place})"
