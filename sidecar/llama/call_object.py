"""One tool call as models write it, a JSON object with a name and arguments, read character by character.

The arguments are given out as they come, as soon as the name is known; what is no call is known at the first character
that cannot belong to one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["more", "done", "ended", "failed"]
"""`ended`: the call is over and the character is not part of it. `failed`: this is no call, nor is the character."""
CallEvent: TypeAlias = tuple[Literal["call", "arguments"], str]

_SPACE = " \t\r\n"
_ARGUMENTS = frozenset({"arguments", "parameters"})
_NAMES = frozenset({"name", "function", "tool_name"})
_KEYS = _ARGUMENTS | _NAMES | {"type", "id"}


class Nesting:
    """Follows a JSON value through its brackets and strings."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._escaped = False

    @property
    def outside(self) -> bool:
        """Whether the next character is in no bracket and no string of the value."""
        return self._depth == 0 and not self._quoted

    def leaves(self, character: str) -> bool:
        """Take the next character; true for the bracket that closes the value."""
        if self._quoted:
            self._quoted = self._escaped or character != '"'
            self._escaped = character == "\\" and not self._escaped
        elif character == '"':
            self._quoted = True
        elif character in "{[":
            self._depth += 1
        elif character in "}]":
            self._depth -= 1
            return self._depth == 0
        return False


class CallObject:
    """Reads one call of the tools `names`. A `marked` one stands behind a mark that says that it is a call: it may hold
    other keys, and may lack arguments.
    """

    def __init__(self, names: Collection[str], *, marked: bool) -> None:
        self._names = names
        self._marked = marked
        self._state: Callable[[str], Status] = self._beginning
        self._key = ""
        self._name: str | None = None
        self._early: str | None = None
        self._wrapped = 0
        self._string: list[str] = []
        self._escaped = False
        self._nesting = Nesting()
        self.opened = False
        """Whether the name has been given out; from then on it is a call."""
        self.events: list[CallEvent] = []

    def feed(self, character: str) -> Status:
        """Take the next character."""
        return self._state(character)

    # ── states ──

    def _beginning(self, character: str) -> Status:
        if character != "{":
            return "failed"
        self._state = self._before_key
        return "more"

    def _before_key(self, character: str) -> Status:
        if character == '"':
            self._string.clear()
            self._state = self._in_key
        elif character == "}":
            return self._close()
        elif character not in _SPACE:
            return self._astray()
        return "more"

    def _in_key(self, character: str) -> Status:
        if self._ends_string(character):
            self._key = self._text()
            if not self._marked and self._key not in _KEYS:
                return "failed"
            self._state = self._before_colon
        return "more"

    def _before_colon(self, character: str) -> Status:
        if character == ":":
            self._state = self._before_value
        elif character not in _SPACE:
            return self._astray()
        return "more"

    def _before_value(self, character: str) -> Status:
        if character in _SPACE:
            return "more"
        if self._key in _NAMES and self._name is None:
            return self._name_begins(character)
        if self._key in _ARGUMENTS and not self.opened and self._early is None and character in '{"':
            return self._arguments_begin(character)
        self._nesting = Nesting()
        self._state = self._in_other
        return self._in_other(character)

    def _name_begins(self, character: str) -> Status:
        if character == "{" and self._key == "function" and not self._wrapped:
            # {"type": "function", "function": {"name": …}}: OpenAI's own shape, which some models imitate.
            self._wrapped = 1
            self._state = self._before_key
        elif character == '"':
            self._string.clear()
            self._state = self._in_name
        else:
            return "failed"
        return "more"

    def _in_name(self, character: str) -> Status:
        if not self._ends_string(character):
            return "more"
        name = self._text()
        if name not in self._names:
            return "failed"
        self._name = name
        if self._early is not None:
            self._open(self._early)
        self._state = self._after_value
        return "more"

    def _arguments_begin(self, character: str) -> Status:
        self._string.clear()
        if character == '"':
            self._state = self._in_quoted_arguments
            return "more"
        if self._name is None:
            self._early = ""
        else:
            self._open("")
        self._nesting = Nesting()
        self._state = self._in_arguments
        return self._in_arguments(character)

    def _in_arguments(self, character: str) -> Status:
        if self.opened:
            self.events.append(("arguments", character))
        else:
            self._string.append(character)
        if self._nesting.leaves(character):
            if not self.opened:
                self._early = "".join(self._string)
            self._state = self._after_value
        return "more"

    def _in_quoted_arguments(self, character: str) -> Status:
        if self._ends_string(character):
            arguments = self._text() or "{}"
            if self._name is None:
                self._early = arguments
            else:
                self._open(arguments)
            self._state = self._after_value
        return "more"

    def _in_other(self, character: str) -> Status:
        if self._nesting.outside and character in ",}":
            self._state = self._after_value
            return self._after_value(character)
        self._nesting.leaves(character)
        return "more"

    def _after_value(self, character: str) -> Status:
        if character == ",":
            self._state = self._before_key
        elif character == "}":
            return self._close()
        elif character not in _SPACE:
            return self._astray()
        return "more"

    # ── inside ──

    @property
    def unread(self) -> str:
        """What was taken without being part of the call, but for the last character: nothing."""
        return ""

    def _open(self, arguments: str) -> None:
        assert self._name is not None
        self.opened = True
        self.events.append(("call", self._name))
        if arguments:
            self.events.append(("arguments", arguments))

    def _close(self) -> Status:
        if self._wrapped == 1:
            self._wrapped = 2
            self._state = self._after_value
            return "more"
        if self._name is None or (not self.opened and not self._marked):
            return "failed"
        if not self.opened:
            self._open("{}")
        return "done"

    def _astray(self) -> Status:
        """A forgotten brace at the end is forgiven: the arguments were whole."""
        return "ended" if self.opened else "failed"

    def _ends_string(self, character: str) -> bool:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            return True
        self._string.append(character)
        return False

    def _text(self) -> str:
        raw = "".join(self._string)
        try:
            text: str = json.loads(f'"{raw}"', strict=False)
        except ValueError:
            return raw
        return text
