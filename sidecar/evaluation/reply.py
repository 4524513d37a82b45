"""An answer as it came: its text, what it cites, what the model was given, how long it took."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.evaluation.questions import Question
from sidecar.inference.model import ChatModel, Completion, Delta, Message, Source

Ask: TypeAlias = Callable[[ChatRequest, ChatModel], AsyncGenerator[AnswerDelta, None]]
"""Answers a request from the notes with a model, as `sidecar.chat.answer` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A passage that an answer rests on. Lines count from 1, both included; `text` is what of it is known."""

    path: str
    link: str
    start_line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of asking. `None` stands for what the one who was asked does not tell."""

    text: str
    cited: tuple[Cited, ...]
    seconds: float
    first_seconds: float | None
    """Until the first word; `None` for an answer without any."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut: bool = False
    """Whether the answer ended because it was too long."""
    given: tuple[Source, ...] | None = None
    """The passages that the model was given."""
    written: str | None = None
    """The model's own text, before its citations were checked."""


class Answerer(Protocol):
    """Who is asked."""

    async def reply(self, question: Question) -> Reply:
        """Answer a question, with the conversation before it. Raises SidecarError."""


class ModelAnswerer:
    """A model in this process, with the notes."""

    def __init__(self, model: ChatModel, ask: Ask, *, options: Mapping[str, Any]) -> None:
        """`options` as in `ChatRequest.options`."""
        self._model = model
        self._ask = ask
        self._options = options

    async def warm_up(self) -> None:
        """Have the model write one word, so that no answer's time has the loading in it. Raises SidecarError."""
        if self._model.generative:
            hello = Completion(messages=[{"role": "user", "content": "Hi"}], options={"max_tokens": 1})
            async with aclosing(self._model.stream(hello)) as stream:
                async for _ in stream:
                    pass

    async def reply(self, question: Question) -> Reply:
        """Answer a question, as `Answerer` has it."""
        listening = _Listening(self._model)
        request = ChatRequest(messages=messages_of(question), options=self._options)
        gathered = Gathering()
        async with aclosing(self._ask(request, listening)) as deltas:
            async for delta in deltas:
                gathered.feed(delta)
        return gathered.whole(given=listening.given, written="".join(listening.written))


@dataclass(slots=True)
class Gathering:
    """An answer while it comes; time runs from its making."""

    begun: float = field(default_factory=time.perf_counter)
    first_seconds: float | None = None
    text: list[str] = field(default_factory=list)
    cited: tuple[Cited, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut: bool = False

    def add_text(self, text: str) -> None:
        """Take more of the text."""
        if text and self.first_seconds is None:
            self.first_seconds = time.perf_counter() - self.begun
        self.text.append(text)

    def feed(self, delta: AnswerDelta) -> None:
        """Take a delta of the only choice."""
        self.add_text(delta.content)
        self.cut = self.cut or delta.finish_reason == "length"
        if delta.usage is not None:
            self.prompt_tokens, self.completion_tokens = delta.usage.prompt_tokens, delta.usage.completion_tokens
        for source in delta.sources or ():
            lines = {"start_line": source.start_line, "end_line": source.end_line}
            self.cited += (Cited(path=source.path, link=source.link, text=source.quote, **lines),)

    def whole(self, *, given: tuple[Source, ...] | None = None, written: str | None = None) -> Reply:
        """The answer at its end."""
        return Reply(
            text="".join(self.text),
            cited=self.cited,
            seconds=time.perf_counter() - self.begun,
            first_seconds=self.first_seconds,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cut=self.cut,
            given=given,
            written=written,
        )


def messages_of(question: Question) -> list[Message]:
    """A question and the conversation before it, as a client would send them."""
    earlier: list[Message] = [{"role": turn.role, "content": turn.text} for turn in question.earlier]
    return [*earlier, {"role": "user", "content": question.text}]


class _Listening:
    """A model, and what it was given and wrote when it was first asked; what is asked after that only checks."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.given: tuple[Source, ...] | None = None
        self.written: list[str] = []

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def generative(self) -> bool:
        return self._model.generative

    @property
    def on_this_machine(self) -> bool:
        return self._model.on_this_machine

    async def context_length(self) -> int | None:
        return await self._model.context_length()

    async def count_tokens(self, text: str) -> int:
        return await self._model.count_tokens(text)

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        first = self.given is None
        if first:
            self.given = tuple(completion.sources)
        async with aclosing(self._model.stream(completion)) as stream:
            async for delta in stream:
                if first:
                    self.written.append(delta.content)
                yield delta

    async def aclose(self) -> None:
        """The model belongs to another."""
