"""The items of an answer while they are made: each takes pieces, and gives the events that tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from sidecar.chat import AnswerDelta
from sidecar.citations import Annotation
from sidecar.protocol.openai_response_events import ItemEvents
from sidecar.protocol.openai_response_items import (
    file_citation,
    file_search_item,
    function_call_item,
    message_item,
    new_id,
    reasoning_item,
    text_part,
    url_citation,
)
from sidecar.runtime.vector_store import file_id


class OutputItem(Protocol):
    """One item of the output."""

    def shown(self, status: str) -> dict[str, Any]:
        """The item as it is now."""

    def close(self, status: str) -> Iterator[dict[str, Any]]:
        """The last events: nothing comes after them."""


class MessageItem:
    """The text of an answer. `before` is how many characters of it went into earlier messages."""

    def __init__(self, output_index: int, *, before: int) -> None:
        self._events = ItemEvents(item_id=new_id("msg"), output_index=output_index)
        self._before = before
        self._text: list[str] = []
        self._annotations: list[dict[str, Any]] = []
        self._logprobs: list[Mapping[str, Any]] = []

    def open(self) -> Iterator[dict[str, Any]]:
        yield self._events.added(message_item(self._events.item_id, status="in_progress", content=[]))
        yield self._events.part_added(text_part(""))

    def feed(self, delta: AnswerDelta) -> Iterator[dict[str, Any]]:
        """Take the content of a delta and the citations in it."""
        if delta.content:
            logprobs = _logprobs(delta.logprobs)
            self._text.append(delta.content)
            self._logprobs += logprobs
            yield self._events.text_delta(delta.content, logprobs)
        for citation in delta.annotations:
            for annotation in self._both(citation):
                self._annotations.append(annotation)
                yield self._events.annotation_added(annotation, len(self._annotations) - 1)

    def close(self, status: str) -> Iterator[dict[str, Any]]:
        yield self._events.text_done("".join(self._text), self._logprobs)
        yield self._events.part_done(self._part)
        yield self._events.done(self.shown(status))

    def shown(self, status: str) -> dict[str, Any]:
        return message_item(self._events.item_id, status=status, content=[self._part])

    @property
    def _part(self) -> dict[str, Any]:
        return text_part("".join(self._text), annotations=self._annotations, logprobs=self._logprobs)

    def _both(self, citation: Annotation) -> Iterator[dict[str, Any]]:
        """SDKs know citations of files, chat windows those of addresses."""
        start, end = citation.start_index - self._before, citation.end_index - self._before
        if citation.file:
            yield file_citation(index=end, file_id=file_id(citation.vault, citation.file), filename=citation.file)
        yield url_citation(url=citation.url, title=citation.title, start_index=start, end_index=end)


class ReasoningItem:
    """What the model thinks before it answers."""

    def __init__(self, output_index: int) -> None:
        self._events = ItemEvents(item_id=new_id("rs"), output_index=output_index)
        self._text: list[str] = []

    def open(self) -> Iterator[dict[str, Any]]:
        yield self._events.added(reasoning_item(self._events.item_id, status="in_progress", text=None))
        yield self._events.summary_part_added()

    def feed(self, text: str) -> dict[str, Any]:
        self._text.append(text)
        return self._events.summary_delta(text)

    def close(self, status: str) -> Iterator[dict[str, Any]]:
        text = "".join(self._text)
        yield self._events.summary_done(text)
        yield self._events.summary_part_done(text)
        yield self._events.done(self.shown(status))

    def shown(self, status: str) -> dict[str, Any]:
        return reasoning_item(self._events.item_id, status=status, text="".join(self._text))


class FunctionCallItem:
    """A call of one of the client's functions."""

    def __init__(self, output_index: int, *, call_id: str, name: str) -> None:
        self._events = ItemEvents(item_id=new_id("fc"), output_index=output_index)
        self._call_id = call_id
        self._name = name
        self._arguments: list[str] = []

    def open(self) -> Iterator[dict[str, Any]]:
        yield self._events.added(self.shown("in_progress"))

    def feed(self, arguments: str) -> dict[str, Any]:
        self._arguments.append(arguments)
        return self._events.arguments_delta(arguments)

    def close(self, status: str) -> Iterator[dict[str, Any]]:
        yield self._events.arguments_done(name=self._name, arguments="".join(self._arguments))
        yield self._events.done(self.shown(status))

    def shown(self, status: str) -> dict[str, Any]:
        return function_call_item(
            self._events.item_id,
            status=status,
            call_id=self._call_id,
            name=self._name,
            arguments="".join(self._arguments),
        )


class FileSearchItem:
    """A search that has been done. Its results are in the events only when the client asked for them."""

    def __init__(
        self, output_index: int, *, queries: Sequence[str], results: Sequence[Mapping[str, Any]], show_results: bool
    ) -> None:
        self._events = ItemEvents(item_id=new_id("fs"), output_index=output_index)
        self._queries = queries
        self._show_results = show_results
        self.results = results

    def events(self) -> Iterator[dict[str, Any]]:
        """Everything there is to tell, from beginning to end."""
        begun = file_search_item(self._events.item_id, status="in_progress", queries=self._queries, results=None)
        yield self._events.added(begun)
        for stage in ("in_progress", "searching", "completed"):
            yield self._events.file_search(stage)
        yield self._events.done(self.shown("completed"))

    def shown(self, status: str) -> dict[str, Any]:
        results = self.results if self._show_results else None
        return file_search_item(self._events.item_id, status=status, queries=self._queries, results=results)

    def close(self, status: str) -> Iterator[dict[str, Any]]:
        yield from ()


def _logprobs(given: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """OpenAI's types want lists where some servers leave them out."""
    entries = (given or {}).get("content")
    if not isinstance(entries, list):
        return []
    return [
        {
            **_logprob(entry),
            "top_logprobs": [_logprob(top) for top in entry.get("top_logprobs") or () if isinstance(top, Mapping)],
        }
        for entry in entries
        if isinstance(entry, Mapping)
    ]


def _logprob(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "token": entry.get("token") or "",
        "bytes": entry.get("bytes") or [],
        "logprob": entry.get("logprob") or 0.0,
    }
