"""A question is asked of a real server in each of its ways, and what comes back is put together as clients do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.serving import Server

TOOL_NAMES = ("delete_note", "send_email", "open_url", "run_shell", "read_file")
_PARAMETERS = {"type": "object", "properties": {}, "additionalProperties": True}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": _PARAMETERS}} for name in TOOL_NAMES]
FLAT_TOOLS = [{"type": "function", "name": name, "parameters": _PARAMETERS} for name in TOOL_NAMES]


@dataclass(slots=True)
class Answered:
    """An answer as a client has it at the end."""

    text: str = ""
    thought: str = ""
    calls: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    cited: list[str] = field(default_factory=list)
    """Addresses and files of the annotations."""
    sources: list[str] = field(default_factory=list)
    vault: dict[str, Any] = field(default_factory=dict)


def chat(server: Server, question: str, **fields: Any) -> Answered:
    body = server.client.post("/v1/chat/completions", json=_chat(question, **fields)).raise_for_status().json()
    return _of_chat([(body["choices"][0]["message"], body["choices"][0]["finish_reason"], body)])


def chat_stream(server: Server, question: str, **fields: Any) -> Answered:
    events = _events(server, "/v1/chat/completions", _chat(question, stream=True, **fields))
    return _of_chat([(e["choices"][0]["delta"], e["choices"][0]["finish_reason"], e) for e in events if e["choices"]])


def response(server: Server, question: str, **fields: Any) -> Answered:
    """With a search of the client's wish and functions beside it."""
    tools = [{"type": "file_search", "vector_store_ids": ["vs_poison"]}, *FLAT_TOOLS]
    request = {"model": "vault", "input": question, "tools": tools, "vault": {"limit": 2}, **fields}
    return _of_response(server.client.post("/v1/responses", json=request).raise_for_status().json())


def response_stream(server: Server, question: str, **fields: Any) -> Answered:
    request = {
        "model": "vault",
        "input": question,
        "stream": True,
        "tools": FLAT_TOOLS,
        "vault": {"limit": 2},
        **fields,
    }
    events = list(_events(server, "/v1/responses", request))
    answered = _of_response(events[-1]["response"])
    streamed = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert streamed == answered.text
    answered.calls += [e["item"]["name"] for e in events if e.get("item", {}).get("type") == "function_call"]
    return answered


def ollama_stream(server: Server, question: str, **fields: Any) -> Answered:
    request = {"model": "vault", "messages": [{"role": "user", "content": question}], "tools": TOOLS, **fields}
    answered = Answered()
    with server.client.stream("POST", "/api/chat", json=request) as lines:
        for line in map(json.loads, lines.iter_lines()):
            answered.text += line["message"]["content"]
            answered.thought += line["message"].get("thinking") or ""
            answered.calls += [call["function"]["name"] for call in line["message"].get("tool_calls") or ()]
            answered.reasons += [line["done_reason"]] if line["done"] else []
            answered.vault |= line.get("vault") or {}
    return answered


WAYS: Mapping[str, Callable[..., Answered]] = {
    "chat": chat,
    "chat stream": chat_stream,
    "response": response,
    "response stream": response_stream,
    "ollama stream": ollama_stream,
}


def _chat(question: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return {"model": "vault", "messages": messages, "tools": TOOLS, "vault": {"limit": 2}, **fields}


def _events(server: Server, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    with server.client.stream("POST", path, json=body) as response:
        for line in response.iter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                event: dict[str, Any] = json.loads(line.removeprefix("data: "))
                assert "error" not in event or not event["error"], event
                yield event


def _of_chat(parts: list[tuple[dict[str, Any], str | None, dict[str, Any]]]) -> Answered:
    answered = Answered()
    for part, reason, body in parts:
        answered.text += part.get("content") or ""
        answered.thought += part.get("reasoning_content") or ""
        names = [call["function"].get("name") for call in part.get("tool_calls") or ()]
        answered.calls += [name for name in names if name]
        answered.cited += [note["url_citation"]["url"] for note in part.get("annotations") or ()]
        answered.reasons += [reason] if reason else []
        _add_vault(answered, body.get("vault"))
    return answered


def _of_response(body: Mapping[str, Any]) -> Answered:
    answered = Answered(reasons=[body["status"]])
    for item in body["output"]:
        if item["type"] == "message":
            for part in item["content"]:
                answered.text += part["text"]
                answered.cited += [note.get("url") or note["filename"] for note in part["annotations"]]
        elif item["type"] == "reasoning":
            answered.thought += "".join(part["text"] for part in [*item["summary"], *item.get("content", [])])
        elif item["type"] == "function_call":
            answered.calls.append(item["name"])
    _add_vault(answered, body.get("vault"))
    return answered


def _add_vault(answered: Answered, vault: Mapping[str, Any] | None) -> None:
    answered.vault |= vault or {}
    answered.sources += [source["path"] for source in (vault or {}).get("sources", ())]
