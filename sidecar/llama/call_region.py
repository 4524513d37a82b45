"""The stretch of an answer that holds tool calls: where it ends, and what of it turns out to be no call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from sidecar.llama.call_named import NamedCall
from sidecar.llama.call_object import CallEvent, CallObject
from sidecar.llama.call_tags import TagCall
from sidecar.llama.dialect import CallMarks, NameForm, TagForm

_Outcome: TypeAlias = Literal["more", "left", "failed"]
_Call: TypeAlias = CallObject | NamedCall | TagCall


class CallRegion:
    """The stretch behind a mark, or behind a first bracket: calls one after the other, or in a list.

    `tools` are the schemas of the arguments by the name of the tool. `marks` says how a call goes on behind its own
    mark; where it is `None`, the calls are JSON objects, up to `close`.
    """

    def __init__(
        self, tools: Mapping[str, Mapping[str, Any]], marks: CallMarks | None, *, close: str, raw: str
    ) -> None:
        self._tools = tools
        self._marked = marks is not None
        self._form = marks.form if marks else None
        self._further = marks.again if marks else ""
        self._ends = tuple(mark for mark in (close, self._further, marks.end if marks else "") if mark)
        self._call: _Call | None = None
        self._listed = False
        self._matching = ""
        self._held = [raw]
        self._between = False
        self.calls = 0
        """Calls that are complete."""
        self.events: list[CallEvent] = []
        self.unread = ""
        """Characters taken that turned out to come after the region."""
        self.untouched = self._marked

    @property
    def raw(self) -> str:
        """What is to be given back when it is no call."""
        return "".join(self._held)

    def feed(self, character: str) -> _Outcome:
        """Take the next character; unless `more`, it was not taken."""
        self.untouched = self.untouched and character in " \n"
        if self._call is not None:
            return self._inside(self._call, character)
        if self._matching:
            return self._at_mark(character)
        if character.isspace():
            self._hold(character)
            return "more"
        if character in "{[" and not self._between:
            # Models that were trained on several families mix their forms.
            self._form = None
        if character == "{" if self._form is None else not self._between:
            self._call = self._begun(self._form)
            return self._inside(self._call, character)
        if self._form is None and not self._between and character == "[" and not self._listed:
            self._listed = True
            self._hold(character)
            return "more"
        return self._after(character) if self._between else "failed"

    def _begun(self, form: NameForm | TagForm | None) -> _Call:
        if isinstance(form, NameForm):
            return NamedCall(self._tools, form)
        return TagCall(self._tools, form) if form else CallObject(self._tools, marked=self._marked)

    def _inside(self, call: _Call, character: str) -> _Outcome:
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
        self._call, self._between = None, True
        return "more" if status == "done" else self._again(call.unread, character)

    def _again(self, before: str, character: str) -> _Outcome:
        """Take what a call gave back, then the character that ended it."""
        for at, earlier in enumerate(before):
            if self.feed(earlier) != "more":
                self.unread += before[at:]
                return "left"
        return self.feed(character)

    def _after(self, character: str) -> _Outcome:
        if self._form is None and (character in ",;" or (character == "]" and self._listed)):
            self._listed = self._listed and character != "]"
            return "more"
        return self._at_mark(character)

    def _at_mark(self, character: str) -> _Outcome:
        """Take a mark that stands after a call, up to the one that ends the stretch or begins a further call."""
        if self._matching in self._ends and not self._further:
            return "left"
        so_far = self._matching + character
        if not any(mark.startswith(so_far) for mark in self._ends):
            self.unread = self._matching
            return "left"
        self._matching = so_far
        if self._further and so_far in self._ends:
            self._matching = ""
            if so_far == self._further:
                self._held, self._between = [so_far], False
        return "more"

    def _hold(self, character: str) -> None:
        unopened = self._call is not None and not self._call.opened
        if unopened or (self._call is None and not self._between):
            self._held.append(character)
