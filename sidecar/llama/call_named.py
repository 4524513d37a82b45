"""One tool call whose name stands before its arguments, read character by character: `name[ARGS]{…}` and its like."""

from __future__ import annotations

import re
from collections.abc import Collection

from sidecar.llama.call_object import CallEvent, Nesting, Status
from sidecar.llama.dialect import NameForm

_MAX_HEADER = 512
_DIVIDERS = re.compile(r"<[|｜][^<>]*[|｜]>|\[[A-Z_]+\]|```\w*|\s+|>|:\d+(?=<|$)")
"""What stands around a name: marks, the fence before arguments, the number of a call. Mistral and gpt-oss write more
between name and arguments than their templates show (`[CALL_ID]…`, `<|constrain|>json`)."""
_PREFIX = "functions."


class NamedCall:
    """Reads one call of the tools `names`."""

    def __init__(self, names: Collection[str], form: NameForm) -> None:
        self._names = names
        self._form = form
        self._header: list[str] = []
        self._nesting = Nesting()
        self.opened = False
        """Whether the name has been given out; from then on it is a call."""
        self.events: list[CallEvent] = []

    def feed(self, character: str) -> Status:
        """Take the next character."""
        if self.opened:
            return self._argument(character)
        if character != "{":
            self._header.append(character)
            return "more" if len(self._header) <= _MAX_HEADER else "failed"
        name = self._name("".join(self._header))
        if name is None:
            return "failed"
        self.opened = True
        self.events.append(("call", name))
        return self._argument(character)

    @property
    def unread(self) -> str:
        """What was taken without being part of the call, but for the last character: nothing."""
        return ""

    def _argument(self, character: str) -> Status:
        self.events.append(("arguments", character))
        return "done" if self._nesting.leaves(character) else "more"

    def _name(self, header: str) -> str | None:
        """The name in what stands before the arguments. The last that is a tool's: some write a type before it."""
        whole = header.strip().removeprefix(self._form.head).removesuffix(self._form.between.rstrip())
        parts = [whole, *(part.removeprefix(_PREFIX) for part in _DIVIDERS.split(header))]
        return next((part for part in reversed(parts) if part in self._names), None)
