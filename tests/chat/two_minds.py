"""A chat model that says one thing when it sees notes and another when they are hidden, and keeps what it is asked."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.inference.model import Completion, Delta, Usage

NOTES = "<notes>"
"""Stands in a prompt that shows notes."""
COUNTED = Usage(prompt_tokens=11, completion_tokens=7)


def called(name: str, arguments: str | Mapping[str, Any] = "{}", *, at: int = 0, choice: int = 0) -> list[Delta]:
    """The deltas of a call, its arguments in two pieces."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    half = len(text) // 2
    opening = {
        "index": at,
        "id": f"call_{at}",
        "type": "function",
        "function": {"name": name, "arguments": text[:half]},
    }
    rest = {"index": at, "function": {"arguments": text[half:]}}
    return [Delta(index=choice, tool_calls=(opening,)), Delta(index=choice, tool_calls=(rest,))]


def tool(name: str, description: str = "") -> dict[str, Any]:
    parameters = {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


@dataclass
class TwoMinds:
    """`aided` is said to a prompt with notes, `unaided` to one without, each followed by an end; one that is an error
    is raised. One that calls ends with `tool_calls`.
    """

    aided: Sequence[Delta]
    unaided: Sequence[Delta] | Exception = ()
    asked: list[Completion] = field(default_factory=list)
    open: int = 0
    """Streams that are not closed; never two at once."""
    read: int = 0
    """Deltas that were taken of the last stream."""
    name: str = "two minds"
    generative: bool = True
    on_this_machine: bool = True

    async def context_length(self) -> int | None:
        return 8192

    async def count_tokens(self, text: str) -> int:
        return len(text) // 4

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        self.asked.append(completion)
        said = self.aided if self._sees_notes(completion) else self.unaided
        if isinstance(said, Exception):
            raise said
        self.open += 1
        self.read = 0
        assert self.open == 1
        try:
            for delta in [*said, *self._endings(said)]:
                self.read += 1
                yield delta
        finally:
            self.open -= 1

    async def aclose(self) -> None: ...

    @staticmethod
    def _sees_notes(completion: Completion) -> bool:
        return any("<notes" in str(message.get("content")) for message in completion.messages)

    @staticmethod
    def _endings(said: Sequence[Delta]) -> list[Delta]:
        calling = {delta.index for delta in said if delta.tool_calls}
        *others, last = sorted({0} | {delta.index for delta in said})
        reasons = {index: "tool_calls" if index in calling else "stop" for index in (*others, last)}
        return [
            *(Delta(index=index, finish_reason=reasons[index]) for index in others),
            Delta(index=last, finish_reason=reasons[last], usage=COUNTED),
        ]
