"""The tools of a response: functions written flat, `file_search`, and those that run at OpenAI, which are ignored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import Body, Whole, read_body

_CHOICES = frozenset({"none", "auto", "required"})
_MOST_STORES = 16


class RankingOptions(Body):
    """`ranking_options` of `file_search`; which ranker is asked for makes no difference here."""

    score_threshold: float = Field(default=0.0, ge=0, le=1)


class FileSearchTool(Body):
    """The hosted `file_search`, over the vaults that the stores stand for."""

    vector_store_ids: list[str] = Field(default_factory=list, max_length=_MOST_STORES)
    max_num_results: Whole | None = Field(default=None, ge=1, le=50)
    filters: dict[str, Any] | None = None
    ranking_options: RankingOptions = Field(default_factory=RankingOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTools:
    """What of the tools is used here. `functions` and `choice` are in the words of chat."""

    functions: Sequence[Mapping[str, Any]]
    choice: Any
    file_search: FileSearchTool | None
    search_forced: bool
    """Whether the client insists on the search."""


def read_tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check the tools that mean something here. Raises RequestError."""
    for number, tool in enumerate(tools):
        if not isinstance(tool.get("type"), str):
            raise _wrong(f"tools[{number}].type", "a string")
        if tool["type"] == "function" and not isinstance(tool.get("name"), str):
            raise _wrong(f"tools[{number}].name", "a string")
        if tool["type"] == "function" and not isinstance(tool.get("parameters"), dict | None):
            raise _wrong(f"tools[{number}].parameters", "an object")
        if tool["type"] == "file_search":
            _check_file_search(tool, at=f"tools[{number}]")
    return tools


def check_tool_choice(choice: Any) -> Any:
    """Check the shape of `tool_choice`. Raises RequestError."""
    if choice is None or (isinstance(choice, str) and choice in _CHOICES):
        return choice
    if not isinstance(choice, dict) or not isinstance(choice.get("type"), str):
        raise RequestError(
            "Invalid 'tool_choice': use none, auto, required or an object with a type.",
            param="tool_choice",
            code="invalid_value",
        )
    if choice["type"] == "function" and not isinstance(choice.get("name"), str):
        raise _wrong("tool_choice.name", "a string")
    if choice["type"] == "allowed_tools":
        allowed = choice.get("tools")
        if not isinstance(allowed, list) or not all(isinstance(each, dict) for each in allowed):
            raise _wrong("tool_choice.tools", "a list of objects")
        mode = "auto" if choice.get("mode") is None else choice["mode"]
        if mode not in ("auto", "required"):
            raise RequestError("Invalid 'tool_choice.mode': use auto or required.", param="tool_choice.mode")
        return {**choice, "mode": mode}
    return choice


def chosen_tools(tools: Sequence[Mapping[str, Any]], choice: Any) -> ResponseTools:
    """Settle which of the checked tools may be used. Raises RequestError for a choice that is not among them.

    A choice of a tool that runs at OpenAI means `auto`: it is ignored as the tool itself is.
    """
    kind = choice["type"] if isinstance(choice, dict) else choice or "auto"
    if kind == "allowed_tools":
        # As a set: each list may be as long as a body.
        allowed = {_name(tool) for tool in choice["tools"]}
        tools = [tool for tool in tools if _name(tool) in allowed]
        kind = choice["mode"]
    functions = [_chat_function(tool) for tool in tools if tool["type"] == "function"]
    search = next((tool for tool in tools if tool["type"] == "file_search"), None)
    if kind == "function" and not any(_name(tool) == _name(choice) for tool in tools):
        raise RequestError(
            "The function in 'tool_choice' is not among 'tools'.", param="tool_choice", code="invalid_value"
        )
    if kind == "file_search" and search is None:
        raise RequestError("'file_search' is not among 'tools'.", param="tool_choice", code="invalid_value")
    return ResponseTools(
        functions=functions,
        choice=_chat_choice(kind, choice),
        file_search=None if search is None or kind in ("none", "function") else read_body(FileSearchTool, search),
        search_forced=kind == "file_search" or (kind == "required" and not functions),
    )


def _chat_choice(kind: str, choice: Any) -> Any:
    if kind == "function":
        return {"type": "function", "function": {"name": choice["name"]}}
    # Chat's own default is left to the model's server.
    return kind if kind in ("none", "required") else None


def _chat_function(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {key: tool[key] for key in ("name", "description", "parameters", "strict") if tool.get(key) is not None}
    return {"type": "function", "function": function}


def _name(tool: Mapping[str, Any]) -> tuple[str, str]:
    """What tells a tool from others: its type, and of a function also its name."""
    kind, name = tool.get("type"), tool.get("name")
    return str(kind), str(name) if kind == "function" else ""


def _check_file_search(tool: Mapping[str, Any], *, at: str) -> None:
    try:
        read_body(FileSearchTool, tool)
    except RequestError as error:
        raise RequestError(error.message, param=f"{at}.{error.param}", code=error.code) from None


def _wrong(param: str, wanted: str) -> RequestError:
    return RequestError(f"Invalid '{param}': it must be {wanted}.", param=param, code="invalid_type")
