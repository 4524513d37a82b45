"""The text of an answer taken apart while it comes: what is said, what was thought, and the tools called.

Pure and incremental: however a text is cut into pieces, the parts are the same. Text that may yet become a mark or a
call is held back, and given out as content when it turns out to be neither.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sidecar.llama.call_region import CallRegion
from sidecar.llama.dialect import CallMarks, ThinkMarks
from sidecar.llama.mark_search import HELD_SPACE, first_mark, held_back, without_space

PartKind: TypeAlias = Literal["content", "reasoning", "call", "arguments"]

_FENCES = ("```json", "```tool_call", "```\n")
"""How models without marks set a call apart. Only an object that names an offered tool and arguments is one."""
_QUOTES = frozenset("`'\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of one kind. `call` opens a call with its tool's name as text; `arguments` goes on with the last one."""

    kind: PartKind
    text: str
    start: int
    """Where the text of a content part stands in the whole answer, in characters."""


class AnswerParts:
    """Takes text in pieces and gives out parts. `calls` is `None` where no tools are offered; `names` are the tools',
    best with the schemas of their arguments; `thinking` says that the prompt has opened a thought already; when
    `strict`, calls begin as the family begins them, and before any text.
    """

    def __init__(
        self,
        *,
        think: ThinkMarks | None,
        thinking: bool = False,
        calls: CallMarks | None = None,
        names: Collection[str] = (),
        parallel: bool = True,
        strict: bool = False,
    ) -> None:
        self._think = think
        self._calls = calls
        self._tools = names if isinstance(names, Mapping) else {name: {} for name in names}
        self._parallel = parallel
        self._strict = strict
        self._openings = _openings(calls, strict=strict)
        self._aside = (*think.unsaid, think.open) if think is not None and think.anywhere else ()
        self._pending = ""
        self._at = 0
        self._before = ""
        self._region: CallRegion | None = None
        self._quoted = False
        self._parts: list[Part] = []
        self._silent = True
        self._first = True
        self._ending = False
        self.thinking = thinking and think is not None
        """Whether a thought is under way."""
        self._trim = self.thinking
        self.called = False
        """Whether a tool has been called."""
        self.full = False
        """Whether the one call that is allowed is complete; nothing comes after it."""

    @property
    def at_call(self) -> bool:
        """Whether the text ends right behind the family's mark, none in quotes: from here on it must be a call."""
        return self._region is not None and self._region.untouched and not self._quoted

    def feed(self, text: str) -> list[Part]:
        """Take the next piece; gives back the parts that can no longer change."""
        self._pending += text
        while self._pending and not self.full and self._advance():
            pass
        return self._given()

    def finish(self) -> list[Part]:
        """Give back what was held for marks that did not come."""
        self._ending = True
        while self._aside and self._pending and not self.full and self._advance():
            pass
        if self._region is not None and not self.full:
            self._release(self._region)
        if self._pending and not self.full and not (self._trim and not self._pending.strip()):
            self._say("reasoning" if self.thinking else "content", len(self._pending))
        return self._given()

    # ── the three states ──

    def _advance(self) -> bool:
        """Consume what is certain; false when more text is needed."""
        if self._region is not None:
            return self._in_call(self._region)
        return self._in_thought() if self.thinking else self._in_text()

    def _in_thought(self) -> bool:
        assert self._think is not None
        if not self._leave_out_space():
            return False
        found = self._pending.find(self._think.close)
        if found < 0:
            self._say("reasoning", len(self._pending) - held_back(self._pending, (self._think.close,)))
            return False
        self._say("reasoning", without_space(self._pending, found))
        self._skip(self._pending.index(self._think.close) + len(self._think.close))
        self.thinking, self._trim = False, True
        return True

    def _in_text(self) -> bool:
        if not self._leave_out_space():
            return False
        if self._silent:
            decided = self._opening()
            if decided is not None:
                return decided
        marks = (*self._openings, *self._aside)
        found = first_mark(self._pending, marks, allowed=self._may_begin)
        if found is None:
            self._say("content", len(self._pending) - held_back(self._pending, marks))
            return False
        at, mark = found
        if not self._ending and any(m != mark and m.startswith(self._pending[at:]) for m in marks):
            # The mark of a channel is how a call begins, too.
            self._say("content", without_space(self._pending, at))
            return False
        self._say("content", without_space(self._pending, at))
        if mark in self._aside:
            self._skip(self._pending.index(mark) + len(mark))
            self.thinking = self._trim = self._think is not None and mark == self._think.open
        else:
            self._enter(mark)
        return True

    def _in_call(self, region: CallRegion) -> bool:
        for position, character in enumerate(self._pending):
            outcome = region.feed(character)
            self._take_events(region)
            if region.calls and not self._parallel:
                self.full = True
                return False
            if outcome == "more":
                continue
            self._skip(position)
            self._pending = region.unread + self._pending
            self._at -= len(region.unread)
            if outcome == "failed":
                self._release(region)
            self._region = None
            if outcome == "left":
                self._silent = self._trim = True
            return True
        self._skip(len(self._pending))
        return False

    def _opening(self) -> bool | None:
        """Look at the first characters; `None` when they open nothing, and when they are said by themselves."""
        body = self._pending.lstrip()
        blank = len(self._pending) - len(body)
        if blank > HELD_SPACE:
            self._say("content", blank)
            return None
        think = self._think.open if self._think is not None and self._first else ""
        marks = (*self._openings, *self._aside, *((think,) if think else ()))
        if not self._ending and any(mark.startswith(body) and mark != body for mark in marks):
            return False
        if think and body.startswith(think):
            self._skip(blank + len(think))
            self.thinking = self._trim = True
            return True
        bare = self._calls is not None and not (self._strict and self._calls.written)
        if bare and body[0] in "{[" and not body.startswith(self._openings):
            self._enter("")
            return True
        return None

    # ── inside ──

    def _may_begin(self, mark: str, at: int) -> bool:
        return mark in self._aside or not self._strict or (self._silent and not self._pending[:at].strip())

    def _leave_out_space(self) -> bool:
        """Drop blank characters after a mark; false when nothing is left."""
        if self._trim:
            self._skip(len(self._pending) - len(self._pending.lstrip()))
            self._trim = not self._pending
        return bool(self._pending)

    def _enter(self, mark: str) -> None:
        assert self._calls is not None
        held = self._pending.index(mark) + len(mark) if mark else len(self._pending) - len(self._pending.lstrip())
        marks = self._calls if mark in self._calls.openings else None
        close = marks.close if marks else "```" if mark else ""
        self._quoted = self._before in _QUOTES and self._pending.startswith(mark)
        self._region = CallRegion(self._tools, marks, close=close, raw=self._pending[:held])
        self._skip(held)

    def _release(self, region: CallRegion) -> None:
        if region.raw:
            self._add("content", region.raw, start=self._at - len(region.raw))
        self._region = None

    def _take_events(self, region: CallRegion) -> None:
        for kind, text in region.events:
            self._add(kind, text, start=self._at)
            self.called = True
        region.events.clear()

    def _say(self, kind: PartKind, length: int) -> None:
        if length:
            self._add(kind, self._pending[:length], start=self._at)
            self._skip(length)

    def _add(self, kind: PartKind, text: str, *, start: int) -> None:
        self._first = False
        self._silent = self._silent and kind != "content"
        last = self._parts[-1] if self._parts else None
        joins = last is not None and last.kind == kind != "call"
        if last is not None and joins and (kind != "content" or last.start + len(last.text) == start):
            self._parts[-1] = replace(last, text=last.text + text)
        else:
            self._parts.append(Part(kind=kind, text=text, start=start))

    def _skip(self, length: int) -> None:
        self._before = self._pending[:length][-1:] or self._before
        self._pending = self._pending[length:]
        self._at += length

    def _given(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts


def _openings(calls: CallMarks | None, *, strict: bool) -> tuple[str, ...]:
    if calls is None:
        return ()
    return calls.openings if strict else (*calls.openings, *_FENCES)
