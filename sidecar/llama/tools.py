"""The tools of a request and what it says about calling them; and the grammar that holds an answer to calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sidecar.errors import RequestError
from sidecar.llama.call_grammar import formed_grammar
from sidecar.llama.dialect import CallMarks, NameForm
from sidecar.llama.grammar import grammar_literal, schema_to_grammar
from sidecar.llama.loosening import Loosener

MAX_CALLS = 8
"""Calls in one answer under `required`: without an end, a small model goes on calling."""
_MAX_TOOLS = 128
_MAX_NAME = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the client offers; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The form that chat templates read."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """Which tools may be called, whether one must be, and whether several may."""

    tools: tuple[Tool, ...]
    required: bool = False
    parallel: bool = True

    @property
    def names(self) -> Mapping[str, Mapping[str, Any]]:
        """The schemas of their arguments, by name."""
        return {tool.name: tool.parameters for tool in self.tools}


def read_tool_use(given: Mapping[str, Any]) -> ToolUse | None:
    """Read `tools`, `tool_choice` and `parallel_tool_calls`; `None` when no tool may be called. A named function is the
    only one offered.

    Raises RequestError naming the field.
    """
    tools = _tools(given.get("tools", []))
    choice, name = _choice(given.get("tool_choice", "auto"))
    if choice == "none" or (choice == "auto" and not tools):
        return None
    if not tools:
        raise RequestError("tool_choice asks for a call, but there are no tools.", param="tool_choice")
    if name is not None:
        tools = tuple(tool for tool in tools if tool.name == name)[:1]
        if not tools:
            raise RequestError(f"tool_choice names {name[:64]!r}, which is not among the tools.", param="tool_choice")
    parallel = given.get("parallel_tool_calls", True) is not False and name is None
    return ToolUse(tools=tools, required=choice == "required", parallel=parallel)


def calls_grammar(lib: Any, use: ToolUse, marks: CallMarks, *, opened: bool) -> str:
    """Build the GBNF of calls alone; with `opened` the family's opening mark has been written. `lib` is llama_cpp.

    Raises RequestError when the schemas together are too large even so.
    """
    if marks.form is not None:
        root = _formed_root(marks, several=use.parallel, opened=opened)
        return f"{formed_grammar(lib, use.names, marks.form)}\nroot ::= {root}\n"
    try:
        grammar = schema_to_grammar(lib, json.dumps(_calls_schema(use, marks, loosener=Loosener())))
    except RequestError:
        grammar = schema_to_grammar(lib, json.dumps(_calls_schema(use, marks, loosener=None)))
    call = "call"
    while f"\n{call} ::=" in f"\n{grammar}":
        call += "l"
    root = _root(call, marks, several=use.parallel, opened=opened)
    return re.sub(r"^root ::=", f"{call} ::=", grammar, count=1, flags=re.MULTILINE) + f"\nroot ::= {root}\n"


def _formed_root(marks: CallMarks, *, several: bool, opened: bool) -> str:
    gap = '("\\n" | " ")?'
    begin = "" if opened else grammar_literal(marks.open)
    # Nothing stands between a mark and a name; tags stand on lines of their own.
    one = "call" if isinstance(marks.form, NameForm) else f"{gap} call"
    one += f" {gap} {grammar_literal(marks.close)}" if marks.close else ""
    again = marks.again or (marks.open if marks.close else "")
    more = f"({gap} {grammar_literal(again)} {one}){{0,{MAX_CALLS - 1}}}" if several and again else ""
    return f"{begin} {one} {more} {grammar_literal(marks.end) if marks.end else ''}"


def _root(call: str, marks: CallMarks, *, several: bool, opened: bool) -> str:
    gap = '("\\n" | " ")?'
    written = marks.written or opened
    begin = "" if opened or not written else f"{grammar_literal(marks.open)} "
    if written and marks.listed:
        more = f' ("," {gap} {call}){{0,{MAX_CALLS - 1}}}' if several else ""
        close = f" {grammar_literal(marks.close)}" if marks.close else ""
        return f'{begin}{gap} "[" {gap} {call}{more} "]"{close}'
    if not written or not marks.close:
        return f"{gap} {call}" if opened else call
    close = grammar_literal(marks.close)
    one = f"{gap} {call} {gap} {close}"
    again = f"({gap} {grammar_literal(marks.open)} {one}){{0,{MAX_CALLS - 1}}}" if several else ""
    return f"{begin}{one} {again}"


def _calls_schema(use: ToolUse, marks: CallMarks, *, loosener: Loosener | None) -> dict[str, Any]:
    calls = [
        {
            "type": "object",
            "properties": {
                marks.name: {"const": tool.name},
                marks.arguments: {"type": "object"} if loosener is None else loosener.loosen(tool.parameters),
            },
            "required": [marks.name, marks.arguments],
            "additionalProperties": False,
        }
        for tool in use.tools
    ]
    schema: dict[str, Any] = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {**schema, "$defs": loosener.definitions} if loosener is not None and loosener.definitions else schema


def _tools(given: object) -> tuple[Tool, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise RequestError("tools must be a list.", param="tools")
    if len(given) > _MAX_TOOLS:
        raise RequestError(f"tools may hold at most {_MAX_TOOLS} entries.", param="tools")
    # Tools that run at OpenAI are listed by clients that expect them to be ignored elsewhere (openai/codex#10635).
    wanted = [each for each in given if not isinstance(each, Mapping) or each.get("type", "function") == "function"]
    return tuple({tool.name: tool for tool in map(_tool, wanted)}.values())


def _tool(given: object) -> Tool:
    function = given.get("function") if isinstance(given, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME:
        raise RequestError("Every tool must be a function with a name.", param="tools")
    description, parameters = function.get("description"), function.get("parameters")
    return Tool(
        name=name,
        description=description if isinstance(description, str) else "",
        parameters=parameters if isinstance(parameters, Mapping) else {"type": "object", "properties": {}},
    )


def _choice(given: object) -> tuple[Literal["none", "auto", "required"], str | None]:
    if given == "none":
        return "none", None
    if given == "auto":
        return "auto", None
    if given == "required":
        return "required", None
    function = given.get("function") if isinstance(given, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str):
        raise RequestError("tool_choice must be none, auto, required or a function.", param="tool_choice")
    return "required", name
