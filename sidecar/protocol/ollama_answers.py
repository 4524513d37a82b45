"""Ollama's API: the answers of chat, generate and embed. Every duration is in nanoseconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Part(Protocol):
    """Builds what chat and generate say differently: a piece of an answer, or the whole of it."""

    def __call__(
        self, *, content: str = "", thinking: str = "", tool_calls: Sequence[Mapping[str, Any]] = ()
    ) -> dict[str, Any]: ...


def chat_part(*, content: str = "", thinking: str = "", tool_calls: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Build `message`."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if thinking:
        message["thinking"] = thinking
    if tool_calls:
        message["tool_calls"] = list(tool_calls)
    return {"message": message}


def generate_part(
    *, content: str = "", thinking: str = "", tool_calls: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Build `response`; generate has no tools, so calls never come. `context`, the tokens so far, is left out: Ollama
    leaves it out, too, when there are none, and is giving it up.
    """
    return {"response": content, **({"thinking": thinking} if thinking else {})}


def answer_line(
    *, model: str, created: dt.datetime, part: Mapping[str, Any], logprobs: Sequence[Any] = ()
) -> dict[str, Any]:
    """Build a line that others follow; `created` is in UTC."""
    line = {"model": model, "created_at": timestamp(created), **part, "done": False}
    return {**line, "logprobs": list(logprobs)} if logprobs else line


def last_line(
    line: Mapping[str, Any],
    *,
    reason: str,
    durations: tuple[int, int, int],
    prompt_tokens: int,
    answer_tokens: int,
) -> dict[str, Any]:
    """Close a line: the last of a stream, or the whole answer. `durations` are all, until the first piece, after it.

    Clients divide by `eval_duration`: it is never 0. Loading is not told apart from reading the prompt.
    """
    total, prompt, answer = durations
    return {
        **line,
        "done": True,
        "done_reason": reason,
        "total_duration": total,
        "load_duration": 0,
        "prompt_eval_count": prompt_tokens,
        "prompt_eval_duration": prompt,
        "eval_count": answer_tokens,
        "eval_duration": max(1, answer),
    }


def idle_answer(*, model: str, created: dt.datetime, part: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Build the answer to a request that asks for nothing: the model was loaded, or is no longer needed."""
    line = answer_line(model=model, created=created, part=part)
    return {**line, "done": True, "done_reason": reason}


def done_reason(finish_reason: str | None) -> str:
    """Translate OpenAI's finish reason: Ollama knows the end, the limit, and no third."""
    return "length" if finish_reason == "length" else "stop"


def embed_answer(
    *, model: str, embeddings: Sequence[Sequence[float]], total_duration: int, prompt_tokens: int
) -> dict[str, Any]:
    """Build the answer of embed."""
    return {
        "model": model,
        "embeddings": list(embeddings),
        "total_duration": total_duration,
        "load_duration": 0,
        "prompt_eval_count": prompt_tokens,
    }


def timestamp(moment: dt.datetime) -> str:
    """Write a UTC moment as RFC 3339 with `Z`."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
