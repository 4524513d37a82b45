"""The stretch of an answer that holds tool calls: where it ends, and what of it turns out to be no call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sidecar.llama.call_object import CallEvent, CallObject


class CallRegion:
    """The stretch behind a mark, or behind a first bracket: calls one after the other, or in a list."""

    def __init__(self, names: Collection[str], *, close: str, marked: bool, raw: str) -> None:
        self._names = names
        self._close = close
        self._marked = marked
        self._object: CallObject | None = None
        self._listed = False
        self._closing = ""
        self._held = [raw]
        self._between = False
        self.calls = 0
        """Calls that are complete."""
        self.events: list[CallEvent] = []
        self.unread = ""
        """Characters taken that turned out to come after the region."""
        self.untouched = marked

    @property
    def raw(self) -> str:
        """What is to be given back when it is no call."""
        return "".join(self._held)

    def feed(self, character: str) -> Literal["more", "left", "failed"]:
        """Take the next character; unless `more`, it was not taken."""
        self.untouched = self.untouched and character in " \n"
        if self._object is not None:
            return self._inside(self._object, character)
        if self._closing:
            return self._at_close(character)
        if character.isspace():
            self._hold(character)
            return "more"
        if character == "{":
            self._object = CallObject(self._names, marked=self._marked)
            return self._inside(self._object, character)
        if not self._between and character == "[" and not self._listed:
            self._listed = True
            self._hold(character)
            return "more"
        return self._after(character) if self._between else "failed"

    def _inside(self, call: CallObject, character: str) -> Literal["more", "left", "failed"]:
        status = call.feed(character)
        self.events += call.events
        call.events.clear()
        if status == "failed":
            return "failed"
        if call.opened:
            self._held.clear()
        if status == "more":
            self._hold(character)
            return "more"
        self.calls += 1
        self._object, self._between = None, True
        return "more" if status == "done" else self.feed(character)

    def _after(self, character: str) -> Literal["more", "left"]:
        if character in ",;" or (character == "]" and self._listed):
            self._listed = self._listed and character != "]"
            return "more"
        if self._close and character == self._close[0]:
            return self._at_close(character)
        return "left"

    def _at_close(self, character: str) -> Literal["more", "left"]:
        if self._closing == self._close:
            return "left"
        if character != self._close[len(self._closing)]:
            self.unread = self._closing
            return "left"
        self._closing += character
        return "more"

    def _hold(self, character: str) -> None:
        unopened = self._object is not None and not self._object.opened
        if unopened or (self._object is None and not self._between):
            self._held.append(character)
