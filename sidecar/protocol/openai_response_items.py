"""The items of a response: those of a request become chat messages, and those of an answer are built."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_TEXT_PARTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
_PREFIXES = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}


def new_id(prefix: str) -> str:
    """Make up an id."""
    return f"{prefix}_{uuid.uuid4().hex}"


def input_items(given: str | Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The request's items as they are kept: with `type`, `id` and `status`, a message's content as a list of parts.

    Raises RequestError for an item that is neither a message nor of any other type.
    """
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    return [_kept(item, at=f"input[{number}]") for number, item in enumerate(given or ())]


def references(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids that `item_reference`s name."""
    return [item["id"] for item in items if item["type"] == "item_reference"]


def chat_messages(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Turn kept items into chat messages.

    Calls of functions join the assistant's message before them, as chat wants it. What chat has no place for is left
    out: reasoning, and calls of tools that run at OpenAI or here.
    """
    messages: list[dict[str, Any]] = []
    for item in items:
        kind = item["type"]
        if kind == "message":
            messages.append({"role": _ROLES[item["role"]], "content": _chat_content(item["content"])})
        elif kind in ("function_call", "custom_tool_call"):
            _add_call(messages, item)
        elif kind in ("function_call_output", "custom_tool_call_output"):
            output = item.get("output")
            content = _chat_content(output) if isinstance(output, list) else output
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": content or ""})
    return messages


def _kept(item: Mapping[str, Any], *, at: str) -> dict[str, Any]:
    kind = item.get("type")
    if kind is None:
        # Bare messages and references are how several SDKs write them.
        kind = "message" if "role" in item else "item_reference"
    if not isinstance(kind, str):
        raise _wrong(f"{at}.type", "a string")
    kept = {key: value for key, value in item.items() if value is not None}
    if kind == "message":
        kept |= {"role": _role(item.get("role"), at=at), "content": _content(item, at=at)}
    elif kind == "item_reference":
        if not isinstance(item.get("id"), str):
            raise _wrong(f"{at}.id", "a string")
    elif kind in ("function_call", "custom_tool_call"):
        _need_strings(item, ("call_id", "name", "arguments" if kind == "function_call" else "input"), at=at)
    elif kind in ("function_call_output", "custom_tool_call_output"):
        _need_strings(item, ("call_id",), at=at)
        kept["output"] = _output(item.get("output"), at=f"{at}.output")
    if not isinstance(kept.get("id"), str) or not kept["id"]:
        kept["id"] = new_id(_PREFIXES.get(kind, "item"))
    return {"status": "completed", **kept, "type": kind}


def _role(role: Any, *, at: str) -> str:
    if not isinstance(role, str) or role not in _ROLES:
        raise RequestError(
            f"Invalid '{at}.role': use one of {', '.join(sorted(_ROLES))}.", param=f"{at}.role", code="invalid_value"
        )
    return role


def _content(item: Mapping[str, Any], *, at: str) -> list[dict[str, Any]]:
    content = item.get("content")
    if content is None or isinstance(content, str):
        text = content or ""
        if item.get("role") == "assistant":
            return [text_part(text)]
        return [{"type": "input_text", "text": text}]
    return _parts(content, at=f"{at}.content")


def _output(output: Any, *, at: str) -> str | list[dict[str, Any]]:
    if output is None or isinstance(output, str):
        return output or ""
    return _parts(output, at=at)


def _parts(parts: Any, *, at: str) -> list[dict[str, Any]]:
    if not isinstance(parts, list):
        raise _wrong(at, "a string or a list of parts")
    for number, part in enumerate(parts):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise _wrong(f"{at}[{number}]", "an object with a type")
        key = "refusal" if part["type"] == "refusal" else "text" if part["type"] in _TEXT_PARTS else None
        if key is not None and not isinstance(part.get(key), str):
            raise _wrong(f"{at}[{number}].{key}", "a string")
        if key is None and part["type"] not in ("input_image", "input_file"):
            raise RequestError(
                f"Invalid '{at}[{number}].type': use input_text, input_image or input_file.",
                param=f"{at}[{number}].type",
                code="invalid_value",
            )
    return parts


def _need_strings(item: Mapping[str, Any], keys: Sequence[str], *, at: str) -> None:
    for key in keys:
        if not isinstance(item.get(key), str):
            raise _wrong(f"{at}.{key}", "a string")


def _chat_content(parts: Sequence[Mapping[str, Any]]) -> Any:
    """Parts as chat has them: one string when all are text, joined by line ends."""
    if all(part["type"] in _TEXT_PARTS or part["type"] == "refusal" for part in parts):
        return "\n".join(part["refusal"] if part["type"] == "refusal" else part["text"] for part in parts)
    return [_chat_part(part) for part in parts]


def _chat_part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "input_image":
        image = {"url": part.get("image_url"), "detail": part.get("detail")}
        return {"type": "image_url", "image_url": {key: value for key, value in image.items() if value is not None}}
    if part["type"] == "input_file":
        return {"type": "file", "file": {key: value for key, value in part.items() if key != "type"}}
    return {"type": "text", "text": part["refusal"] if part["type"] == "refusal" else part["text"]}


def _add_call(messages: list[dict[str, Any]], item: Mapping[str, Any]) -> None:
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    own = item["type"] == "function_call"
    arguments = item["arguments"] if own else json.dumps({"input": item["input"]})
    call = {
        "id": item["call_id"],
        "type": "function",
        "function": {"name": item["name"], "arguments": arguments},
    }
    messages[-1].setdefault("tool_calls", []).append(call)


def text_part(
    text: str, *, annotations: Sequence[Mapping[str, Any]] = (), logprobs: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Build the text of a message."""
    return {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": list(logprobs)}


def message_item(item_id: str, *, status: str, content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Build a message of an answer."""
    return {"id": item_id, "type": "message", "role": "assistant", "status": status, "content": list(content)}


def reasoning_item(item_id: str, *, status: str, text: str | None) -> dict[str, Any]:
    """Build what a model thought, as a summary: that is the form which most clients show."""
    summary = [] if text is None else [{"type": "summary_text", "text": text}]
    return {"id": item_id, "type": "reasoning", "status": status, "summary": summary}


def function_call_item(item_id: str, *, status: str, call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """Build the call of a function; `arguments` is a string of JSON."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def file_search_item(
    item_id: str, *, status: str, queries: Sequence[str], results: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """Build the call of `file_search`; `results` is `None` unless the client asked for them."""
    return {
        "id": item_id,
        "type": "file_search_call",
        "status": status,
        "queries": list(queries),
        "results": None if results is None else list(results),
    }


def search_result(
    *, file_id: str, filename: str, score: float, text: str, attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """Build one of `results`."""
    return {"file_id": file_id, "filename": filename, "score": score, "text": text, "attributes": attributes}


def file_citation(*, index: int, file_id: str, filename: str) -> dict[str, Any]:
    """Build an annotation for SDKs; `index` is a place in the text, in characters."""
    return {"type": "file_citation", "index": index, "file_id": file_id, "filename": filename}


def url_citation(*, url: str, title: str, start_index: int, end_index: int) -> dict[str, Any]:
    """Build an annotation for clients that show links; flat, unlike chat's."""
    return {"type": "url_citation", "url": url, "title": title, "start_index": start_index, "end_index": end_index}


def _wrong(param: str, wanted: str) -> RequestError:
    return RequestError(f"Invalid '{param}': it must be {wanted}.", param=param, code="invalid_type")
