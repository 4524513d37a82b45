"""The protocol every chat model follows: OpenAI-shaped messages in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Message: TypeAlias = Mapping[str, Any]
"""An OpenAI chat message (`role`, `content`, `tool_calls`, …) with any further keys kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage of a note that the answer may rest on, as a model that quotes needs it."""

    link: str
    """Wikilink target, `Note` or `Note#Heading`, that leads to the passage."""
    title: str
    heading_path: tuple[str, ...]
    text: str
    date: str | None
    score: float
    """In [0, 1], how well it matches the question."""
    lead: str = ""
    """What of the note's earlier text it cannot be read without: the header of its table, what introduces its list."""
    mentioned: bool = False
    """Whether the user named the note."""
    properties: tuple[tuple[str, str], ...] = ()
    """Properties of the note that its text lacks, name and value; a value that was cut ends with an ellipsis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One request for an answer."""

    messages: Sequence[Message]
    """The whole prompt, retrieved passages included."""
    sources: Sequence[Source] = ()
    """The passages by themselves, best first; only models that quote look here."""
    question: str = ""
    """The user's last message as plain text."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """OpenAI's sampling and output fields as the client sent them: `temperature`, `top_p`, `max_tokens`, `stop`,
    `seed`, `tools`, `tool_choice`, `response_format`, `n`, `logprobs`, `logit_bias` and so on. A field that is absent
    or `None` means the default. `max_completion_tokens` has been folded into `max_tokens`; -1 has become absent.
    """
    stays: bool = False
    """Whether the prompt holds text of notes that stay on this machine."""
    still_reading: bool = False
    """Whether notes could not be found, as they have not been read yet; only models that quote say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts in the model's own tokens."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    """Those of the completion tokens that were a thought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A piece of an answer. A stream gives, per choice, pieces of content and then exactly one with `finish_reason`;
    `usage` comes with the last delta of the stream.
    """

    index: int = 0
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """OpenAI's streamed tool-call deltas, each with an integer `index`."""
    finish_reason: str | None = None
    logprobs: Mapping[str, Any] | None = None
    usage: Usage | None = None


class ChatModel(Protocol):
    """Answers. Closing the generator (a client that leaves) stops the work within one token."""

    @property
    def name(self) -> str:
        """The id shown to users and clients."""

    @property
    def generative(self) -> bool:
        """False for the extractive model, which only quotes."""

    @property
    def on_this_machine(self) -> bool:
        """False when what it is sent leaves this machine."""

    async def context_length(self) -> int | None:
        """Context window in tokens, or `None` when it cannot be known. May ask the upstream; may not load weights."""

    async def count_tokens(self, text: str) -> int:
        """Tokens in a text, exact where the model's tokenizer is at hand, else a careful over-estimate."""

    def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """Answer piece by piece. Raises before the first delta: ContextLengthError, ModelUnavailableError,
        UpstreamError, OverloadedError, RequestError; after it: ModelUnavailableError or UpstreamError.
        """

    async def aclose(self) -> None:
        """Stop what was started. Idempotent."""
