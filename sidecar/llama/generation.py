"""One request answered inside the worker: prompt, prefill, tokens, finish reasons, counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.errors import ContextLengthError, RequestError
from sidecar.llama.answer import AnswerText
from sidecar.llama.grammar import schema_to_grammar
from sidecar.llama.native import NativeModel
from sidecar.llama.options import SamplingOptions
from sidecar.llama.sampler import Sampler
from sidecar.llama.template import ChatTemplate


@dataclass(slots=True, kw_only=True)
class Progress:
    """What has been done so far, readable when the work was given up half-way."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    evaluated_tokens: int = 0
    """Tokens of the prompt that were really computed."""
    generated_tokens: int = 0


class Generation:
    """The answer to one request. `emit(index, text, finish_reason)` gets every piece."""

    def __init__(
        self,
        model: NativeModel,
        template: ChatTemplate,
        options: SamplingOptions,
        *,
        emit: Callable[[int, str, str | None], None],
    ) -> None:
        self._model = model
        self._template = template
        self._options = options
        self._emit = emit
        self.progress = Progress()

    def run(self, messages: Sequence[Any], *, tools: Sequence[Any] | None) -> None:
        """Answer. Raises ContextLengthError and RequestError before any work, StoppedError when it is given up."""
        prompt = self._prompt(messages, tools)
        available = self._model.settings.context_length
        self.progress.prompt_tokens = len(prompt)
        if len(prompt) >= available:
            raise ContextLengthError(needed=len(prompt) + 1, available=available)
        limit = min(self._options.max_tokens or available, available - len(prompt))
        schema = self._options.schema
        grammar = schema_to_grammar(self._model.lib, schema) if schema is not None else None
        for index in range(self._options.choices):
            self._answer(index, prompt, limit=limit, grammar=grammar)

    def _prompt(self, messages: Sequence[Any], tools: Sequence[Any] | None) -> list[int]:
        texts = self._template.render(messages, tools=tools)
        tokens = [t for text in texts if text for t in self._model.tokenize(text, special=True)]
        beginning = self._model.beginning()
        # Many templates write the beginning themselves; twice is a known cause of bad answers.
        return tokens if tokens[: len(beginning)] == beginning and tokens else beginning + tokens

    def _answer(self, index: int, prompt: list[int], *, limit: int, grammar: str | None) -> None:
        seed = self._options.seed
        sampler = Sampler(self._model, self._options, seed=None if seed is None else seed + index, grammar=grammar)
        try:
            # The last bits of a logit depend on how a prompt was cut into calls: a seed promises that they do not.
            kept = self._model.evaluate(prompt, fresh=seed is not None and index == 0, on_piece=self._evaluated)
            if index == 0:
                self.progress.cached_tokens = kept
            self._decode(index, sampler, limit=limit)
        finally:
            sampler.close()

    def _decode(self, index: int, sampler: Sampler, *, limit: int) -> None:
        text = AnswerText((*self._options.stop, *self._template.stops))
        for count in range(limit + 1):
            token = sampler.next()
            if token is None and count == 0:
                raise RequestError("The JSON Schema in response_format allows no answer.", param="response_format")
            if token is None or self._model.ends(token):
                self._emit(index, text.finish(), "stop")
                return
            if count == limit:
                # This token was drawn only to see whether the answer would have ended here anyway: the limit cuts it.
                self._emit(index, text.finish(), "length")
                return
            self.progress.generated_tokens += 1
            self._emit(index, text.feed(self._model.piece(token)), None)
            if text.stopped:
                self._emit(index, "", "stop")
                return
            self._model.extend([token])

    def _evaluated(self, count: int) -> None:
        self.progress.evaluated_tokens += count
