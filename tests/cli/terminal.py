"""The real program at a pseudo-terminal: what it shows is read, and lines are typed once it asks."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.serving import INTERRUPTIBLE

DEADLINE = 90.0
CTRL_C, CTRL_D = "\x03", "\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that was shown, and the exit code."""

    text: str
    """In one line: where a line is broken depends on the width, and on the length of folders' names."""
    code: int


def at_terminal(
    arguments: Sequence[str], typed: Sequence[tuple[str, str]], *, environ: Mapping[str, str], folder: Path
) -> Shown:
    """Run `sidecar` with the arguments. `typed` are pairs: what to wait for after the last one, and what to type then.

    Fails when something that is waited for does not come, or the program does not end.
    """
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, "-m", "sidecar", *arguments],
        env=environ,
        cwd=folder,
        pass_fds=[theirs],
        preexec_fn=partial(os.login_tty, theirs),  # so that Ctrl-C is a signal, as at a terminal
    )
    os.close(theirs)
    try:
        return _talk(process, ours, list(typed))
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _talk(process: subprocess.Popen[bytes], ours: int, typed: list[tuple[str, str]]) -> Shown:
    shown, begin, pressed = "", 0, False
    end = time.monotonic() + DEADLINE
    while (chunk := _read(ours, end, pressed=pressed)) is not None:
        shown += chunk
        if typed and typed[0][0] in shown[begin:]:
            begin = len(shown)
            pressed = typed[0][1] == CTRL_C
            os.write(ours, typed.pop(0)[1].encode("utf-8"))
    assert typed == [], f"{typed[0][0]!r} was not shown:\n{shown}"
    return Shown(text=" ".join(shown.split()), code=process.wait(timeout=DEADLINE))


def _read(ours: int, end: float, *, pressed: bool) -> str | None:
    """What came; `None` when nothing more comes. A key that was pressed in vain is pressed again, as people do: Python
    misses a Ctrl-C that comes just before it begins to wait for a line.
    """
    while not select.select([ours], [], [], 2.0 if pressed else DEADLINE)[0]:
        assert pressed, "the program waits for something that is not typed"
        assert time.monotonic() < end, "the program does not end"
        os.write(ours, CTRL_C.encode("utf-8"))
    try:
        # Linux says EIO when the last program at the terminal has ended.
        return os.read(ours, 1 << 16).decode("utf-8", "replace") or None
    except OSError:
        return None
