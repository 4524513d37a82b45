"""An answer of an OpenAI-compatible server, its chunks made regular.

Servers differ in what their streams leave out; what is repaired here: tool calls without `index`, no `finish_reason`,
a whole answer instead of a stream, reasoning under either of its two names, usage that never comes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sidecar.inference.model import Completion, Delta, Usage
from sidecar.inference.tokens import estimate_messages, estimate_tokens


class OpenAIAnswer:
    """One answer while it arrives."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None

    def read(self, event: Mapping[str, Any]) -> list[Delta]:
        """The deltas of one chunk, without any `finish_reason`."""
        self._usage = _usage(event.get("usage")) or self._usage
        choices = event.get("choices")
        deltas = []
        for position, raw in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(raw, dict):
                index = raw.get("index")
                index = index if isinstance(index, int) else position
                deltas += self._choices.setdefault(index, _Choice(index)).read(raw)
        return deltas

    @property
    def evaluated(self) -> int | None:
        """The prompt's tokens as the server counted them; `None` when it did not say."""
        return self._usage.prompt_tokens if self._usage else None

    def endings(self, *, prompt: Completion) -> list[Delta]:
        """The last delta of each choice, with usage on the last of them."""
        choices = [self._choices[index] for index in sorted(self._choices)] or [_Choice(0)]
        endings = [choice.ending() for choice in choices]
        endings[-1] = replace(endings[-1], usage=self._usage or self._estimate(prompt))
        return endings

    def _estimate(self, prompt: Completion) -> Usage:
        written = sum(estimate_tokens("".join(choice.written)) for choice in self._choices.values())
        return Usage(prompt_tokens=estimate_messages(prompt.messages), completion_tokens=written)


class _Choice:
    def __init__(self, index: int) -> None:
        self._index = index
        self._finish_reason: str | None = None
        self._call_ids: list[str | None] = []
        self._positions: dict[int, int] = {}
        self.written: list[str] = []

    def read(self, raw: Mapping[str, Any]) -> list[Delta]:
        # A server that ignores `stream` sends the whole `message`.
        part = raw.get("delta") or raw.get("message")
        part = part if isinstance(part, dict) else {}
        logprobs, reason = raw.get("logprobs"), raw.get("finish_reason")
        if self._finish_reason is None and isinstance(reason, str) and reason:
            self._finish_reason = reason
        delta = Delta(
            index=self._index,
            content=_text(part.get("content")) or _text(part.get("refusal")),
            reasoning=_text(part.get("reasoning_content")) or _text(part.get("reasoning")),
            tool_calls=self._tool_calls(part.get("tool_calls")),
            logprobs=logprobs if isinstance(logprobs, dict) else None,
        )
        self.written += [delta.content, delta.reasoning, *map(_written, delta.tool_calls)]
        return [delta] if delta != Delta(index=self._index) else []

    def ending(self) -> Delta:
        default = "tool_calls" if self._call_ids else "stop"
        return Delta(index=self._index, finish_reason=self._finish_reason or default)

    def _tool_calls(self, raw: object) -> tuple[Mapping[str, Any], ...]:
        return tuple(self._tool_call(call) for call in raw if isinstance(call, dict)) if isinstance(raw, list) else ()

    def _tool_call(self, call: dict[str, Any]) -> Mapping[str, Any]:
        function = call.get("function")
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
            call = {**call, "function": {**function, "arguments": json.dumps(function["arguments"])}}
        return {**call, "index": self._call_index(call)}

    def _call_index(self, call: Mapping[str, Any]) -> int:
        index, call_id, function = call.get("index"), call.get("id") or None, call.get("function")
        named = isinstance(function, dict) and bool(function.get("name"))
        if isinstance(index, int):
            position = self._positions.get(index, index if 0 <= index < len(self._call_ids) else None)
            # Gemini's and older Ollama's OpenAI servers give every call the index 0, and an id of its own.
            if position is None or (named and call_id is not None and self._call_ids[position] not in (None, call_id)):
                position = self._begin(call_id)
            self._positions[index] = position
            return position
        if call_id in self._call_ids and call_id is not None:
            return self._call_ids.index(call_id)
        if named or call_id is not None or not self._call_ids:
            return self._begin(call_id)
        return len(self._call_ids) - 1

    def _begin(self, call_id: str | None) -> int:
        self._call_ids.append(call_id)
        return len(self._call_ids) - 1


def _written(call: Mapping[str, Any]) -> str:
    """What the model wrote of a call; the ids around it are the server's."""
    function = call.get("function")
    parts = (function.get("name"), function.get("arguments")) if isinstance(function, dict) else ()
    return "".join(part for part in parts if isinstance(part, str))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    # Mistral sends reasoning models' content as parts.
    parts = value if isinstance(value, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _usage(raw: object) -> Usage | None:
    if not isinstance(raw, dict):
        return None
    prompt, written = raw.get("prompt_tokens"), raw.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(written, int):
        return None
    details = raw.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    details = raw.get("completion_tokens_details")
    thought = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=written,
        cached_tokens=cached if isinstance(cached, int) else 0,
        reasoning_tokens=thought if isinstance(thought, int) else 0,
    )
