"""What is left of a stored response when a note that its answer was made from is deleted or withheld.

The answer may repeat the note in any words, so all that a model wrote goes; what the user wrote, the ids and the counts
stay, and a conversation that goes on from it still can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Object: TypeAlias = Mapping[str, Any]

SENTENCE = "This answer was removed: a note that it drew on was deleted or made private."

_EMPTY: Mapping[str, Mapping[str, Any]] = {
    "reasoning": {"summary": [], "content": None, "encrypted_content": None},
    "function_call": {"arguments": "{}"},
    "custom_tool_call": {"input": ""},
    "file_search_call": {"results": None},
}


def emptied_body(body: Object) -> dict[str, Any]:
    """A response without its answer."""
    left = {**body, "output": [_emptied_item(item) for item in body["output"]]}
    if "vault" in body:
        left["vault"] = {**body["vault"], "sources": []}
    if body.get("error"):
        # A server that failed may have repeated what it was sent.
        left["error"] = {**body["error"], "message": SENTENCE}
    return left


def emptied_input(items: Sequence[Object]) -> list[Object]:
    """A request's items without those that are answers themselves; the user's stay as they are."""
    return [item if item.get("role") in ("user", "system", "developer") else _emptied_item(item) for item in items]


def emptied_events(events: Sequence[Object]) -> list[Object]:
    """The events that tell of the whole response, without its answer, numbered anew."""
    left = [{**event, "response": emptied_body(event["response"])} for event in events if "response" in event]
    return [{**event, "sequence_number": number} for number, event in enumerate(left)]


def _emptied_item(item: Object) -> Object:
    if item["type"] == "message":
        part = {"type": "output_text", "text": SENTENCE, "annotations": [], "logprobs": []}
        return {**item, "content": [part] if item.get("content") else []}
    changes = _EMPTY.get(item["type"], {})
    return {**item, **{key: value for key, value in changes.items() if key in item}}
