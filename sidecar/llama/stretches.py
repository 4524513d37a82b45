"""Long stretches of one kind cut into parts that a tokenizer survives.

llama.cpp splits texts for most byte-pair vocabularies (Tekken, GPT-4o, DeepSeek, Bloom) with `std::regex`, which calls
itself once for each character of a match, be that a word, a row of blanks or a line: 40,000 equal letters end the
process, 20,000 do not (8 MB of stack, measured). Pictures written as base64 are longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

LONGEST_RUN = 2000
"""Characters without a blank, or of nothing but blanks; threads of other systems have a tenth of the stack."""
LONGEST_LINE = 8000
# Looking behind keeps it linear: each stretch is walked from its first character alone.
_RUNS = re.compile(rf"(?<!\S)\S{{{LONGEST_RUN + 1},}}|(?<!\s)\s{{{LONGEST_RUN + 1},}}")
_LINES = re.compile(rf"(?<!\n)[^\n]{{{LONGEST_LINE + 1},}}")


def bounded_stretches(text: str, marks: Callable[[], Sequence[str]]) -> list[str]:
    """Cut a text so that no word, row of blanks or line in a part is longer than above; together the parts are the
    text. None of `marks`, which is asked only when there is something to cut, is torn apart.
    """
    cuts = [
        (found.start() + step, longest)
        for pattern, longest in ((_RUNS, LONGEST_RUN), (_LINES, LONGEST_LINE))
        for found in pattern.finditer(text)
        for step in range(longest, found.end() - found.start(), longest)
    ]
    if not cuts:
        return [text]
    kept = [mark for mark in marks() if mark]
    places = sorted({0, len(text), *(_place(text, cut, kept, line=longest == LONGEST_LINE) for cut, longest in cuts)})
    return [text[first:last] for first, last in pairwise(places)]


def _place(text: str, cut: int, marks: Sequence[str], *, line: bool) -> int:
    """The place itself; in a line of words a blank a little before it; or the beginning of the mark that lies there."""
    blank = text.rfind(" ", cut - LONGEST_RUN, cut) if line else -1
    cut = blank if blank > 0 else cut
    across = (text.find(mark, max(0, cut - len(mark) + 1), cut + len(mark) - 1) for mark in marks)
    return min((at for at in across if at >= 0), default=cut)
