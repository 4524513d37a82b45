"""The events of a streamed response, numbered where they are sent; of OpenAI's 58 kinds, those that clients need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def response_event(kind: str, response: Mapping[str, Any]) -> dict[str, Any]:
    """Build an event that carries the whole response: `created`, `queued`, `in_progress` and how it ended."""
    return {"type": f"response.{kind}", "response": response}


def error_event(*, message: str, code: str | None, param: str | None) -> dict[str, Any]:
    """Build the event that tells of a failure in mid-stream."""
    return {"type": "error", "code": code, "message": message, "param": param}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEvents:
    """The events of one item of the output."""

    item_id: str
    output_index: int

    def added(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "response.output_item.added", "output_index": self.output_index, "item": item}

    def done(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "response.output_item.done", "output_index": self.output_index, "item": item}

    def part_added(self, part: Mapping[str, Any]) -> dict[str, Any]:
        return self._of_text("response.content_part.added", part=part)

    def part_done(self, part: Mapping[str, Any]) -> dict[str, Any]:
        return self._of_text("response.content_part.done", part=part)

    def text_delta(self, delta: str, logprobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return self._of_text("response.output_text.delta", delta=delta, logprobs=list(logprobs))

    def annotation_added(self, annotation: Mapping[str, Any], number: int) -> dict[str, Any]:
        return self._of_text("response.output_text.annotation.added", annotation_index=number, annotation=annotation)

    def text_done(self, text: str, logprobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return self._of_text("response.output_text.done", text=text, logprobs=list(logprobs))

    def summary_part_added(self) -> dict[str, Any]:
        part = {"type": "summary_text", "text": ""}
        return self._of("response.reasoning_summary_part.added", summary_index=0, part=part)

    def summary_delta(self, delta: str) -> dict[str, Any]:
        return self._of("response.reasoning_summary_text.delta", summary_index=0, delta=delta)

    def summary_done(self, text: str) -> dict[str, Any]:
        return self._of("response.reasoning_summary_text.done", summary_index=0, text=text)

    def summary_part_done(self, text: str) -> dict[str, Any]:
        part = {"type": "summary_text", "text": text}
        return self._of("response.reasoning_summary_part.done", summary_index=0, part=part)

    def arguments_delta(self, delta: str) -> dict[str, Any]:
        return self._of("response.function_call_arguments.delta", delta=delta)

    def arguments_done(self, *, name: str, arguments: str) -> dict[str, Any]:
        return self._of("response.function_call_arguments.done", name=name, arguments=arguments)

    def file_search(self, stage: str) -> dict[str, Any]:
        """Tell how far the search is: `in_progress`, `searching` or `completed`."""
        return self._of(f"response.file_search_call.{stage}")

    def _of_text(self, kind: str, **fields: Any) -> dict[str, Any]:
        return self._of(kind, content_index=0, **fields)

    def _of(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": kind, "item_id": self.item_id, "output_index": self.output_index, **fields}
