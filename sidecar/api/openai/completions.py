"""`POST /v1/completions`: each prompt is asked as a conversation of one user message."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.openai.answers import (
    Choice,
    Deltas,
    LeftOut,
    gather,
    head,
    left_out_body,
    seeded,
    several,
    unwatched,
    usage,
)
from sidecar.api.responses import json_response
from sidecar.api.streaming import EventStream
from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.inference.model import Usage
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_chat import Head
from sidecar.protocol.openai_completions import CompletionBody, completion, completion_choice, legacy_logprobs
from sidecar.runtime.models import ChatTarget
from sidecar.runtime.runtime import Runtime


async def create(runtime: Runtime, request: Request, *, watch: Callable[[Deltas], Deltas] = unwatched) -> ASGIApp:
    """Complete one or several prompts, as one response or as a stream.

    `watch` sees its deltas pass.
    """
    body = read_body(CompletionBody, parse_json(await request.body()))
    target = runtime.chat_target(body.model)
    deltas = watch(_ask(runtime, target, body))
    named = head(target.id, prefix="cmpl")
    # OpenAI's order: all choices of the first prompt, then those of the next.
    echoes = [prompt if body.echo else "" for prompt in body.prompt for _ in range(body.n)]
    if body.stream:
        return EventStream(completion_events(deltas, named, echoes=echoes, include_usage=body.include_usage))
    gathered = await gather(deltas, choices=len(echoes))
    choices = [
        _whole_choice(index, choice, echo=echo)
        for index, (choice, echo) in enumerate(zip(gathered.choices, echoes, strict=True))
    ]
    whole = completion(named, choices=choices, usage=usage(gathered.usage))
    return json_response({**whole, **left_out_body(gathered.left_out)})


def _ask(runtime: Runtime, target: ChatTarget, body: CompletionBody) -> Deltas:
    options = body.options()
    return several(
        [
            partial(
                runtime.answer,
                target,
                ChatRequest(
                    messages=[{"role": "user", "content": prompt}],
                    options=seeded(options, run),
                    mode="auto",
                    limit=None,
                    filters=None,
                ),
            )
            for prompt in body.prompt
            for run in range(body.n)
        ]
    )


def _whole_choice(index: int, choice: Choice, *, echo: str) -> dict[str, Any]:
    return completion_choice(
        index=index,
        text=echo + "".join(choice.content),
        finish_reason=choice.finish_reason or "stop",
        logprobs=legacy_logprobs(choice.logprobs, offset=len(echo)) if choice.logprobs else None,
    )


async def completion_events(
    deltas: Deltas, named: Head, *, echoes: list[str], include_usage: bool
) -> AsyncGenerator[dict[str, Any], None]:
    """Turn deltas into chunks: pieces of text, then exactly one chunk with the finish reason for each choice."""
    stream = _CompletionChunks(named, echoes=echoes, include_usage=include_usage)
    async with aclosing(deltas):
        async for delta in deltas:
            for chunk in stream.feed(delta):
                yield chunk
    for chunk in stream.finish():
        yield chunk


class _CompletionChunks:
    """What one stream has said so far, and what it says next."""

    def __init__(self, named: Head, *, echoes: list[str], include_usage: bool) -> None:
        self._head = named
        self._echoes = echoes
        self._include_usage = include_usage
        self._offsets = [0 for _ in echoes]
        self._echoed: set[int] = set()
        self._finished: set[int] = set()
        self._usage: Usage | None = None

    def feed(self, delta: AnswerDelta) -> list[dict[str, Any]]:
        """The chunks for one delta; none for one that only counts."""
        self._usage = delta.usage or self._usage
        if delta.index in self._finished or not (delta.content or delta.logprobs or delta.finish_reason):
            return []
        chunks = self._echo(delta.index)
        # Text that may become a citation is held back; its tokens are not, and come with no text.
        if delta.content or delta.logprobs:
            chunks.append(self._chunk(delta.index, delta.content, logprobs=self._logprobs(delta)))
        if delta.finish_reason is not None:
            self._finished.add(delta.index)
            last = self._chunk(delta.index, "", finish_reason=delta.finish_reason)
            left_out = LeftOut()
            left_out.feed(delta)
            chunks.append({**last, **left_out_body(left_out)})
        return chunks

    def finish(self) -> list[dict[str, Any]]:
        """The last chunks: choices that a model left open are finished, and usage follows if it was asked for."""
        chunks: list[dict[str, Any]] = []
        for index in range(len(self._echoes)):
            if index not in self._finished:
                chunks += [*self._echo(index), self._chunk(index, "", finish_reason="stop")]
        if self._include_usage:
            chunks.append(completion(self._head, choices=[], usage=usage(self._usage)))
        return chunks

    def _echo(self, index: int) -> list[dict[str, Any]]:
        if index in self._echoed:
            return []
        self._echoed.add(index)
        return [self._chunk(index, self._echoes[index])] if self._echoes[index] else []

    def _logprobs(self, delta: AnswerDelta) -> dict[str, Any] | None:
        if delta.logprobs is None:
            return None
        return legacy_logprobs(delta.logprobs.get("content") or (), offset=self._offsets[delta.index])

    def _chunk(
        self, index: int, text: str, *, finish_reason: str | None = None, logprobs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        self._offsets[index] += len(text)
        choice = completion_choice(index=index, text=text, finish_reason=finish_reason, logprobs=logprobs)
        chunk = completion(self._head, choices=[choice])
        return {**chunk, "usage": None} if self._include_usage else chunk
