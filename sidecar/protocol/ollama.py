"""Ollama's API (https://github.com/ollama/ollama/blob/main/docs/api.md): the request bodies.

A body is read leniently, as Ollama reads it: options that mean nothing here (`num_ctx`, `num_gpu`, `mirostat`) are
ignored, and so are a prompt `template` and a `context` of token ids, which belong to one model's own vocabulary.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import MAX_OUTPUT, Body, HereBody, Stop, Whole, read_body
from sidecar.protocol.ollama_messages import openai_messages
from sidecar.protocol.openai_chat import ChatBody
from sidecar.protocol.openai_embeddings import MAX_INPUTS

_NO_TIME = re.compile(r"[+-]?0+(?:\.0+)?(?:ns|us|µs|ms|s|m|h)?")
_EFFORTS = frozenset({"low", "medium", "high"})


def _output_limit(value: Any) -> Any:
    """Ollama knows two words for "no limit", -1 and -2 (until the context is full), and takes 0 for one too."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(min(value, MAX_OUTPUT)) if value >= 1 else None
    return value


def _format(wanted: Any) -> dict[str, Any] | None:
    """Turn `format` into OpenAI's `response_format`."""
    if wanted == "":
        return None
    if wanted in ("json", {}):
        return {"type": "json_object"}
    if not isinstance(wanted, dict):
        raise RequestError("Invalid 'format': use \"json\" or a JSON Schema object.", param="format")
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted}}


class OptionsBody(Body):
    """`options`: what is asked of the sampling. A model's context window is set where the model is, not here."""

    num_predict: Annotated[int | None, BeforeValidator(_output_limit)] = None
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_k: Whole | None = None
    min_p: float | None = Field(default=None, ge=0, le=1)
    seed: Whole | None = None
    stop: Stop = None
    repeat_penalty: float | None = Field(default=None, ge=0)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)

    def sampling(self) -> dict[str, Any]:
        """The fields in OpenAI's words; those that were not sent are absent."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name in type(self).model_fields}
        # A negative seed asks for a new one each time.
        if self.seed is not None and self.seed < 0:
            sent.pop("seed")
        sent["max_tokens"] = sent.pop("num_predict", None)
        return {name: value for name, value in sent.items() if value is not None}


class AskBody(HereBody):
    """What chat and generate share."""

    model: str = Field(min_length=1, max_length=512)
    stream: bool = True
    options: OptionsBody = Field(default_factory=OptionsBody)
    response_format: Annotated[Any, AfterValidator(_format)] = Field(default=None, alias="format")
    keep_alive: Any = None
    think: Any = None
    logprobs: bool | None = None
    top_logprobs: Whole | None = Field(default=None, ge=0, le=20)

    @property
    def unloads(self) -> bool:
        """Whether the model is to be put away at once: `keep_alive` is no time at all."""
        if isinstance(self.keep_alive, str):
            return _NO_TIME.fullmatch(self.keep_alive.strip()) is not None
        return isinstance(self.keep_alive, int | float) and self.keep_alive == 0

    @property
    def shows_thinking(self) -> bool:
        """Whether what the model thought is part of the answer. Said or not, it never stands in the content."""
        return self.think is not False

    def _openai(self, messages: list[dict[str, Any]], tools: Any = None) -> ChatBody:
        asked = {
            "model": self.model,
            "messages": openai_messages(messages),
            "tools": tools,
            "response_format": self.response_format,
            "logprobs": self.logprobs,
            "top_logprobs": self.top_logprobs if self.logprobs else None,
            "reasoning_effort": self.think if isinstance(self.think, str) and self.think in _EFFORTS else None,
        }
        return read_body(ChatBody, asked)


class OllamaChatBody(AskBody):
    """`POST /api/chat`. Without messages it only loads the model."""

    messages: list[dict[str, Any]] = Field(default_factory=list)
    tools: list[dict[str, Any]] | None = None

    def openai(self) -> ChatBody:
        """The same request in OpenAI's words, checked as such; sampling is in `options` still."""
        return self._openai(self.messages, self.tools)


class GenerateBody(AskBody):
    """`POST /api/generate`. Without a prompt it only loads the model."""

    prompt: str = ""
    suffix: str = ""
    system: str = ""
    images: list[str] = Field(default_factory=list)

    def openai(self) -> ChatBody:
        """The prompt as a conversation of one user message, checked. Raises RequestError for text to be filled in."""
        if self.suffix:
            raise RequestError(f"{self.model!r} does not support insert: models here answer, they do not fill in.")
        system = [{"role": "system", "content": self.system}] if self.system else []
        return self._openai([*system, {"role": "user", "content": self.prompt, "images": self.images}])


def _texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) and given else given or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RequestError("Invalid 'input': send a string or a list of strings.", param="input")
    if len(texts) > MAX_INPUTS:
        raise RequestError(f"'input' holds {len(texts)} texts; at most {MAX_INPUTS} fit a request.", param="input")
    return list(texts)


class EmbedBody(Body):
    """`POST /api/embed`. Without input it only loads the model. `truncate` is not read: texts are always cut."""

    model: str = Field(min_length=1, max_length=512)
    input: Annotated[Any, AfterValidator(_texts)] = Field(default_factory=list)
    dimensions: Whole | None = None


class OllamaEmbeddingsBody(Body):
    """`POST /api/embeddings`, the older way: one text."""

    model: str = Field(min_length=1, max_length=512)
    prompt: str = ""


class NameBody(Body):
    """A body that names a model; `name` is the older word."""

    model: str = Field(default="", max_length=512)
    name: str = Field(default="", max_length=512)
    stream: bool = True

    @property
    def wanted(self) -> str:
        """The name. Raises RequestError without one."""
        if not (self.model or self.name):
            raise RequestError("model is required", param="model", code="missing_required_parameter")
        return self.model or self.name
