"""One request answered inside the worker: its prompt, its choices, finish reasons, counts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sidecar.errors import ContextLengthError, RequestError, SidecarError
from sidecar.llama.choice import Choice, Event
from sidecar.llama.client import Client, Progress
from sidecar.llama.decoding import ChatContext
from sidecar.llama.grammar import either_grammar, schema_to_grammar
from sidecar.llama.joining import joined_tokens
from sidecar.llama.logprobs import Entry, token_entry
from sidecar.llama.native import NativeModel
from sidecar.llama.options import SamplingOptions
from sidecar.llama.parts import AnswerParts
from sidecar.llama.sampler import Sampler
from sidecar.llama.tools import ToolUse, calls_grammar
from sidecar.llama.voice import Voice


class Generation:
    """The answer to one request, of one or several choices."""

    def __init__(
        self, model: NativeModel, context: ChatContext, voice: Voice, options: SamplingOptions, *, client: Client
    ) -> None:
        self.model = model
        self.context = context
        self.voice = voice
        self.options = options
        self.client = client
        self.progress = Progress()
        self._left = options.choices
        self._over = False

    def begin(self, messages: Sequence[Any]) -> ChoiceRun:
        """The first choice; the others follow from it. Raises ContextLengthError and RequestError."""
        grammar = self._grammar()
        prompt, thinking = self._prompt(messages, constrained=grammar is not None)
        available = self.model.settings.context_length
        self.progress.prompt_tokens = len(prompt)
        if len(prompt) >= available:
            raise ContextLengthError(needed=len(prompt) + 1, available=available)
        limit = min(self.options.max_tokens or available, available - len(prompt))
        return ChoiceRun(self, 0, prompt, limit=limit, grammar=grammar, thinking=thinking)

    @property
    def over(self) -> bool:
        return self._over

    def choice_ended(self) -> None:
        """One choice is complete."""
        self._left -= 1
        if self._left == 0:
            self.end(cancelled=False, error=None)

    def end(self, *, cancelled: bool, error: SidecarError | None) -> None:
        """Tell the client, once."""
        if not self._over:
            self._over = True
            self.client.ended(self.progress, cancelled, error)

    @cached_property
    def behind_mark(self) -> str:
        """What a call may be whose mark the model has written."""
        assert self.options.tools is not None
        return self._calls(self.options.tools, opened=True)

    def _grammar(self) -> str | None:
        use, schema = self.options.tools, self.options.schema
        answer = schema_to_grammar(self.model.lib, schema) if schema is not None else None
        if use is None or (answer is None and not use.required):
            return answer
        calls = self._calls(use, opened=False)
        # Agents name their tools and the schema of their last answer in one request.
        return calls if answer is None or use.required else either_grammar(answer, calls)

    def _calls(self, use: ToolUse, *, opened: bool) -> str:
        try:
            return calls_grammar(self.model.lib, use, self.voice.dialect.calls, opened=opened)
        except RequestError as error:
            # It speaks of response_format, which the client did not send.
            raise RequestError("The schemas of the tools cannot be followed.", param="tools") from error

    def _prompt(self, messages: Sequence[Any], *, constrained: bool) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether it opens a thought. A grammar closes it at once."""
        use, think = self.options.tools, self.voice.dialect.think
        texts = self.voice.template.render(messages, tools=use.tools if use is not None else ())
        thinking = think is not None and "".join(texts).rstrip().endswith(think.open)
        if think is not None and thinking and constrained:
            texts, thinking = [*texts, f"{think.close}\n\n"], False
        if think is not None and constrained and use is None:
            texts = [*texts, think.said]
        tokens = joined_tokens(texts, lambda text: self.model.tokenize(text, special=True))
        beginning = self.model.beginning()
        # Many templates write the beginning themselves; twice is a known cause of bad answers.
        tokens = tokens if tokens[: len(beginning)] == beginning and tokens else beginning + tokens
        return tokens, thinking


