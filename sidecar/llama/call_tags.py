"""One tool call whose arguments stand between tags, read character by character and given out as JSON.

What stands between the tags is text or JSON, which only the schema of the argument tells: Qwen3-Coder writes the text
`42` and the number 42 alike. A value is given out when it is complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.llama.call_object import CallEvent, Status
from sidecar.llama.dialect import TagForm

_MAX_NAME = 512
_KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "string": (str,),
}


class TagCall:
    """Reads one call; `tools` are the schemas of the arguments by the name of the tool."""

    def __init__(self, tools: Mapping[str, Mapping[str, Any]], form: TagForm) -> None:
        self._tools = tools
        self._form = form
        self._open_name, self._close_name = form.name_open.strip(), form.name_close.strip()
        self._open_key, self._close_key = form.key_open.strip(), _without_gaps(form.key_close)
        self._close_value = form.value_close.strip()
        self._state: Callable[[str], Status] = self._before_name if self._open_name else self._in_name
        self._taken = ""
        self._value: list[str] = []
        self._name = ""
        self._key = ""
        self._given = 0
        self.opened = False
        """Whether the name has been given out; from then on it is a call."""
        self.events: list[CallEvent] = []

    def feed(self, character: str) -> Status:
        """Take the next character."""
        return self._state(character)

    # ── states ──

    def _before_name(self, character: str) -> Status:
        self._taken += character
        if self._taken == self._open_name:
            self._taken, self._state = "", self._in_name
            return "more"
        return "more" if self._open_name.startswith(self._taken) else "failed"

    def _in_name(self, character: str) -> Status:
        if character == self._close_name or (not self._close_name and (character.isspace() or character == "<")):
            return self._opens(character)
        self._taken += character
        return "more" if len(self._taken) <= _MAX_NAME else "failed"

    def _opens(self, character: str) -> Status:
        if self._taken.strip() not in self._tools:
            return "failed"
        self._name, self._taken, self._state = self._taken.strip(), "", self._between
        self.opened = True
        self.events += [("call", self._name), ("arguments", "{")]
        return "more" if self._close_name or character.isspace() else self._between(character)

    def _between(self, character: str) -> Status:
        """Before a key or the end. Anything else ends the call too: models forget the last tag."""
        if not self._taken and character.isspace():
            return "more"
        self._taken += character
        if self._taken == self._form.end:
            return self._ends("done")
        if self._taken == self._open_key:
            self._taken, self._state = "", self._in_key
            return "more"
        if self._open_key.startswith(self._taken) or self._form.end.startswith(self._taken):
            return "more"
        # The tag that closes the call may begin like the others; it is read again by who asked.
        return self._ends("ended")

    def _in_key(self, character: str) -> Status:
        self._taken += character
        if not _without_gaps(self._taken).endswith(self._close_key):
            return "more" if len(self._taken) <= _MAX_NAME else self._ends("ended")
        self._key = _without_gaps(self._taken).removesuffix(self._close_key).strip()
        self._taken, self._state = "", self._in_value
        self._value.clear()
        return "more"

    def _in_value(self, character: str) -> Status:
        self._value.append(character)
        if character == self._close_value[-1] and self._closed():
            text = "".join(self._value)[: -len(self._close_value)]
            written = f"{_json(self._key)}: {_json(self._read(text))}"
            self.events.append(("arguments", f", {written}" if self._given else written))
            self._given += 1
            self._state = self._between
        return "more"

    # ── inside ──

    @property
    def unread(self) -> str:
        """What was taken without being part of the call, but for the last character."""
        return self._taken[:-1]

    def _closed(self) -> bool:
        return "".join(self._value[-len(self._close_value) :]) == self._close_value

    def _ends(self, status: Status) -> Status:
        self.events.append(("arguments", "}"))
        return status

    def _read(self, text: str) -> Any:
        text = text.removeprefix("\n").removesuffix("\n")
        kinds = _kinds(self._tools[self._name], self._key)
        if kinds == {"string"}:
            return text
        try:
            value = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            # Templates show the literals of Python, and models copy them.
            value = {"true": True, "false": False, "none": None}.get(text.strip().lower(), text)
        fits = any(isinstance(value, _KINDS[kind]) for kind in kinds)
        return value if fits or not kinds or "string" not in kinds else text


def _kinds(schema: Mapping[str, Any], key: str) -> frozenset[str]:
    """The types that an argument may have; none when its schema does not say."""
    properties = schema.get("properties")
    found = properties.get(key) if isinstance(properties, Mapping) else None
    kind = found.get("type") if isinstance(found, Mapping) else None
    if isinstance(found, Mapping) and kind is None and isinstance(found.get("enum"), list):
        kind = ["string"] if all(isinstance(each, str) for each in found["enum"]) else None
    given = kind if isinstance(kind, list) else [kind]
    return frozenset(each for each in given if isinstance(each, str) and each in _KINDS)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Half an emoji, which JSON can name, has no UTF-8.
    return text if text.encode("utf-8", "ignore").decode("utf-8") == text else json.dumps(value)


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _without_gaps(text: str) -> str:
    return "".join(text.split("\n"))
