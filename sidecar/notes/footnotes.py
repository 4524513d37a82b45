"""Footnotes: `[^label]: text` with the lines indented below it, and `^[text]` in the middle of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.notes.inline import Prose
from sidecar.notes.margins import line_around
from sidecar.notes.note import Footnote
from sidecar.notes.spans import LineIndex

_LABEL = re.compile(r"\[\^([^\s\x00\[\]]{1,200}+)\]:")
_BEFORE = re.compile(r" {0,3}(?:>[ \t]*+)*+")
_INLINE = re.compile(r"\^\[((?:[^\[\]]++|\[(?:[^\[\]]++|\[[^\[\]]*+\])*+\])++)\]")
_INDENTED = re.compile(r"(?: {2}|\t)[ \t]*+(?=\S)")


def find_footnotes(text: str, prose: Prose, lines: LineIndex) -> tuple[Footnote, ...]:
    """What all footnotes say, in order of their place. `prose` is `text` with code and comments blanked out.

    Lines of a text are without their indentation.
    """
    if "[" not in prose.text or "^" not in prose.text:
        return ()
    found = [*_definitions(text, prose.text, lines), *_inline(text, prose, lines)]
    return tuple(sorted(found, key=lambda footnote: footnote.span.start))


def _definitions(text: str, prose: str, lines: LineIndex) -> Iterator[Footnote]:
    position = 0
    while label := _LABEL.search(prose, position):
        start, end = line_around(prose, label.start(), after=position)
        position = end
        if _BEFORE.fullmatch(prose, start, label.start()) is None:
            continue
        said = [text[label.end() : end].strip()]
        while (more := _continued(text, end)) is not None:
            said += more[0]
            end = more[1]
        position = max(position, end)
        words = "\n".join(said).strip()
        if words:
            yield Footnote(label=label[1], text=words, span=lines.span(label.start(), end))


def _continued(text: str, end: int) -> tuple[list[str], int] | None:
    """The next indented line, with the empty lines before it, and where it ends."""
    following = end
    while text.startswith("\n", following):
        start, following = following + 1, line_around(text, following + 1)[1]
        if indent := _INDENTED.match(text, start, following):
            gap = text.count("\n", end, start) - 1
            return [""] * gap + [text[indent.end() : following].rstrip()], following
        if text[start:following].strip():
            return None
    return None


def _inline(text: str, prose: Prose, lines: LineIndex) -> Iterator[Footnote]:
    position = 0
    while match := _INLINE.search(prose.text, position):
        if prose.joined(match.start(), match.end()) and (words := text[match.start(1) : match.end(1)].strip()):
            yield Footnote(label="", text=words, span=lines.span(match.start(), match.end()))
            position = match.end()
        else:
            position = match.start() + 2
