"""A chat model that lives on an upstream server: what it is sent fits its window, and never leaves unasked.

Every server is spoken to in OpenAI's words, the request passed through, but for Ollama, which has an API of its own.
What a server refuses to know (`stream_options`, `max_tokens`) is learned from its first refusal.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from sidecar.errors import UpstreamError
from sidecar.inference.fitting import fitted, length_error, was_cut
from sidecar.inference.model import Completion, Delta
from sidecar.inference.ollama import request_body, window_for
from sidecar.inference.ollama_answer import OllamaAnswer
from sidecar.inference.openai_answer import OpenAIAnswer
from sidecar.inference.tokens import estimate_tokens
from sidecar.upstream.server import Upstream

_PATH = "chat/completions"
_OLLAMA_PATH = "/api/chat"


class UpstreamChatModel:
    """A `ChatModel`. The upstream is shared and stays open when this closes."""

    def __init__(
        self,
        upstream: Upstream,
        model: str,
        *,
        name: str | None = None,
        context_length: int | None = None,
        here_only: bool = False,
    ) -> None:
        """`model` is its name on the server, `name` the id here, the same when `None`. `context_length` is the window
        in tokens that an Ollama is asked for. `here_only` refuses a model that the server passes on to another
        machine.
        """
        self._upstream = upstream
        self._model = model
        self._name = name or model
        self._context_length = context_length
        self._here_only = here_only
        self._usage_option = True
        self._limit_name = "max_tokens"

    @property
    def name(self) -> str:
        return self._name

    @property
    def generative(self) -> bool:
        return True

    @property
    def on_this_machine(self) -> bool:
        """Whether the server is, and is not known to pass this model's prompts on."""
        return self._upstream.on_this_machine and not self._upstream.runs_elsewhere(self._model)

    async def context_length(self) -> int | None:
        """The window: of an Ollama the one that it is asked for, of others the one that they tell."""
        try:
            kind = await self._upstream.kind()
        except UpstreamError:
            return None
        if kind == "ollama":
            return window_for(await self._upstream.show(self._model), wanted=self._context_length)
        return await self._upstream.context_length(self._model)

    async def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece; `finish_reason`s come at the end, `usage` with the last.

        Raises ContextLengthError, RequestError, UpstreamError.
        """
        stays = self.on_this_machine or completion.stays
        kind, window = await self._upstream.kind(), await self.context_length()
        self._check_place(stays=stays)
        completion = await fitted(completion, upstream=self._upstream, model=self._model, window=window)
        ollama = kind == "ollama"
        one_call = completion.options.get("parallel_tool_calls") is False
        answer = OllamaAnswer(one_call=one_call) if ollama else OpenAIAnswer()
        lines = self._ollama_lines(completion, stays=stays) if ollama else self._events(completion, stays=stays)
        try:
            async with aclosing(lines) as events:
                async for event in events:
                    for delta in answer.read(event):
                        yield delta
        except UpstreamError as refusal:
            raise length_error(refusal, completion, window=window) from refusal
        # Before the last delta: whoever reads may leave with it.
        self._look_for_cut(completion, answer.evaluated, window=window)
        for delta in answer.endings(prompt=completion):
            yield delta

    async def aclose(self) -> None:
        """Nothing is held."""

    def _check_place(self, *, stays: bool) -> None:
        """Refuse to send elsewhere what was put together for this machine. Asked right before each sending, since what
        a server tells of its models may change whenever it is asked anything.
        """
        if self.on_this_machine or not (stays or self._here_only):
            return
        server, why = self._upstream.name, "`offline` is set" if self._here_only else "that was not known until now"
        raise UpstreamError(
            f"{server} passes what '{self._model}' is sent on to another machine, and {why}.",
            hint="Choose a model that runs here." if self._here_only else "Ask again, if that is what you want.",
        )

    def _look_for_cut(self, completion: Completion, evaluated: int | None, *, window: int | None) -> None:
        if was_cut(completion.messages, evaluated=evaluated):
            told = f"tells a window of {window:,} tokens" if window else "does not tell its window"
            self._upstream.notice(
                f"{self._upstream.name} read only {evaluated:,} tokens of a longer prompt for '{self._model}': it cuts"
                f" without a word. It {told}; give the model a larger one there."
            )

    async def _ollama_lines(self, completion: Completion, *, stays: bool) -> AsyncGenerator[dict[str, Any], None]:
        model = await self._upstream.show(self._model)
        self._check_place(stays=stays)
        window = window_for(model, wanted=self._context_length)
        body = request_body(self._model, completion, model=model, window=window)
        async with aclosing(self._upstream.stream_lines(_OLLAMA_PATH, body)) as lines:
            async for line in lines:
                yield line

    async def _events(self, completion: Completion, *, stays: bool) -> AsyncGenerator[dict[str, Any], None]:
        """Ask again without what the server refuses to know, as long as nothing has come."""
        while True:
            started = False
            self._check_place(stays=stays)
            try:
                async with aclosing(self._upstream.stream_events(_PATH, self._body(completion))) as events:
                    async for event in events:
                        started = True
                        yield event
                return
            except UpstreamError as exc:
                if started or not self._learned(exc):
                    raise

    def _body(self, completion: Completion) -> dict[str, Any]:
        options = {name: value for name, value in completion.options.items() if value is not None}
        if "max_tokens" in options:
            options[self._limit_name] = options.pop("max_tokens")
        wanted = options.pop("stream_options", {})
        if self._usage_option:
            options["stream_options"] = {**wanted, "include_usage": True}
        return {**options, "model": self._model, "messages": list(completion.messages), "stream": True}

    def _learned(self, refusal: UpstreamError) -> bool:
        if refusal.status not in (400, 422):
            return False
        if self._usage_option and "stream_options" in refusal.message:
            self._usage_option = False
            return True
        # OpenAI's reasoning models: "Unsupported parameter: 'max_tokens' … Use 'max_completion_tokens' instead."
        if self._limit_name == "max_tokens" and "max_completion_tokens" in refusal.message:
            self._limit_name = "max_completion_tokens"
            return True
        return False
