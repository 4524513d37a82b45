"""What chat and legacy completions share: asking the runtime, asking it `n` times, and gathering a whole answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeAlias

from sidecar.api.openai.tool_calls import ToolCalls
from sidecar.chat import AnswerDelta
from sidecar.citations import Annotation, CitedSource
from sidecar.inference.model import Usage
from sidecar.protocol.openai_chat import Head, VaultOptions, url_citation
from sidecar.protocol.openai_usage import usage_body
from sidecar.runtime.models import ChatTarget
from sidecar.runtime.runtime import Runtime

Deltas: TypeAlias = AsyncGenerator[AnswerDelta, None]


def target_of(runtime: Runtime, model: str, wanted: VaultOptions | None) -> ChatTarget:
    """The model, with the vault that its id names unless the `vault` field asks for another."""
    target = runtime.chat_target(model)
    if wanted is not None and (wanted.name is not None or (wanted.mode == "always" and target.vault is None)):
        return replace(target, vault=runtime.vault(wanted.name))
    return target


def head(model: str, *, prefix: str) -> Head:
    """Make up the id of a new answer."""
    return Head(id=f"{prefix}-{uuid.uuid4().hex}", created=int(time.time()), model=model)


async def several(asks: Sequence[Callable[[], Deltas]]) -> Deltas:
    """Run one question after the other; each becomes the choice of its position. Usage comes once, last, added up.

    One after the other because a local model answers one question at a time anyway. The prompt counts once per run: it
    is read once per run.
    """
    counts: list[Usage] = []
    for index, ask in enumerate(asks):
        async with aclosing(ask()) as deltas:
            async for delta in deltas:
                # Each run is asked for one choice; an upstream that gives more anyway is held to it.
                if delta.index == 0:
                    yield replace(delta, index=index, usage=None)
                if delta.usage is not None:
                    counts.append(delta.usage)
    if counts:
        yield AnswerDelta(
            usage=Usage(
                prompt_tokens=sum(count.prompt_tokens for count in counts),
                completion_tokens=sum(count.completion_tokens for count in counts),
                cached_tokens=sum(count.cached_tokens for count in counts),
                reasoning_tokens=sum(count.reasoning_tokens for count in counts),
            )
        )


def unwatched(deltas: Deltas) -> Deltas:
    """Leave an answer as it is, where none measures it."""
    return deltas


def seeded(options: dict[str, Any], run: int) -> dict[str, Any]:
    """The options of one of several runs: with one seed for all, every choice would be the same."""
    return {**options, "seed": options["seed"] + run} if run and "seed" in options else options


@dataclass(slots=True)
class Choice:
    """One choice while it is put together."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tool_calls: ToolCalls = field(default_factory=ToolCalls)
    logprobs: list[Any] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    finish_reason: str | None = None

    def feed(self, delta: AnswerDelta) -> None:
        """Take the next delta of this choice."""
        self.content.append(delta.content)
        self.reasoning.append(delta.reasoning)
        self.tool_calls.feed(delta.tool_calls)
        self.annotations.extend(delta.annotations)
        if delta.logprobs is not None:
            self.logprobs.extend(delta.logprobs.get("content") or ())
        if delta.finish_reason is not None:
            self.finish_reason = finish_reason(delta.finish_reason, self.tool_calls)


@dataclass(slots=True)
class LeftOut:
    """What was found and the model was not given: notes that stay on this machine, passages without room."""

    withheld: int = 0
    trimmed: int = 0
    still_reading: bool = False
    """Whether notes could not be found, as they have not been read yet."""
    refused_calls: list[str] = field(default_factory=list)
    """Tools whose calls the client was not given, because a note asked for them."""

    def feed(self, delta: AnswerDelta) -> None:
        """Take the next delta of any choice."""
        self.withheld = max(self.withheld, delta.withheld)
        self.trimmed = max(self.trimmed, delta.trimmed)
        self.still_reading |= delta.still_reading
        self.refused_calls += delta.refused_calls

    def told(self) -> dict[str, Any]:
        """The numbers that are not 0, what is true, and the calls where there are some."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(slots=True)
class Gathered:
    """A whole answer."""

    choices: list[Choice] = field(default_factory=list)
    usage: Usage | None = None
    sources: list[CitedSource] | None = None
    left_out: LeftOut = field(default_factory=LeftOut)


async def gather(deltas: Deltas, *, choices: int) -> Gathered:
    """Read an answer to its end."""
    gathered = Gathered(choices=[Choice() for _ in range(choices)])
    async with aclosing(deltas):
        async for delta in deltas:
            gathered.choices[delta.index].feed(delta)
            gathered.usage = delta.usage or gathered.usage
            gathered.sources = merge_sources(gathered.sources, delta.sources)
            gathered.left_out.feed(delta)
    return gathered


def merge_sources(known: list[CitedSource] | None, new: Sequence[CitedSource] | None) -> list[CitedSource] | None:
    """Add what is not yet there; `None` means that no vault was asked."""
    if new is None:
        return known
    known = known or []
    return known + [source for source in new if source not in known]


def finish_reason(reason: str, tool_calls: ToolCalls) -> str:
    """Clients run tools when the reason says so; some models say `stop` after a call."""
    return "tool_calls" if tool_calls and reason == "stop" else reason


def usage(counts: Usage | None) -> dict[str, Any]:
    """Build `usage`; a model that counts nothing gives zeros, because clients add the numbers up."""
    return usage_body(
        prompt_tokens=counts.prompt_tokens if counts else 0,
        completion_tokens=counts.completion_tokens if counts else 0,
        cached_tokens=counts.cached_tokens if counts else 0,
        reasoning_tokens=counts.reasoning_tokens if counts else 0,
    )


def annotation_bodies(annotations: Sequence[Annotation]) -> list[dict[str, Any]]:
    """Build `annotations`."""
    return [
        url_citation(url=each.url, title=each.title, start_index=each.start_index, end_index=each.end_index)
        for each in annotations
    ]


def vault_body(sources: Sequence[CitedSource] | None, left_out: LeftOut) -> dict[str, Any] | None:
    """Build `vault`; `None` where no vault was asked."""
    if sources is None:
        return None
    return {"sources": [asdict(source) for source in sources], **left_out.told()}


def left_out_body(left_out: LeftOut) -> dict[str, Any]:
    """Build what an answer without sources says of what the model was not given; nothing when it was given all."""
    return {"vault": told} if (told := left_out.told()) else {}
