"""A chat model that lives on an upstream server: the request passed through, the answer's chunks made regular.

Servers differ in what their streams leave out; what is repaired here: tool calls without `index`, no `finish_reason`,
a whole answer instead of a stream, reasoning under either of its two names, usage that never comes. Whether the server
knows `stream_options` is learned from its first refusal.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from sidecar.errors import UpstreamError
from sidecar.inference.model import Completion, Delta, Usage
from sidecar.inference.tokens import estimate_messages, estimate_tokens
from sidecar.upstream import Upstream

_PATH = "chat/completions"


class UpstreamChatModel:
    """A `ChatModel`. The upstream is shared and stays open when this closes."""

    def __init__(self, upstream: Upstream, model: str) -> None:
        self._upstream = upstream
        self._model = model
        self._usage_option = True
        self._limit_name = "max_tokens"

    @property
    def name(self) -> str:
        return self._model

    @property
    def generative(self) -> bool:
        return True

    async def context_length(self) -> int | None:
        return await self._upstream.context_length(self._model)

    async def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece; `finish_reason`s come at the end, `usage` with the last. Raises UpstreamError."""
        answer = _Answer()
        async with aclosing(self._events(completion)) as events:
            async for event in events:
                for delta in answer.read(event):
                    yield delta
        for delta in answer.endings(prompt=completion):
            yield delta

    async def aclose(self) -> None:
        """Nothing is held."""

    async def _events(self, completion: Completion) -> AsyncGenerator[dict[str, Any], None]:
        """Ask again without what the server refuses to know, as long as nothing has come."""
        while True:
            started = False
            try:
                async with aclosing(self._upstream.stream_events(_PATH, self._body(completion))) as events:
                    async for event in events:
                        started = True
                        yield event
                return
            except UpstreamError as exc:
                if started or not self._learned(exc):
                    raise

    def _body(self, completion: Completion) -> dict[str, Any]:
        options = {name: value for name, value in completion.options.items() if value is not None}
        if "max_tokens" in options:
            options[self._limit_name] = options.pop("max_tokens")
        wanted = options.pop("stream_options", {})
        if self._usage_option:
            options["stream_options"] = {**wanted, "include_usage": True}
        return {**options, "model": self._model, "messages": list(completion.messages), "stream": True}

    def _learned(self, refusal: UpstreamError) -> bool:
        if refusal.status not in (400, 422):
            return False
        if self._usage_option and "stream_options" in refusal.message:
            self._usage_option = False
            return True
        # OpenAI's reasoning models: "Unsupported parameter: 'max_tokens' … Use 'max_completion_tokens' instead."
        if self._limit_name == "max_tokens" and "max_completion_tokens" in refusal.message:
            self._limit_name = "max_completion_tokens"
            return True
        return False


class _Answer:
    """One answer while it arrives."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None

    def read(self, event: Mapping[str, Any]) -> list[Delta]:
        self._usage = _usage(event.get("usage")) or self._usage
        choices = event.get("choices")
        deltas = []
        for position, raw in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(raw, dict):
                index = raw.get("index")
                index = index if isinstance(index, int) else position
                deltas += self._choices.setdefault(index, _Choice(index)).read(raw)
        return deltas

    def endings(self, *, prompt: Completion) -> list[Delta]:
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
