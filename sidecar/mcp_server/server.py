"""The server of the protocol: lists the tools, runs them, and turns errors into answers that a model can act on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp.types import Tool as ListedTool

from sidecar import __version__
from sidecar.errors import RequestError, SidecarError
from sidecar.mcp_server.reach import Doors, Reach
from sidecar.mcp_server.told import Told, valid
from sidecar.mcp_server.tools import BY_NAME, INSTRUCTIONS, TOOLS, Tool
from sidecar.protocol.fields import read_body
from sidecar.protocol.mcp_inputs import input_schema
from sidecar.protocol.mcp_outputs import output_schema

log = logging.getLogger(__name__)

_AT_ONCE = 4
_UNTOLD = "Sidecar could not answer. The user sees why with `sidecar status`, or in this client's log."
_BUG = "This is a bug in Sidecar; the log of this client names the place."


def create_server(doors: Doors, *, elsewhere: bool) -> Server[Any]:
    """Build the server of one client. `elsewhere`: the client's model runs on another machine."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def list_tools(_context: ServerRequestContext, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_listed(tool) for tool in TOOLS])

    async def call_tool(_context: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
        tool = BY_NAME.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool of that name. Tools: {', '.join(BY_NAME)}.")
        async with turns:
            return await _called(tool, params.arguments or {}, doors, elsewhere=elsewhere)

    server: Server[Any] = Server(
        "sidecar",
        version=__version__,
        title="Sidecar: the user's notes",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    # Spans of OpenTelemetry: whatever collects those in this environment is no business of ours.
    server.middleware.clear()
    return server


def _listed(tool: Tool) -> ListedTool:
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema(tool.takes),
        output_schema=output_schema(tool.gives),
        annotations=ToolAnnotations(
            title=tool.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


async def _called(tool: Tool, arguments: Mapping[str, Any], doors: Doors, *, elsewhere: bool) -> CallToolResult:
    """Run a tool. What goes wrong is an answer too: a model that hears why can try again."""
    try:
        asked = read_body(tool.takes, arguments)
        async with doors.opened() as door:
            told = await tool.run(Reach(door=door, elsewhere=elsewhere), asked)
    except RequestError as error:
        return _failed(f"{error.message} {error.hint or ''}".strip())
    except SidecarError as error:
        # Messages name folders of this machine: they are the user's, not the model's.
        log.warning("%s failed: %s %s", tool.name, error.logged, error.hint or "")
        return _failed(_UNTOLD)
    except Exception:  # the top of this program, as the API's: one call must not end the others
        log.exception("%s failed", tool.name)
        return _failed(_BUG)
    return _result(told)


def _result(told: Told) -> CallToolResult:
    content = valid(told.content.model_dump())
    return CallToolResult(content=[TextContent(type="text", text=valid(told.text))], structured_content=content)


def _failed(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=valid(message))], is_error=True)
