"""The lines of a code fence: shown as they are, but for the few kinds of code that a reader's program runs by itself.

Obsidian's plugins run some fences as soon as a note shows them, and diagrams may load images.
"""

from __future__ import annotations

import re

from sidecar.citations.blocks import Fence

_MOST_START = 400
_MOST_LINE = 2_000
_RUN = re.compile(r"(?:dataview|datacore|js-engine|meta-bind|button|templater|custom-?js|run-)", re.IGNORECASE)
_INFO = re.compile(r"([ \t]*)([^\s`]*)(.*)", re.DOTALL)
_UNDECIDED = re.compile(r"[ \t>]*[`~]*[ \t]*\Z")
_OVERLONG = re.compile(rf"[ \t>]*(`+|~+)[ \t]{{{_MOST_START // 2},}}\Z")
# What a diagram may load or say in a way that hides it: addresses, escapes, images as nodes, styles, HTML.
_LOADS = re.compile(
    r"//|\\|@\{|%%\{|themecss|url\s*\(|&|#\w+;|\b(?:data|javascript|img|image|icon)\s*:|<(?!br\s*/?>)", re.IGNORECASE
)
_LEFT_OUT = "%% left out: it could load something"


def harmless_info(info: str) -> tuple[str, bool]:
    """The rest of a fence's first line, as plain text where it names code that would be run; and whether it is a
    diagram.
    """
    match = _INFO.match(info)
    assert match is not None
    word = match[2].lstrip("{.").lower()
    if _RUN.match(word):
        return f"{match[1]}text", False
    return info, word.startswith("mermaid")


class FencedLines:
    """The lines within one fence, which is open until `take` says that it is not."""

    def __init__(self, fence: Fence, *, diagram: bool) -> None:
        self._fence = fence
        self._diagram = diagram
        self._decided = False

    @property
    def closing(self) -> str:
        """What ends the fence, wherever in its lines it is."""
        return "\n" if self._fence.quotes else f"\n{' ' * self._fence.offset}{self._fence.mark}\n"

    def take(self, text: str, *, final: bool) -> tuple[int, str, bool] | None:
        """Take what can be taken from the beginning of a text: how much, what is shown of it, whether the fence goes
        on. `None`: more must come first.
        """
        if self._decided:
            end = text.find("\n") + 1 or len(text)
            self._decided = not text[:end].endswith("\n")
            return end, text[:end], True
        line, ends, _ = text.partition("\n")
        if not ends and not final:
            if len(line) < (_MOST_LINE if self._diagram else _MOST_START) and (
                self._diagram or _UNDECIDED.match(line) or len(line) < self._fence.offset
            ):
                return None
            if _OVERLONG.match(line) and self._fence.closed_by(line) and not self._fence.ended_by(line):
                return len(line), line.rstrip() + "\n", False
        return self._line(line, ends)

    def _line(self, line: str, ends: str) -> tuple[int, str, bool]:
        if self._fence.ended_by(line):
            return 0, "", False
        whole = line + ends
        if self._fence.closed_by(line):
            return len(whole), whole, False
        if self._nearly_closes(line):
            # Other readers than CommonMark's take it for the end.
            mark = self._fence.mark
            return len(whole), whole.replace(mark, f"{mark} ", 1), True
        self._decided = not ends
        shown = _LEFT_OUT + ends if self._diagram and _LOADS.search(line) else whole
        return len(whole), shown, True

    def _nearly_closes(self, line: str) -> bool:
        rest = line[:_MOST_START].strip()
        return rest.startswith(self._fence.mark) and not rest.strip("`~ \t")
