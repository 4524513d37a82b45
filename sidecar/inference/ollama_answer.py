"""An answer of Ollama's native chat: its lines become deltas."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sidecar.errors import UpstreamError
from sidecar.inference.model import Completion, Delta, Usage
from sidecar.inference.tokens import estimate_prompt, estimate_tokens


class OllamaAnswer:
    """One answer while it arrives."""

    def __init__(self, *, one_call: bool = False) -> None:
        """`one_call`: the client reads a single tool call."""
        self._one_call = one_call
        self._calls = 0
        self._written: list[str] = []
        self._end: Mapping[str, Any] | None = None

    @property
    def evaluated(self) -> int | None:
        """The prompt's tokens as Ollama counted them; `None` when it did not say."""
        return _count((self._end or {}).get("prompt_eval_count"))

    def read(self, line: Mapping[str, Any]) -> list[Delta]:
        """The delta of one line, if it holds anything."""
        if line.get("done") is True:
            self._end = line
        message = line.get("message")
        message = message if isinstance(message, Mapping) else {}
        delta = Delta(
            content=_text(message.get("content")),
            reasoning=_text(message.get("thinking")),
            tool_calls=self._tool_calls(message.get("tool_calls")),
            logprobs=_logprobs(line.get("logprobs")),
        )
        calls = [call["function"]["arguments"] for call in delta.tool_calls]
        self._written += [delta.content, delta.reasoning, *calls]
        return [delta] if delta != Delta() else []

    def endings(self, *, prompt: Completion) -> list[Delta]:
        """The last delta, with usage. Raises UpstreamError for an answer that ended without its last line."""
        if self._end is None:
            raise UpstreamError("Ollama stopped in the middle of its answer.", hint="See the log of Ollama.")
        reason = "length" if self._end.get("done_reason") == "length" else "tool_calls" if self._calls else "stop"
        written = _count(self._end.get("eval_count"))
        usage = Usage(
            prompt_tokens=self.evaluated or estimate_prompt(prompt.messages, prompt.options.get("tools")),
            completion_tokens=estimate_tokens("".join(self._written)) if written is None else written,
        )
        return [Delta(finish_reason=reason, usage=usage)]

    def _tool_calls(self, raw: object) -> tuple[Mapping[str, Any], ...]:
        calls = [call for call in raw if isinstance(call, Mapping)] if isinstance(raw, list) else []
        room = max(0, 1 - self._calls) if self._one_call else len(calls)
        return tuple(self._tool_call(call) for call in calls[:room])

    def _tool_call(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        function = call.get("function")
        function = function if isinstance(function, Mapping) else {}
        arguments = function.get("arguments")
        self._calls += 1
        call_id = call.get("id")
        return {
            "index": self._calls - 1,
            "id": call_id if isinstance(call_id, str) and call_id else f"call_{uuid.uuid4().hex[:24]}",
            "type": "function",
            "function": {
                "name": _text(function.get("name")),
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments or {}),
            },
        }


def _logprobs(raw: object) -> Mapping[str, Any] | None:
    tokens = [entry for entry in raw if isinstance(entry, Mapping)] if isinstance(raw, list) else []
    if not tokens:
        return None
    return {"content": [{"bytes": None, "top_logprobs": [], **token} for token in tokens], "refusal": None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
