"""`POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.openai.answers import (
    Choice,
    Deltas,
    LeftOut,
    annotation_bodies,
    finish_reason,
    gather,
    head,
    merge_sources,
    seeded,
    several,
    target_of,
    unwatched,
    usage,
    vault_body,
)
from sidecar.api.openai.tool_calls import ToolCalls
from sidecar.api.responses import json_response
from sidecar.api.streaming import EventStream
from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.citations import CitedSource
from sidecar.inference.model import Usage
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_chat import (
    ChatBody,
    Head,
    VaultOptions,
    assistant_message,
    called,
    chat_choice,
    chat_chunk,
    chat_completion,
    chunk_choice,
    usage_chunk,
)
from sidecar.runtime.models import ChatTarget
from sidecar.runtime.runtime import Runtime


async def create(runtime: Runtime, request: Request, *, watch: Callable[[Deltas], Deltas] = unwatched) -> ASGIApp:
    """Answer a conversation, as one response or as a stream.

    `watch` sees its deltas pass.
    """
    body = read_body(ChatBody, parse_json(await request.body()))
    target = target_of(runtime, body.model, body.vault)
    deltas = watch(_ask(runtime, target, body))
    named = head(target.id, prefix="chatcmpl")
    if body.stream:
        return EventStream(chat_events(deltas, named, include_usage=body.include_usage, legacy=body.legacy_functions))
    gathered = await gather(deltas, choices=body.n)
    return json_response(
        chat_completion(
            named,
            choices=[
                _whole_choice(index, choice, legacy=body.legacy_functions)
                for index, choice in enumerate(gathered.choices)
            ],
            usage=usage(gathered.usage),
            vault=vault_body(gathered.sources, gathered.left_out),
        )
    )


def _ask(runtime: Runtime, target: ChatTarget, body: ChatBody) -> Deltas:
    wanted = body.vault or VaultOptions()
    options = body.options()
    question = ChatRequest(
        messages=body.messages,
        options=options,
        mode=wanted.mode,
        limit=wanted.limit,
        filters=wanted.filters,
        citations=wanted.citations,
        elsewhere=wanted.elsewhere,
        question=wanted.question,
    )
    runs = [replace(question, options=seeded(options, run)) for run in range(body.n)]
    return several([partial(runtime.answer, target, run) for run in runs])


def _whole_choice(index: int, choice: Choice, *, legacy: bool) -> dict[str, Any]:
    calls = choice.tool_calls.whole
    message = assistant_message(
        content="".join(choice.content),
        reasoning="".join(choice.reasoning),
        tool_calls=calls,
        annotations=annotation_bodies(choice.annotations),
    )
    if legacy and calls:
        message = {**{name: value for name, value in message.items() if name != "tool_calls"}, **called(calls[0])}
    return chat_choice(
        index=index,
        message=message,
        finish_reason=_reason(choice.finish_reason or "stop", legacy=legacy),
        logprobs={"content": choice.logprobs, "refusal": None} if choice.logprobs else None,
    )


def _reason(reason: str, *, legacy: bool) -> str:
    return "function_call" if legacy and reason == "tool_calls" else reason


async def chat_events(
    deltas: Deltas, named: Head, *, include_usage: bool, legacy: bool = False
) -> AsyncGenerator[dict[str, Any], None]:
    """Turn deltas into chunks: per choice the role first, then pieces, then exactly one with the finish reason. A
    `legacy` client is told of one call, as `function_call`.
    """
    stream = _ChatChunks(named, include_usage=include_usage, legacy=legacy)
    async with aclosing(deltas):
        async for delta in deltas:
            for chunk in stream.feed(delta):
                yield chunk
    for chunk in stream.finish():
        yield chunk


class _ChatChunks:
    """What one stream has said so far, and what it says next."""

    def __init__(self, named: Head, *, include_usage: bool, legacy: bool) -> None:
        self._head = named
        self._legacy = legacy
        self._include_usage = include_usage
        self._open: dict[int, ToolCalls] = {}
        self._finished: set[int] = set()
        self._usage: Usage | None = None
        self._sources: list[CitedSource] | None = None
        self._left_out = LeftOut()

    def feed(self, delta: AnswerDelta) -> list[dict[str, Any]]:
        """The chunks for one delta; none for one that only counts."""
        self._usage = delta.usage or self._usage
        self._sources = merge_sources(self._sources, delta.sources)
        self._left_out.feed(delta)
        if delta.index in self._finished or not _says_something(delta):
            return []
        chunks = self._opening(delta.index)
        calls = self._open[delta.index]
        if delta.content or delta.reasoning or delta.annotations or delta.logprobs:
            chunks.append(self._chunk(delta.index, _piece(delta), logprobs=delta.logprobs))
        for entry in calls.feed(delta.tool_calls):
            if self._legacy and entry["index"]:
                continue
            piece = called(entry) if self._legacy else {"tool_calls": [entry]}
            chunks.append(self._chunk(delta.index, {"content": "", **piece}))
        if delta.finish_reason is not None:
            chunks.append(self._finish(delta.index, finish_reason(delta.finish_reason, calls)))
        return chunks

    def finish(self) -> list[dict[str, Any]]:
        """The last chunks: choices that a model left open are finished, and usage follows if it was asked for."""
        chunks: list[dict[str, Any]] = []
        for index in sorted((set(self._open) or {0}) - self._finished):
            chunks += [*self._opening(index), self._finish(index, finish_reason("stop", self._open[index]))]
        if self._include_usage:
            chunks.append(usage_chunk(self._head, usage=usage(self._usage)))
        return chunks

    def _opening(self, index: int) -> list[dict[str, Any]]:
        if index in self._open:
            return []
        self._open[index] = ToolCalls()
        return [self._chunk(index, {"role": "assistant", "content": ""})]

    def _finish(self, index: int, reason: str) -> dict[str, Any]:
        self._finished.add(index)
        reason = _reason(reason, legacy=self._legacy)
        # Naive clients append `delta.content` of every chunk but the one that says stop.
        chunk = self._chunk(index, {} if reason == "stop" else {"content": ""}, finish_reason=reason)
        vault = vault_body(self._sources, self._left_out)
        return chunk if vault is None else {**chunk, "vault": vault}

    def _chunk(
        self, index: int, delta: dict[str, Any], *, finish_reason: str | None = None, logprobs: Any = None
    ) -> dict[str, Any]:
        choice = chunk_choice(index=index, delta=delta, finish_reason=finish_reason, logprobs=logprobs)
        return chat_chunk(self._head, choice=choice, include_usage=self._include_usage)


def _says_something(delta: AnswerDelta) -> bool:
    return (
        bool(delta.content or delta.reasoning or delta.tool_calls or delta.annotations or delta.logprobs)
        or delta.finish_reason is not None
    )


def _piece(delta: AnswerDelta) -> dict[str, Any]:
    piece: dict[str, Any] = {"content": delta.content}
    if delta.reasoning:
        # Two names are in use; clients read one or the other.
        piece["reasoning_content"] = delta.reasoning
        piece["reasoning"] = delta.reasoning
    if delta.annotations:
        piece["annotations"] = annotation_bodies(delta.annotations)
    return piece
