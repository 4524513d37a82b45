"""Text into the clipboard: by the system's own program, else by asking the terminal (OSC 52), as over ssh."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from sidecar.errors import SidecarError

_SECONDS = 5
# What terminals take of such a sequence at most.
_MOST_BYTES = 74_994


def copy(text: str, *, platform: str, environ: Mapping[str, str], terminal: TextIO) -> str:
    """Put text into the clipboard and name what did it. `platform` is `sys.platform`'s value.

    Raises SidecarError when there is neither a program for it nor a terminal.
    """
    for command in _programs(platform, environ):
        found = shutil.which(command[0], path=environ.get("PATH"))
        if found is not None and _ran([found, *command[1:]], text.encode("utf-16" if platform == "win32" else "utf-8")):
            return command[0]
    content = text.encode("utf-8")
    if not terminal.isatty() or len(content) > _MOST_BYTES:
        raise SidecarError(
            "There is no clipboard here.",
            hint="Install wl-clipboard or xclip, or take the text from `sidecar connect CLIENT --show-key`.",
        )
    terminal.write(f"\x1b]52;c;{base64.b64encode(content).decode('ascii')}\x07")
    terminal.flush()
    return "the terminal"


def _programs(platform: str, environ: Mapping[str, str]) -> Iterator[Sequence[str]]:
    if platform == "darwin":
        yield ("pbcopy",)
    elif platform == "win32":
        yield ("clip",)
    else:
        if environ.get("WAYLAND_DISPLAY"):
            yield ("wl-copy",)
        if environ.get("DISPLAY"):
            yield ("xclip", "-selection", "clipboard")
            yield ("xsel", "--clipboard", "--input")


def _ran(command: Sequence[str], content: bytes) -> bool:
    """Whether the program took the text. What stays behind to hold it must not hold our output open."""
    try:
        done = subprocess.run(
            command, input=content, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
