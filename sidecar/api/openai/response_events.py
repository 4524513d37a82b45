"""An answer becomes the events of a response: one item after the other, everything numbered from 0."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sidecar.api.openai.answers import LeftOut, merge_sources, vault_body
from sidecar.api.openai.response_items import FileSearchItem, FunctionCallItem, MessageItem, OutputItem, ReasoningItem
from sidecar.api.openai.tool_calls import ToolCalls
from sidecar.chat import AnswerDelta
from sidecar.citations import CitedSource
from sidecar.inference.model import Usage
from sidecar.protocol.openai_response_events import error_event, response_event
from sidecar.protocol.openai_response_objects import ResponseHead, response_body, response_error, response_usage

Event: TypeAlias = dict[str, Any]

_CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponseEvents:
    """What one response has told so far, and what it tells next.

    A message or a thought is closed when something else begins; calls of functions stay open to the end, because
    models may write several at once.
    """

    def __init__(self, head: ResponseHead, *, one_call: bool) -> None:
        """`one_call` holds a model to one call of a function."""
        self._head = head
        self._one_call = one_call
        self._number = 0
        self._items: list[OutputItem] = []
        self._done: dict[int, str] = {}
        self._open: MessageItem | ReasoningItem | None = None
        self._calls: list[FunctionCallItem] = []
        self._tool_calls = ToolCalls()
        self._written = 0
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._sources: list[CitedSource] | None = None
        self._left_out = LeftOut()

    @property
    def begun(self) -> bool:
        return self._number > 0

    def start(self, *, queued: bool = False) -> list[Event]:
        """The first events; nothing when they have been told."""
        if self.begun:
            return []
        snapshot = self._snapshot("in_progress")
        if not queued:
            return self._told([response_event("created", snapshot), response_event("in_progress", snapshot)])
        waiting = self._snapshot("queued")
        return self._told(
            [
                response_event("created", waiting),
                response_event("queued", waiting),
                response_event("in_progress", snapshot),
            ]
        )

    def searched(
        self, *, queries: Sequence[str], results: Sequence[Mapping[str, Any]], show_results: bool
    ) -> list[Event]:
        """A search has been done."""
        item = FileSearchItem(len(self._items), queries=queries, results=results, show_results=show_results)
        self._items.append(item)
        self._done[len(self._items) - 1] = "completed"
        return self._told(item.events())

    def feed(self, delta: AnswerDelta) -> list[Event]:
        """Take the next delta. Responses have one choice: others are left out."""
        self._usage = delta.usage or self._usage
        if delta.index != 0:
            return []
        self._sources = merge_sources(self._sources, delta.sources)
        self._left_out.feed(delta)
        self._reason = delta.finish_reason or self._reason
        return self._told(self._fed(delta))

    def finish(self) -> list[Event]:
        """The last events of an answer that came to its end."""
        if not self._calls and not any(isinstance(item, MessageItem) for item in self._items):
            # Clients read the text of a message, even where a model said nothing.
            opening = self._told(self._opened(self._new_message()))
        else:
            opening = []
        cut = _CUT.get(self._reason or "")
        status = "incomplete" if cut else "completed"
        closing = self._told(self._closed_all(status))
        return [*opening, *closing, *self._told([response_event(status, self._snapshot(status, incomplete=cut))])]

    def fail(self, *, message: str, code: str | None, param: str | None) -> list[Event]:
        """The last events of an answer that broke off: one kind for each kind of client."""
        failure = response_error(message=message, code=code)
        told = [*self.start(), *self._told(self._closed_all("incomplete"))]
        last = [
            error_event(message=message, code=code, param=param),
            response_event("failed", self._snapshot("failed", error=failure)),
        ]
        return [*told, *self._told(last)]

    def cancel(self) -> list[Event]:
        """The last events of an answer that was stopped; there is no event of that name."""
        told = [*self.start(), *self._told(self._closed_all("incomplete"))]
        return [*told, *self._told([response_event("incomplete", self._snapshot("cancelled"))])]

    @property
    def results(self) -> dict[str, Sequence[Mapping[str, Any]]]:
        """What each search found, by the item's id, shown or not."""
        found = [item for item in self._items if isinstance(item, FileSearchItem)]
        return {item.shown("completed")["id"]: item.results for item in found}

    def _fed(self, delta: AnswerDelta) -> Iterator[Event]:
        if delta.reasoning:
            if not isinstance(self._open, ReasoningItem):
                yield from self._opened(ReasoningItem(len(self._items)))
            assert isinstance(self._open, ReasoningItem)
            yield self._open.feed(delta.reasoning)
        if delta.content or delta.annotations:
            if not isinstance(self._open, MessageItem):
                yield from self._opened(self._new_message())
            assert isinstance(self._open, MessageItem)
            yield from self._open.feed(delta)
            self._written += len(delta.content)
        for entry in self._tool_calls.feed(delta.tool_calls):
            yield from self._called(entry)

    def _called(self, entry: Mapping[str, Any]) -> Iterator[Event]:
        position: int = entry["index"]
        if self._one_call and position > 0:
            return
        if position == len(self._calls):
            yield from self._closed_open("completed")
            call = FunctionCallItem(len(self._items), call_id=entry["id"], name=entry["function"]["name"])
            self._calls.append(call)
            self._items.append(call)
            yield from call.open()
        if arguments := entry["function"]["arguments"]:
            yield self._calls[position].feed(arguments)

    def _new_message(self) -> MessageItem:
        return MessageItem(len(self._items), before=self._written)

    def _opened(self, item: MessageItem | ReasoningItem) -> Iterator[Event]:
        # What closes is told first; the number of the new item does not depend on it.
        yield from self._closed_open("completed")
        self._items.append(item)
        self._open = item
        yield from item.open()

    def _closed_open(self, status: str) -> Iterator[Event]:
        if self._open is not None:
            item, self._open = self._open, None
            self._done[self._items.index(item)] = status
            yield from item.close(status)

    def _closed_all(self, status: str) -> Iterator[Event]:
        self._open = None
        for index, item in enumerate(self._items):
            if index not in self._done:
                self._done[index] = status
                yield from item.close(status)

    def _told(self, events: Iterable[Mapping[str, Any]]) -> list[Event]:
        told = [
            {"type": event["type"], "sequence_number": number, **event}
            for number, event in enumerate(events, self._number)
        ]
        self._number += len(told)
        return told

    def _snapshot(
        self, status: str, *, error: Mapping[str, Any] | None = None, incomplete: str | None = None
    ) -> dict[str, Any]:
        output = [item.shown(self._done.get(index, "in_progress")) for index, item in enumerate(self._items)]
        body = response_body(
            self._head,
            status=status,
            output=output,
            usage=None if status in ("queued", "in_progress") else self._usage_body(),
            error=error,
            incomplete=incomplete,
            completed_at=int(time.time()) if status == "completed" else None,
        )
        vault = vault_body(self._sources, self._left_out)
        return body if vault is None else {**body, "vault": vault}

    def _usage_body(self) -> dict[str, Any]:
        counts = self._usage or Usage(prompt_tokens=0, completion_tokens=0)
        return response_usage(
            input_tokens=counts.prompt_tokens,
            output_tokens=counts.completion_tokens,
            cached_tokens=counts.cached_tokens,
            reasoning_tokens=counts.reasoning_tokens,
        )
