"""Ollama's `POST /api/chat` and `POST /api/generate`."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.ndjson import LineStream
from sidecar.api.neighbours.names import chat_target
from sidecar.api.neighbours.stopwatch import Stopwatch
from sidecar.api.openai.answers import Deltas, LeftOut, gather, left_out_body, several
from sidecar.api.openai.tool_calls import ToolCalls
from sidecar.api.responses import json_response
from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.inference.model import Usage
from sidecar.protocol.fields import read_body
from sidecar.protocol.ollama import AskBody, GenerateBody, OllamaChatBody
from sidecar.protocol.ollama_answers import (
    Part,
    answer_line,
    chat_part,
    done_reason,
    generate_part,
    idle_answer,
    last_line,
)
from sidecar.protocol.ollama_messages import ollama_calls
from sidecar.protocol.openai_chat import ChatBody
from sidecar.runtime.models import ChatTarget
from sidecar.runtime.runtime import Runtime


async def chat(runtime: Runtime, request: Request) -> ASGIApp:
    """Answer a conversation; one without messages loads the model."""
    body = read_body(OllamaChatBody, parse_json(await request.body()))
    target = chat_target(runtime, body.model)
    if not body.messages:
        return await _idle(body, target, chat_part)
    return await _answer(runtime, target, body, asked=body.openai(), part=chat_part)


async def generate(runtime: Runtime, request: Request) -> ASGIApp:
    """Answer a prompt; one that is empty loads the model."""
    body = read_body(GenerateBody, parse_json(await request.body()))
    target = chat_target(runtime, body.model)
    if not body.prompt and not body.images:
        return await _idle(body, target, generate_part)
    return await _answer(runtime, target, body, asked=body.openai(), part=generate_part)


async def _idle(body: AskBody, target: ChatTarget, part: Part) -> ASGIApp:
    if not body.unloads:
        # Counting is the one thing asked of every model for which its weights have to be there.
        await target.model.count_tokens("")
    reason = "unload" if body.unloads else "load"
    return json_response(idle_answer(model=body.model, created=_now(), part=part(), reason=reason))


async def _answer(runtime: Runtime, target: ChatTarget, body: AskBody, *, asked: ChatBody, part: Part) -> ASGIApp:
    watch = Stopwatch()
    question = ChatRequest(messages=asked.messages, options={**asked.options(), **body.options.sampling()})
    deltas = watch.watch(several([partial(runtime.answer, target, question)]))
    lines = _Lines(body, part, watch)
    return LineStream(lines.stream(deltas)) if body.stream else json_response(await lines.whole(deltas))


class _Lines:
    """One answer as lines, or as one."""

    def __init__(self, body: AskBody, part: Part, watch: Stopwatch) -> None:
        self._body = body
        self._part = part
        self._watch = watch
        self._tool_calls = ToolCalls()
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._left_out = LeftOut()

    async def stream(self, deltas: Deltas) -> AsyncGenerator[dict[str, Any], None]:
        """Give a line for each piece of text, one for all tool calls, then the one that is done."""
        async with aclosing(deltas):
            async for delta in deltas:
                if (line := self._feed(delta)) is not None:
                    yield line
        if self._tool_calls:
            # A call is whole or nothing here: its arguments are an object.
            yield self._line(tool_calls=ollama_calls(self._tool_calls.whole))
        yield {**self._last(self._line(), reason=self._reason, usage=self._usage), **left_out_body(self._left_out)}

    async def whole(self, deltas: Deltas) -> dict[str, Any]:
        """Read the answer to its end and give it as one line."""
        gathered = await gather(deltas, choices=1)
        (choice,) = gathered.choices
        line = self._line(
            content="".join(choice.content),
            thinking="".join(choice.reasoning),
            tool_calls=ollama_calls(choice.tool_calls.whole),
            logprobs=choice.logprobs,
        )
        last = self._last(line, reason=choice.finish_reason, usage=gathered.usage)
        return {**last, **left_out_body(gathered.left_out)}

    def _feed(self, delta: AnswerDelta) -> dict[str, Any] | None:
        self._usage = delta.usage or self._usage
        self._reason = self._reason or delta.finish_reason
        self._left_out.feed(delta)
        self._tool_calls.feed(delta.tool_calls)
        thinking = delta.reasoning if self._body.shows_thinking else ""
        logprobs = (delta.logprobs or {}).get("content") or ()
        if not (delta.content or thinking or logprobs):
            return None
        return self._line(content=delta.content, thinking=thinking, logprobs=logprobs)

    def _line(self, *, logprobs: Any = (), thinking: str = "", **said: Any) -> dict[str, Any]:
        part = self._part(thinking=thinking if self._body.shows_thinking else "", **said)
        return answer_line(model=self._body.model, created=_now(), part=part, logprobs=logprobs)

    def _last(self, line: dict[str, Any], *, reason: str | None, usage: Usage | None) -> dict[str, Any]:
        return last_line(
            line,
            reason=done_reason(reason),
            durations=self._watch.durations(),
            prompt_tokens=usage.prompt_tokens if usage else 0,
            answer_tokens=usage.completion_tokens if usage else 0,
        )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
