"""Tool calls as clients can read them: streamed with an index and a name said once, or whole.

Models and upstreams differ here, and clients do not forgive: an entry without index is dropped or raises, and a
repeated name is concatenated (ollama/ollama#7881, ggml-org/llama.cpp#12379).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any


class ToolCalls:
    """The tool calls of one choice, fed with a model's deltas in order."""

    def __init__(self) -> None:
        self._calls: list[dict[str, Any]] = []
        self._position: dict[object, int] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def whole(self) -> list[dict[str, Any]]:
        """Every call so far, as a message carries it."""
        return [{key: value for key, value in call.items() if key != "index"} for call in self._calls]

    def feed(self, entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Take a delta's entries; returns what to stream, at most one entry a chunk."""
        streamed: list[dict[str, Any]] = []
        for entry in entries:
            function = entry.get("function")
            function = function if isinstance(function, Mapping) else {}
            position = self._find(entry)
            if position is None:
                position = self._open(entry, function)
                call = self._calls[position]
                streamed.append({**call, "function": {"name": call["function"]["name"], "arguments": ""}})
            if arguments := _arguments(function.get("arguments")):
                self._calls[position]["function"]["arguments"] += arguments
                streamed.append({"index": position, "function": {"arguments": arguments}})
        return streamed

    def _find(self, entry: Mapping[str, Any]) -> int | None:
        """The call that an entry goes on with: by index, else by id, else the last one when it names no function."""
        if isinstance(entry.get("index"), int):
            return self._position.get(entry["index"])
        if entry.get("id") is not None:
            return self._position.get(str(entry["id"]))
        names_one = isinstance(entry.get("function"), Mapping) and entry["function"].get("name")
        return None if names_one or not self._calls else len(self._calls) - 1

    def _open(self, entry: Mapping[str, Any], function: Mapping[str, Any]) -> int:
        position = len(self._calls)
        identity = str(entry.get("id") or f"call_{uuid.uuid4().hex[:24]}")
        self._position[entry["index"] if isinstance(entry.get("index"), int) else identity] = position
        self._calls.append(
            {
                "index": position,
                "id": identity,
                "type": "function",
                "function": {"name": str(function.get("name") or ""), "arguments": ""},
            }
        )
        return position


def _arguments(arguments: object) -> str:
    """Arguments travel as a string of JSON; some servers send the object itself."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
