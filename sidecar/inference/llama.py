"""A GGUF file as a chat model, run by llama.cpp in a process of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sidecar.inference.model import Completion, Delta, Usage
from sidecar.llama.frames import Header
from sidecar.llama.gguf import GgufModel
from sidecar.llama.messages import plain_messages
from sidecar.llama.process import LlamaProcess, ProcessOptions


class LlamaChatModel:
    """Follows `ChatModel`. The process starts with the first request and stops after `keep_alive` idle seconds."""

    def __init__(self, path: Path, *, name: str | None = None, options: ProcessOptions | None = None) -> None:
        self._name = name or path.stem
        self.process = LlamaProcess(path, mode="chat", options=options or ProcessOptions())

    @property
    def name(self) -> str:
        return self._name

    @property
    def generative(self) -> bool:
        return True

    @property
    def on_this_machine(self) -> bool:
        return True

    async def describe(self) -> GgufModel:
        """What the file's header says; loads nothing. Raises ModelUnavailableError."""
        return await self.process.describe()

    async def context_length(self) -> int | None:
        """Context window in tokens, from the file's header. Raises ModelUnavailableError."""
        return await self.process.context_length()

    async def count_tokens(self, text: str) -> int:
        """Count exactly, loading the model if need be. Raises ModelUnavailableError."""
        return await self.process.count_tokens(text)

    async def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """The tokens of a text, as `LlamaProcess.tokenize`; loads the model if need be."""
        return await self.process.tokenize(text, add_special=add_special, parse_special=parse_special)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens, as `LlamaProcess.detokenize`; loads the model if need be."""
        return await self.process.detokenize(tokens)

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece, as `ChatModel.stream`."""
        messages = plain_messages(completion.messages)
        last: Delta | None = None
        async with aclosing(self.process.generate(messages, completion.options)) as events:
            async for event in events:
                if event["event"] == "end":
                    # Usage belongs to the last delta, and what that is shows only now.
                    yield _with_usage(last or Delta(finish_reason="stop"), event)
                    return
                if last is not None:
                    yield last
                    last = None
                delta = _delta(event)
                if delta.finish_reason is None:
                    yield delta
                else:
                    last = delta

    async def aclose(self) -> None:
        await self.process.aclose()


def _with_usage(delta: Delta, end: Header) -> Delta:
    usage = Usage(
        prompt_tokens=end["prompt_tokens"],
        completion_tokens=end["generated_tokens"],
        cached_tokens=end["cached_tokens"],
        reasoning_tokens=end["reasoning_tokens"],
    )
    return replace(delta, usage=usage)


def _delta(event: Header) -> Delta:
    logprobs = event.get("logprobs")
    return Delta(
        index=event["index"],
        content=event["text"],
        reasoning=event.get("reasoning", ""),
        tool_calls=tuple(_call_delta(call) for call in event.get("calls", ())),
        finish_reason=event["finish_reason"],
        logprobs={"content": logprobs, "refusal": None} if logprobs else None,
    )


def _call_delta(call: Mapping[str, Any]) -> dict[str, Any]:
    if "name" not in call:
        return {"index": call["index"], "function": {"arguments": call["arguments"]}}
    opening = {"name": call["name"], "arguments": ""}
    return {"index": call["index"], "id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": opening}
