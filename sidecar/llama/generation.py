"""One request answered inside the worker: prompt, prefill, tokens, finish reasons, counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sidecar.errors import ContextLengthError, RequestError
from sidecar.llama.choice import Choice, Event
from sidecar.llama.dialect import Dialect
from sidecar.llama.grammar import either_grammar, schema_to_grammar
from sidecar.llama.logprobs import Entry, token_entry
from sidecar.llama.native import NativeModel
from sidecar.llama.options import SamplingOptions
from sidecar.llama.parts import AnswerParts
from sidecar.llama.sampler import Sampler
from sidecar.llama.template import ChatTemplate
from sidecar.llama.tools import calls_grammar


@dataclass(slots=True, kw_only=True)
class Progress:
    """What has been done so far, readable when the work was given up half-way."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    evaluated_tokens: int = 0
    """Tokens of the prompt that were really computed."""
    generated_tokens: int = 0
    reasoning_tokens: int = 0
    """Those of the generated tokens that were a thought."""


class Voice:
    """How a loaded model speaks: its template, its marks, and the tokens that have no text of their own."""

    def __init__(self, model: NativeModel, template: ChatTemplate, dialect: Dialect) -> None:
        self.template = template
        self.dialect = dialect
        self.unwritten = np.array(model.unwritten(), dtype=np.intp)
        marks = {model.token_of(mark): mark.encode("utf-8") for mark in dialect.marks}
        self.marks = {token: text for token, text in marks.items() if token is not None and token in self.unwritten}
        """Marks that are control tokens, whose text answers leave out otherwise."""


class Generation:
    """The answer to one request. `emit(index, event)` gets every piece."""

    def __init__(
        self,
        model: NativeModel,
        voice: Voice,
        options: SamplingOptions,
        *,
        emit: Callable[[int, Event], None],
    ) -> None:
        self._model = model
        self._voice = voice
        self._options = options
        self._emit = emit
        self.progress = Progress()

    def run(self, messages: Sequence[Any]) -> None:
        """Answer. Raises ContextLengthError and RequestError before any work, StoppedError when it is given up."""
        grammar = self._grammar()
        prompt, thinking = self._prompt(messages, constrained=grammar is not None)
        available = self._model.settings.context_length
        self.progress.prompt_tokens = len(prompt)
        if len(prompt) >= available:
            raise ContextLengthError(needed=len(prompt) + 1, available=available)
        limit = min(self._options.max_tokens or available, available - len(prompt))
        for index in range(self._options.choices):
            self._answer(index, prompt, limit=limit, grammar=grammar, thinking=thinking)

    def _grammar(self) -> str | None:
        use, schema = self._options.tools, self._options.schema
        answer = schema_to_grammar(self._model.lib, schema) if schema is not None else None
        if use is None or (answer is None and not use.required):
            return answer
        calls = calls_grammar(self._model.lib, use, self._voice.dialect.calls, opened=False)
        # Agents name their tools and the schema of their last answer in one request.
        return calls if answer is None or use.required else either_grammar(answer, calls)

    @cached_property
    def _behind_mark(self) -> str:
        """What a call may be whose mark the model has written."""
        assert self._options.tools is not None
        return calls_grammar(self._model.lib, self._options.tools, self._voice.dialect.calls, opened=True)

    def _prompt(self, messages: Sequence[Any], *, constrained: bool) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether it opens a thought. A grammar closes it at once."""
        use, think = self._options.tools, self._voice.dialect.think
        texts = self._voice.template.render(messages, tools=use.tools if use is not None else ())
        thinking = think is not None and "".join(texts).rstrip().endswith(think.open)
        if think is not None and thinking and constrained:
            texts, thinking = [*texts, f"{think.close}\n\n"], False
        tokens = [t for text in texts if text for t in self._model.tokenize(text, special=True)]
        beginning = self._model.beginning()
        # Many templates write the beginning themselves; twice is a known cause of bad answers.
        tokens = tokens if tokens[: len(beginning)] == beginning and tokens else beginning + tokens
        return tokens, thinking

    def _answer(self, index: int, prompt: list[int], *, limit: int, grammar: str | None, thinking: bool) -> None:
        seed = self._options.seed
        sampler = Sampler(
            self._model,
            self._options,
            seed=None if seed is None else seed + index,
            grammar=grammar,
            unwritten=self._unwritten(),
        )
        try:
            # The last bits of a logit depend on how a prompt was cut into calls: a seed promises that they do not.
            kept = self._model.evaluate(prompt, fresh=seed is not None and index == 0, on_piece=self._evaluated)
            if index == 0:
                self.progress.cached_tokens = kept
            self._decode(index, sampler, self._choice(thinking=thinking), limit=limit)
        finally:
            sampler.close()

    def _choice(self, *, thinking: bool) -> Choice:
        use, dialect = self._options.tools, self._voice.dialect
        parts = AnswerParts(
            think=dialect.think,
            thinking=thinking,
            calls=dialect.calls if use is not None else None,
            names=use.names if use is not None else (),
            parallel=use is None or use.parallel,
            # An answer in a schema may look like a call, and may hold a mark in a string.
            strict=self._options.schema is not None,
        )
        stops = () if use is not None and use.required else self._options.stop
        return Choice(parts, stops=stops, hard_stops=self._voice.template.stops)

    def _decode(self, index: int, sampler: Sampler, choice: Choice, *, limit: int) -> None:
        for count in range(limit + 1):
            token = sampler.next()
            if token is None and count == 0:
                raise RequestError("The JSON Schema in response_format allows no answer.", param="response_format")
            if token is None or self._model.ends(token):
                return self._send(index, choice.finish("stop"))
            if count == limit:
                # This token was drawn only to see whether the answer would have ended here anyway: the limit cuts it.
                return self._send(index, choice.finish("length"))
            self.progress.generated_tokens += 1
            self.progress.reasoning_tokens += choice.parts.thinking
            self._send(index, choice.feed(self._piece(token), self._entry(token)))
            if choice.over:
                return self._send(index, choice.finish("stop"))
            if choice.parts.at_call and not sampler.constrained:
                sampler.constrain(self._behind_mark)
            self._model.extend([token])
        return None

    def _send(self, index: int, events: Any) -> None:
        for event in events:
            self._emit(index, event)

    def _piece(self, token: int) -> bytes:
        return self._voice.marks.get(token) or self._model.piece(token)

    def _entry(self, token: int) -> Entry | None:
        top = self._options.logprobs
        if top is None:
            return None
        return token_entry(self._model.logits(), token, top=top, piece=self._model.described_piece)

    def _unwritten(self) -> Any:
        marks = list(self._voice.marks) if self._options.tools is not None else []
        return np.setdiff1d(self._voice.unwritten, np.array(marks, dtype=np.intp))

    def _evaluated(self, count: int) -> None:
        self.progress.evaluated_tokens += count