class ChoiceRun:
    """One choice while it is written; what the scheduler calls a run."""

    def __init__(
        self,
        generation: Generation,
        index: int,
        prompt: Sequence[int],
        *,
        limit: int,
        grammar: str | None,
        thinking: bool,
    ) -> None:
        """`limit` is the most tokens of the answer. Raises RequestError for a grammar that cannot be read."""
        self._generation = generation
        self._index = index
        self._limit = limit
        self._grammar = grammar
        self._thinking = thinking
        self._count = 0
        self._begun_at: float | None = None
        self._placed = False
        self.tokens = list(prompt)
        options = generation.options
        self._sampler = Sampler(
            generation.model,
            generation.context,
            options,
            seed=None if options.seed is None else options.seed + index,
            grammar=grammar,
            unwritten=self._unwritten(),
        )
        self._choice = self._new_choice()

    @property
    def exact(self) -> bool:
        return self._generation.options.seed is not None

    @property
    def fresh(self) -> bool:
        # What is kept was evaluated in other calls, so that its last bits may be others.
        return self.exact

    @property
    def cancelled(self) -> bool:
        # A request of which one choice failed is over for all.
        return self._generation.over or self._generation.client.cancelled()

    def placed(self, kept: int) -> None:
        if self._index == 0 and not self._placed:
            self._generation.progress.cached_tokens = kept
            self._generation.client.begun()
        self._placed = True

    def evaluated(self, count: int) -> None:
        # What was written is evaluated too, a token a call; the count is of the prompt, and of what is read again.
        if count > 1 or self._count == 0:
            self._generation.progress.evaluated_tokens += count

    def advance(self, row: int) -> bool:
        """Draw a token, as `Run.advance`. Raises RequestError."""
        if self._index == 0 and self._count == 0 and self._generation.options.choices > 1:
            self._generation.client.spread(self._siblings())
        token = self._sampler.next(row)
        if token is None and self._count == 0:
            field = self._generation.options.held_by
            raise RequestError(f"What {field} asks for allows no answer.", param=field)
        if token is None or self._generation.model.ends(token):
            return self._ended("stop")
        if self._count == self._limit:
            # This token was drawn only to see whether the answer would have ended here anyway: the limit cuts it.
            return self._ended("length")
        self._count += 1
        progress = self._generation.progress
        progress.generated_tokens += 1
        if self._index == 0:
            self._begun_at = self._begun_at or time.monotonic()
            progress.written_tokens, progress.writing_seconds = self._count, time.monotonic() - self._begun_at
        progress.reasoning_tokens += self._choice.parts.thinking
        self._send(self._choice.feed(self._piece(token), self._entry(token, row)))
        if self._choice.over:
            return self._ended("stop")
        if self._choice.parts.at_call and not self._sampler.constrained:
            self._sampler.constrain(self._generation.behind_mark)
        self.tokens.append(token)
        return False

    def stopped(self) -> None:
        self._sampler.close()
        self._generation.end(cancelled=True, error=None)

    def failed(self, error: SidecarError) -> None:
        self._sampler.close()
        self._generation.end(cancelled=False, error=error)

    def _siblings(self) -> list[ChoiceRun]:
        """The other choices, which begin with the prompt that this one has had evaluated."""
        prompt = self.tokens[: self._generation.progress.prompt_tokens]
        return [
            ChoiceRun(
                self._generation, index, prompt, limit=self._limit, grammar=self._grammar, thinking=self._thinking
            )
            for index in range(1, self._generation.options.choices)
        ]

    def _ended(self, reason: str) -> bool:
        self._send(self._choice.finish(reason))
        self._sampler.close()
        self._generation.choice_ended()
        return True

    def _new_choice(self) -> Choice:
        use, dialect = self._generation.options.tools, self._generation.voice.dialect
        parts = AnswerParts(
            think=dialect.think,
            thinking=self._thinking,
            calls=dialect.calls if use is not None else None,
            names=use.names if use is not None else (),
            parallel=use is None or use.parallel,
            # An answer in a schema may look like a call, and may hold a mark in a string.
            strict=self._generation.options.schema is not None,
        )
        stops = () if use is not None and use.required else self._generation.options.stop
        return Choice(parts, stops=stops, hard_stops=self._generation.voice.template.stops)

    def _send(self, events: Iterable[Event]) -> None:
        for event in events:
            self._generation.client.event(self._index, event)

    def _piece(self, token: int) -> bytes:
        return self._generation.voice.marks.get(token) or self._generation.model.piece(token)

    def _entry(self, token: int, row: int) -> Entry | None:
        top = self._generation.options.logprobs
        if top is None:
            return None
        logits = self._generation.context.logits(row)
        return token_entry(logits, token, top=top, piece=self._generation.model.described_piece)

    def _unwritten(self) -> Any:
        voice = self._generation.voice
        marks = list(voice.marks) if self._generation.options.tools is not None else []
        return np.setdiff1d(voice.unwritten, np.array(marks, dtype=np.intp))
