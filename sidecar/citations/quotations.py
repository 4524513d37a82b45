"""Quotations in an answer, while it streams: kept when a passage has their words, mended when it nearly has, and shown
without quotation marks when it has not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sidecar.citations.wording import Wording, plain, same_wording, weight

MOST_QUOTATION = 600
_MOST_LINE = 2_000
_MOST_BEGINNING = 200
_LEAST_WORDS = 4
_CLOSING = {"“": "”“", "„": "“”", "”": "”", "«": "»", "»": "«»", "「": "」", "『": "』", '"': '"', "‘": "’", "'": "'"}
# A straight mark or an apostrophe closes where something stands before it, an apostrophe where no letter follows.
_ENDS = {
    opening: re.compile(
        "[\n`]|"
        + (
            rf"(?<=\S)[{closing}](?!\w)"
            if closing in "'’"
            else rf"(?<=\S){closing}"
            if closing == '"'
            else f"[{closing}]"
        )
    )
    for opening, closing in _CLOSING.items()
}
_OPENS = re.compile(f"[{''.join(_CLOSING)}`\n]")
_ALONE = frozenset("\"'”»‘")
_FENCE = re.compile(r"\s*(?:(?:[-*+]|\d{1,9}[.)]|>)\s+)*(`{3,}|~{3,})")
_BLOCK = re.compile(r" {0,3}>")
_MARKS = re.compile(r"(?: {0,3}>[ \t]?)+")
# A line of JSON, and what is given a value in code or in a tag: those marks are no quotation's.
_DATA = re.compile(r"\s*(?:\{|\[\s*(?:[\"{]|\Z)|\"[^\"\n]{1,80}\"\s*:)")
_CALLOUT = re.compile(r"\s*\[!")
_NO_WORDS = re.compile(r"!?\[\[[^\[\]\n]*\]\]|\[[^\[\]\n]*\]\([^()\n]*\)|https?://\S+|\([^()]{0,40}\)")
_SIGNS = re.compile(r"[\s.,;:!?…。，、；：！？]*\Z")
_BULLET = re.compile(r"\s*(?:[-*+•—–]|\d{1,3}[.)])?\s*")


class Quotations:
    """Checks the quotations of one answer: `feed` takes text as it comes, `show` is given what may be gone on with."""

    def __init__(
        self,
        texts: Sequence[str],
        *,
        known: Sequence[str],
        show: Callable[[str], None],
        when_found: Callable[[int, int, int], None],
        change: bool,
    ) -> None:
        """`texts` are those of the passages, `known` what the conversation itself says. `when_found` is told of each
        quotation, when all before it has been shown: the number of its text, its start and end in it. Without
        `change`, nothing is done but that.
        """
        self._texts = texts
        self._wording = Wording(texts)
        self._conversation = Wording(known)
        self._show = show
        self._when_found = when_found
        self._change = change
        self._pending = ""
        self._line = ""
        self._before = ""
        self._ticks = 0
        self._fence: str | None = None
        self._unmarked = ""
        self._callout = False
        self._quoted_before = False
        # A line whose block quote was too long to be checked goes on as text.
        self._let_go = False

    def feed(self, text: str) -> None:
        """Take more of the answer."""
        if not self._texts:
            self._show(text)
            return
        for start in range(0, len(text), _MOST_LINE):
            self._pending += text[start : start + _MOST_LINE]
            self._run(final=False)

    def finish(self) -> None:
        """Show the rest of the answer."""
        self._run(final=True)

    def _run(self, *, final: bool) -> None:
        pending, at = self._pending, 0
        while at < len(pending):
            end = self._block_quote(pending, at, final=final) if not self._line else at
            if end is None:
                break
            if end > at:
                at = end
                continue
            match = _OPENS.search(pending, at)
            stop = match.start() if match is not None else len(pending)
            if stop > at:
                self._go_on(pending[at:stop])
                at = stop
            if match is None:
                break
            end = self._sign(pending, at, final=final)
            if end is None:
                break
            at = end
        self._pending = pending[at:]

    def _go_on(self, text: str) -> None:
        """Show text as it is."""
        self._show(text)
        if "\n" not in text:
            self._ticks += text.count("`")
            self._add(text)
            return
        *ended, rest = text.split("\n")
        for line in ended:
            self._end_line((self._line + line)[:_MOST_BEGINNING])
            self._line, self._before, self._ticks = "", "", 0
        self._ticks = rest.count("`")
        self._add(rest)

    def _add(self, text: str) -> None:
        """Go on in the line, of which its beginning and its last character count."""
        if len(self._line) < _MOST_BEGINNING:
            self._line = (self._line + text)[:_MOST_BEGINNING]
        self._before = text[-1:] or self._before

    def _end_line(self, line: str) -> None:
        self._let_go = False
        if not line.strip():
            self._unmarked = ""
            self._quoted_before = self._callout = False
        match = _FENCE.match(line)
        if match is None:
            return
        if self._fence is None:
            self._fence = match[1]
        elif match[1].startswith(self._fence) and not line[match.end() :].strip():
            self._fence = None

    @property
    def _in_code(self) -> bool:
        if self._fence is not None or self._ticks % 2 == 1:
            return True
        return (self._ticks > 2 or "~~~" in self._line[:60]) and _FENCE.match(self._line) is not None

    def _sign(self, pending: str, at: int, *, final: bool) -> int | None:
        """Go on from a quotation mark, a backtick or a line's end; `None` when more must come first."""
        sign = pending[at]
        if sign in "`\n" or self._in_code or (sign == '"' and (self._before == "=" or _DATA.match(self._line))):
            self._go_on(sign)
            return at + 1
        if sign in self._unmarked:
            # The other end of a quotation that is shown as none.
            self._unmarked = self._unmarked.replace(sign, "", 1)
            self._before = " "
            return at + 1
        if at + 1 == len(pending) and not final:
            return None
        if not self._opens(sign, pending[at + 1 : at + 2]):
            self._go_on(sign)
            return at + 1
        return self._quotation(pending, at, final=final)

    def _opens(self, sign: str, following: str) -> bool:
        before = self._before
        if not following or following.isspace():
            return sign == "«" and following in ("\xa0", "\u202f", " ")
        return sign not in _ALONE or not (before != "" and (before.isalnum() or before in ".,;:!?)]”»'\""))

    def _quotation(self, pending: str, at: int, *, final: bool) -> int | None:
        end = _end_of(pending, at)
        if end is None:
            paragraph = pending.find("\n", at, at + MOST_QUOTATION)
            if paragraph < 0 and len(pending) - at < MOST_QUOTATION and not final:
                return None
            if paragraph >= 0 or len(pending) - at < MOST_QUOTATION or pending[at] in "'‘":
                self._go_on(pending[at])
                return at + 1
            return self._overlong(pending, at)
        if end + 1 == len(pending) and pending[end] in "'’" and not final:
            return None
        words = pending[at + 1 : end]
        changed = self._checked(words)
        if changed is None and pending[end] in "'’" and words[-1:] in "sxzSXZ":
            # As likely two apostrophes: 'twas the dogs' bowl.
            self._go_on(pending[at] + words + pending[end])
        elif changed is None:
            self._go_on(words)
        else:
            self._go_on(pending[at] + changed + pending[end])
        return end + 1

    def _overlong(self, pending: str, at: int) -> int:
        if self._change:
            self._unmarked += _CLOSING[pending[at]]
            self._before = " "
            return at + 1
        return at

    def _checked(self, words: str) -> str | None:
        """The words as they are to be quoted; `None` when they are no quotation."""
        said = _NO_WORDS.sub("", words)
        if weight(said) < _LEAST_WORDS:
            return words
        found = self._wording.find(said)
        if found is not None:
            self._when_found(found.index, found.start, found.end)
        if not self._change:
            return words
        if found is None:
            return words if self._in_conversation(said) else None
        exact = self._texts[found.index][found.start : found.end]
        if same_wording(said, exact) or (found.whole and ("…" in said or "..." in said)):
            return words
        if not found.whole and self._in_conversation(said):
            return words
        signs = _SIGNS.search(words)
        return plain(exact) + (signs[0] if signs is not None else "") + _links_of(words)

    def _in_conversation(self, words: str) -> bool:
        found = self._conversation.find(words)
        return found is not None and found.whole

    def _block_quote(self, pending: str, at: int, *, final: bool) -> int | None:
        """The end of a line of a block quote that begins here, `at` where none does; `None` when more must come."""
        if self._let_go or self._fence is not None:
            return at
        match = _BLOCK.match(pending, at)
        if match is None:
            return None if not final and not pending[at:].strip(" ") and len(pending) - at <= 3 else at
        stop = pending.find("\n", at, at + _MOST_LINE)
        if stop < 0 and len(pending) - at < _MOST_LINE and not final:
            return None
        if stop < 0 and len(pending) - at >= _MOST_LINE:
            self._let_go = True
            marks = re.compile(r"[ \t>]+").match(pending, at)
            return marks.end() if self._change and marks is not None else at
        stop = stop + 1 if stop >= 0 else len(pending)
        self._go_on(self._quoted_line(pending[at:stop]))
        return stop

    def _quoted_line(self, line: str) -> str:
        marks = _MARKS.match(line)
        assert marks is not None
        content = line[marks.end() :].rstrip("\n")
        ends = "\n" if line.endswith("\n") else ""
        self._callout |= _CALLOUT.match(content) is not None
        if self._callout or _FENCE.match(line):
            return line
        bullet = _BULLET.match(content)
        begin = bullet.end() if bullet is not None else 0
        changed = self._checked(content[begin:])
        if changed is None:
            before = "\n" if self._quoted_before else ""
            self._quoted_before = False
            return before + content + ends
        self._quoted_before = True
        return marks[0] + content[:begin] + changed + ends


def _end_of(text: str, at: int) -> int | None:
    """Where the quotation that opens here is closed, on the same line."""
    found = _ENDS[text[at]].search(text, at + 1, at + MOST_QUOTATION)
    return None if found is None or found[0] in "\n`" else found.start()


def _links_of(words: str) -> str:
    links = [match[0] for match in _NO_WORDS.finditer(words)]
    return " " + " ".join(links) if links else ""
