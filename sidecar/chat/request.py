"""A request for an answer from the notes. Knows no model and no vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sidecar.inference.model import Message
from sidecar.prompt import Passage, question_of

Mode: TypeAlias = Literal["auto", "always", "never"]
CitationStyle: TypeAlias = Literal["wikilinks", "footnotes"]
CallsFromNotes: TypeAlias = Literal["checked", "allowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One request for an answer. `options` as in `Completion.options`; `mode` says when notes are added: `auto` when
    something relevant is found, `always` whatever is found, `never`; `limit` is the most passages; `filters` as in
    `retrieval.query.add_filters`. `passages` are those of a search that the caller has done, `None` when it has not.
    `citations` says how the answer's text cites; `None`: with wikilinks, or as the runtime is set. `elsewhere`: whoever
    asked gives the answer to a model on another machine. `question` is what the user asks, `None` when the last user
    message says nothing else: what a client quotes beside it (the open note, say) holds operators and words that nobody
    searches for.
    """

    messages: Sequence[Message]
    options: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "auto"
    limit: int | None = None
    filters: Mapping[str, Any] | None = None
    passages: Sequence[Passage] | None = None
    citations: CitationStyle | None = None
    elsewhere: bool = False
    question: str | None = None
    tool_calls_from_notes: CallsFromNotes = "checked"
    """Whether tool calls that the user's own words do not ask for are left out."""

    @property
    def asked(self) -> str:
        """What the notes are searched for, as the user typed it."""
        return question_of(self.messages) if self.question is None else self.question
