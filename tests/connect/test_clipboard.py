"""Text reaches the clipboard by the first way that there is."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import pytest

from sidecar.clients.clipboard import copy
from sidecar.errors import SidecarError

TEXT = "Schlüssel 鍵 'x'\n"
posix = pytest.mark.skipif(sys.platform == "win32", reason="the programs here are shell scripts")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def program(folder: Path, name: str, *, status: int = 0) -> Path:
    """A clipboard program that writes what it is given, and its arguments, beside itself."""
    path = folder / name
    path.write_text(
        f'#!/bin/sh\n/bin/cat > "{path}.text"\necho "$@" > "{path}.arguments"\nexit {status}\n', encoding="utf-8"
    )
    path.chmod(0o755)
    return path


@posix
@pytest.mark.parametrize(
    ("platform", "name", "environ", "arguments"),
    [
        ("linux", "wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}, ""),
        ("linux", "xclip", {"DISPLAY": ":0"}, "-selection clipboard"),
        ("linux", "xsel", {"DISPLAY": ":0"}, "--clipboard --input"),
        ("darwin", "pbcopy", {}, ""),
    ],
)
def test_the_systems_program_is_given_the_text(
    tmp_path: Path, platform: str, name: str, environ: dict[str, str], arguments: str
) -> None:
    path = program(tmp_path, name)
    terminal = Terminal()
    assert copy(TEXT, platform=platform, environ={"PATH": str(tmp_path), **environ}, terminal=terminal) == name
    assert Path(f"{path}.text").read_text(encoding="utf-8") == TEXT
    assert Path(f"{path}.arguments").read_text(encoding="utf-8").strip() == arguments
    assert terminal.getvalue() == ""


@posix
def test_a_program_that_fails_leaves_it_to_the_next(tmp_path: Path) -> None:
    program(tmp_path, "xclip", status=1)
    program(tmp_path, "xsel")
    environ = {"PATH": str(tmp_path), "DISPLAY": ":0"}
    assert copy(TEXT, platform="linux", environ=environ, terminal=Terminal()) == "xsel"


def test_without_a_program_the_terminal_is_asked() -> None:
    terminal = Terminal()
    copy(TEXT, platform="linux", environ={"PATH": ""}, terminal=terminal)
    written = terminal.getvalue()
    assert written.startswith("\x1b]52;c;")
    assert written.endswith("\x07")
    assert base64.b64decode(written[7:-1]).decode("utf-8") == TEXT


@pytest.mark.parametrize("terminal", [io.StringIO(), Terminal()], ids=["a pipe", "a terminal"])
def test_without_either_that_is_said(terminal: io.StringIO) -> None:
    text = "x" * 100_000 if terminal.isatty() else TEXT
    with pytest.raises(SidecarError, match="no clipboard"):
        copy(text, platform="linux", environ={"PATH": ""}, terminal=terminal)
    assert terminal.getvalue() == ""
