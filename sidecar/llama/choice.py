"""One choice while it is generated: tokens come in, events for the client come out.

    bytes → whole characters → parts (`parts.py`) → content that no stop string cuts

Stop strings are looked for in content alone: one that stands in a thought or in a call's arguments says nothing about
where the answer ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from sidecar.llama.answer import AnswerText, StoppingText
from sidecar.llama.logprobs import ContentTokens, Entry
from sidecar.llama.parts import AnswerParts, Part

Event: TypeAlias = dict[str, Any]
"""`text`, `reasoning`, `calls` (`index` with `name` or with `arguments`) or `finish_reason`; `logprobs` beside text."""


class Choice:
    """Takes tokens of one answer. `hard_stops` are texts that end it wherever they stand: a template's own."""

    def __init__(self, parts: AnswerParts, *, stops: Sequence[str], hard_stops: Sequence[str]) -> None:
        self.parts = parts
        self._text = AnswerText(hard_stops)
        self._content = StoppingText(stops)
        self._tokens = ContentTokens()
        self._calls = 0

    @property
    def over(self) -> bool:
        """Whether the answer ends here, whatever the model would go on to say."""
        return self._text.stopped or self._content.stopped or self.parts.full

    def feed(self, piece: bytes, entry: Entry | None = None) -> Iterator[Event]:
        """Take one token's bytes, and its description when one is wanted; gives out what can be sent."""
        if entry is not None and piece:
            self._tokens.add(entry, start=self._text.decoded)
        yield from self._events(self.parts.feed(self._text.feed(piece)))

    def finish(self, reason: str) -> Iterator[Event]:
        """Give out what was held back, then the finish reason: `stop` becomes `tool_calls` after a call."""
        if not self._content.stopped:
            yield from self._events([*self.parts.feed(self._text.finish()), *self.parts.finish()])
            yield from self._said(self._content.finish())
        yield {"finish_reason": "tool_calls" if reason == "stop" and self.parts.called else reason}

    def _events(self, parts: Sequence[Part]) -> Iterator[Event]:
        for part in parts:
            if part.kind == "content":
                self._tokens.content(part.start, len(part.text))
                yield from self._said(self._content.feed(part.text))
            elif self._content.stopped:
                return
            else:
                yield from self._said(self._content.finish())
                yield self._beside(part)

    def _said(self, text: str) -> Iterator[Event]:
        if text:
            logprobs = self._tokens.shown(len(text))
            yield {"text": text, "logprobs": logprobs} if logprobs else {"text": text}

    def _beside(self, part: Part) -> Event:
        if part.kind == "reasoning":
            return {"reasoning": part.text}
        if part.kind == "call":
            self._calls += 1
            return {"calls": [{"index": self._calls - 1, "name": part.text}]}
        return {"calls": [{"index": self._calls - 1, "arguments": part.text}]}
