"""Tools, calls and their results as plain text, for chat templates that know nothing of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.llama.dialect import TAGGED
from sidecar.llama.tools import Tool

_INTRODUCTION = "You can call tools. Their names and the JSON Schemas of their arguments, one a line:"
_FORM = (
    "To call one, answer with nothing but this, once for each call:\n"
    f'{TAGGED.open}\n{{"name": "<the tool\'s name>", "arguments": {{…}}}}\n{TAGGED.close}\n'
    "Call a tool only when you need it; otherwise answer in plain words."
)


def with_tools(messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Put a list of the tools, and how to call one, into the system message."""
    lines = [json.dumps(tool.as_json()["function"], ensure_ascii=False) for tool in tools]
    text = "\n".join((_INTRODUCTION, *lines, "", _FORM))
    if messages and messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content']}\n\n{text}".strip()}
        return [first, *map(dict, messages[1:])]
    return [{"role": "system", "content": text}, *map(dict, messages)]


def without_calls(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write the calls of earlier turns into their messages, and turn results into what the user says."""
    return [_plain(message) for message in messages]


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    if message["role"] == "tool":
        return {"role": "user", "content": f"<tool_response>\n{message['content']}\n</tool_response>"}
    calls = [_call(call["function"]) for call in message.get("tool_calls", ())]
    kept = {"role": message["role"], "content": "\n".join(part for part in (message["content"], *calls) if part)}
    return {**kept, "name": message["name"]} if "name" in message else kept


def _call(function: Mapping[str, Any]) -> str:
    arguments = function["arguments"] or "{}"
    name = json.dumps(function["name"], ensure_ascii=False)
    return f'{TAGGED.open}\n{{"name": {name}, "arguments": {arguments}}}\n{TAGGED.close}'
