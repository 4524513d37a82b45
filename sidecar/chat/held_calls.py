"""The tool calls of one choice, held back until they are whole. Knows nothing of why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A whole call of a tool. `arguments` is the JSON that the model wrote, which may be broken."""

    name: str
    arguments: str
    identity: str | None = None

    def entry(self, index: int) -> dict[str, Any]:
        """Build the one streamed delta that says all of it."""
        identity = {} if self.identity is None else {"id": self.identity}
        function = {"name": self.name, "arguments": self.arguments}
        return {"index": index, **identity, "type": "function", "function": function}


class HeldCalls:
    """Calls that are put together from a model's deltas, fed in order."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._identities: dict[int, str] = {}
        self._arguments: dict[int, list[str]] = {}

    @property
    def names(self) -> frozenset[str]:
        """The tools that are called so far."""
        return frozenset(self._names.values())

    @property
    def whole(self) -> list[Call]:
        """Every call so far, in the order of their first deltas."""
        return [
            Call(name=name, arguments="".join(self._arguments[index]), identity=self._identities.get(index))
            for index, name in self._names.items()
        ]

    def feed(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Take a delta's entries, each with the index of its call. A name and an id count where they come first."""
        for entry in entries:
            index, function = entry["index"], entry.get("function")
            function = function if isinstance(function, Mapping) else {}
            self._names[index] = self._names.get(index) or str(function.get("name") or "")
            if entry.get("id"):
                self._identities.setdefault(index, str(entry["id"]))
            self._arguments.setdefault(index, []).append(str(function.get("arguments") or ""))
