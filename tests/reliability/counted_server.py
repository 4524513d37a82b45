"""A program: the `sidecar` command named behind it, with every request counted that passes the guard.

`counted_server.py FILE PYTHON -m sidecar …`: for each such request a byte is added to FILE, before anything else sees
it. SIGUSR1 adds to FILE.tasks how many asyncio tasks there are, as a line.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from types import FrameType

from starlette.types import ASGIApp, Receive, Scope, Send

from sidecar.api import app
from sidecar.api.guard import Guard
from sidecar.cli import run


def main(file: str, command: list[str]) -> int:
    """Run the command in this process and return its exit code."""
    passed = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    tasks = os.open(f"{file}.tasks", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    class CountingGuard(Guard):
        """The guard, with the counter where the next layer would be."""

        def __init__(self, behind: ASGIApp, **settings: object) -> None:
            async def counted(scope: Scope, receive: Receive, send: Send) -> None:
                os.write(passed, b".")
                await behind(scope, receive, send)

            super().__init__(counted, **settings)  # type: ignore[arg-type]  # passed on as they came

    def tell_tasks(_number: int, _frame: FrameType | None) -> None:
        os.write(tasks, f"{len(asyncio.all_tasks())}\n".encode("ascii"))

    app.Guard = CountingGuard  # type: ignore[attr-defined,assignment]  # the one place to count at from outside
    signal.signal(signal.SIGUSR1, tell_tasks)
    sys.argv = command
    return run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[sys.argv.index("sidecar") :]))
