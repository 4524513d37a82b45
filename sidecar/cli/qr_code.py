"""QR codes in a terminal: two rows of squares to a line, by the half blocks of Unicode."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import zip_longest

from sidecar.errors import ConfigError

QUIET = 4
"""The empty squares that a code needs around it, says ISO/IEC 18004."""
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_ON_WHITE, _AS_BEFORE = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""Black on white, out of the 240 colours that no theme changes."""


def half_blocks(text: str, *, invert: bool = False, colours: bool | None = None) -> str:
    """Draw a text in ASCII as a QR code. With `colours`, it is black on white whatever the terminal's own are.

    Without, what is light is drawn: that is right for light letters on a dark ground, and `invert` is for the other
    way. `colours` `None` finds out what standard output is.
    """
    colours = _has_colours() if colours is None else colours
    drawn = colours or invert
    squares = [[dark is drawn for dark in row] for row in _squares(text)]
    # A row that is missing below is one more of the quiet zone.
    pairs = zip_longest(squares[::2], squares[1::2], fillvalue=[not drawn] * len(squares[0]))
    lines = ("".join(_BLOCKS[pair] for pair in zip(above, below, strict=True)) for above, below in pairs)
    return "\n".join(f"{_ON_WHITE}{line}{_AS_BEFORE}" if colours else line for line in lines)


def _squares(text: str) -> Sequence[Sequence[bool]]:
    """The squares of a code row by row, the quiet zone included; true is dark."""
    # Only here, for the start of every command that draws none.
    import segno

    code = segno.make(text, micro=False, error="m")
    return [[bool(square) for square in row] for row in code.matrix_iter(border=QUIET)]


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def check_terminal() -> None:
    """Raise ConfigError where standard output cannot show blocks."""
    try:
        "".join(_BLOCKS.values()).encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError) as error:
        raise ConfigError(
            "This terminal cannot show a QR code.", hint="Use one for UTF-8; on Windows, set PYTHONUTF8=1."
        ) from error
