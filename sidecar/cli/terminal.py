"""The terminal as rich writes to it, for what is more than lines of text: plain text where the stream is none."""

from __future__ import annotations

import os
import sys

from rich.console import Console


def stdout() -> Console:
    """The console for facts. Plain text where standard output is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def stderr() -> Console:
    """The console for progress and notices."""
    return _Notices(stderr=True, highlight=False, soft_wrap=True)


class _Notices(Console):
    """Falls silent where nobody reads any longer: rich would end the program, and with it a server."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # What could not be written would be tried again at the end, and make that a failure.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)
