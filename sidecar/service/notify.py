"""What a running server tells the service manager: that it is ready, what it does, that its event loop still turns.

The protocol is systemd's: datagrams of lines to the socket that `NOTIFY_SOCKET` names, and, where `WATCHDOG_USEC` is
set, a word at least that often, or the program counts as hung and is started anew. The socket is made and connected
before the offline lock closes datagrams. Source: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType

_BUSY_SECONDS = 5.0
"""How often what it does is told anew while that changes."""
_IDLE_SECONDS = 60.0
_READY_SECONDS = 5.0
_MOST_SECONDS = 86_400.0
_MOST_TEXT = 200


class Supervisor:
    """The service manager's end of the line; without one, whatever is told goes nowhere."""

    def __init__(self, environ: Mapping[str, str], *, pid: int | None = None) -> None:
        self._socket = _connected(environ.get("NOTIFY_SOCKET", ""))
        self._patience = _patience(environ, os.getpid() if pid is None else pid)
        self._told = ""

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._socket.close()

    @property
    def listens(self) -> bool:
        """Whether somebody is told."""
        return self._socket is not None

    def ready(self) -> None:
        """Say that clients are served. Waits for room on the socket: a start that is not told of counts as failed."""
        self._send("READY=1", patience=_READY_SECONDS)

    def status(self, text: str) -> None:
        """Say what it does, in one line, when that has changed."""
        line = " ".join(text.split())[:_MOST_TEXT]
        if line != self._told and self._send(f"STATUS={line}"):
            self._told = line

    def stopping(self) -> None:
        """Say that it is about to end."""
        self._send("STOPPING=1\nSTATUS=Stopping")

    async def run(
        self,
        describe: Callable[[], tuple[str, bool]],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Tell, from the event loop and for as long as it turns, that it does, and what goes on: `describe` gives a
        line and whether it is about to change. Returns at once where nobody listens.
        """
        while self.listens:
            text, busy = describe()
            self.status(text)
            if self._patience is not None:
                self._send("WATCHDOG=1")
            usual = _BUSY_SECONDS if busy else _IDLE_SECONDS
            await sleep(usual if self._patience is None else min(usual, self._patience / 2))

    def _send(self, lines: str, *, patience: float = 0.0) -> bool:
        """Whether it was taken. A manager that is gone, or whose queue is full, holds up no answer."""
        if self._socket is None:
            return False
        self._socket.settimeout(patience)
        try:
            self._socket.send(lines.encode("utf-8", "replace"))
        except OSError:
            return False
        return True


def _connected(place: str) -> socket.socket | None:
    """A socket to a path, or to an abstract name, which is written with `@`; `None` where there is neither."""
    if place[:1] not in ("/", "@") or not hasattr(socket, "AF_UNIX"):
        return None
    address = "\0" + place[1:] if place.startswith("@") else place
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.connect(address)
    except (OSError, ValueError):
        # ValueError: a NUL in a path.
        sock.close()
        return None
    return sock


def _patience(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds of silence after which this process counts as hung; `None` when nobody counts."""
    wanted, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not (wanted.isascii() and wanted.isdigit()) or len(wanted) > 19 or int(wanted) == 0:
        return None
    # What a parent was told may have been inherited.
    return min(int(wanted) / 1e6, _MOST_SECONDS) if whose in ("", str(pid)) else None
