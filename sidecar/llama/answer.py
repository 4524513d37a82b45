"""Tokens become the text of an answer: whole characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class StoppingText:
    """Takes text in pieces and gives out what can no longer change: text that may be the beginning of a stop string
    waits until it is known not to be one.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False
        """Whether a stop string has been met; nothing comes after it."""

    def feed(self, piece: str) -> str:
        """Take the next piece; gives back the text to send now, often none."""
        if self.stopped:
            return ""
        text = self._held + piece
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = self._beginning_of_stop(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """Give back what was held for a stop string that did not come."""
        held, self._held = self._held, ""
        return held

    def _beginning_of_stop(self, text: str) -> int:
        """Length of the longest end of `text` that begins a stop string."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:length]):
                    longest = length
                    break
        return longest


class AnswerText:
    """Takes bytes token by token and gives out text that can no longer change, as `StoppingText` does.

    A character split over tokens waits for its end. What can never become a character is replaced by U+FFFD.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = StoppingText(stops)
        self.decoded = 0
        """Characters that have come in whole."""

    @property
    def stopped(self) -> bool:
        """Whether a stop string has been met; nothing comes after it."""
        return self._text.stopped

    def feed(self, piece: bytes) -> str:
        """Take the bytes of one token; gives back the text to send now, often none."""
        text = self._decoder.decode(piece)
        self.decoded += len(text)
        return self._text.feed(text)

    def finish(self) -> str:
        """Give back what was held for a stop string that did not come. Half a character is dropped."""
        return self._text.finish()
