"""`sidecar mcp` as a process of its own, spoken to by the SDK's own client, or line by line."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the MCP SDK is not installed; the extra `mcp` brings it")

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, Tool

from tests.serving import environment

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A client of one `sidecar mcp`."""

    portal: BlockingPortal
    client: Client

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return self.portal.call(lambda: self.client.call_tool(tool, arguments))

    def told(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured content of a call that goes well; the client has compared it with the tool's own schema."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.content
        told: dict[str, Any] = result.structured_content
        return told

    def refused(self, tool: str, **arguments: Any) -> str:
        """The words of a call that does not go well."""
        result = self.call(tool, **arguments)
        assert result.is_error, result.structured_content
        return words(result)

    def paths(self, query: str, **arguments: Any) -> list[str]:
        return [each["path"] for each in self.told("search_notes", query=query, **arguments)["results"]]

    def tools(self) -> list[Tool]:
        return self.portal.call(self.client.list_tools).tools


def words(result: CallToolResult) -> str:
    """What a client shows a model that it gives no structured content."""
    return "".join(part.text for part in result.content if part.type == "text")


def command(*arguments: str | Path, data_dir: Path) -> list[str]:
    return [sys.executable, "-m", "sidecar", "mcp", *map(str, arguments), "--data-dir", str(data_dir)]


@contextlib.contextmanager
def talking(*arguments: str | Path, data_dir: Path, env: Mapping[str, str] | None = None) -> Iterator[Talk]:
    """Start `sidecar mcp` and say hello; what it writes to standard error goes to a file beside its data."""
    program, *rest = command(*arguments, data_dir=data_dir)
    parameters = StdioServerParameters(command=program, args=rest, env=environment(**(env or {})))
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "mcp.log").open("a", encoding="utf-8") as log, start_blocking_portal() as portal:
        client = Client(stdio_client(parameters, errlog=log))
        with portal.wrap_async_context_manager(client) as opened:
            yield Talk(portal=portal, client=opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A `sidecar mcp` whose input and output are seen as they are."""

    process: subprocess.Popen[bytes]

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and read the next lines until its answer; every line has to be a message of the protocol."""
        self.send(json.dumps(message).encode("utf-8") + b"\n")
        return self.answer(message["id"])

    def answer(self, number: int) -> dict[str, Any]:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            found: dict[str, Any] = json.loads(line)
            assert found["jsonrpc"] == "2.0"
            if found.get("id") == number:
                return found
        raise AssertionError("the output ended before the answer")

    def rest(self) -> bytes:
        """What it writes until it ends, once its input is closed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        return self.process.stdout.read()


@contextlib.contextmanager
def raw(*arguments: str | Path, data_dir: Path, under: Sequence[str | Path] = (), **env: str) -> Iterator[Raw]:
    """Start `sidecar mcp` with bare pipes, and kill it at the end if it is still there. `under` is as in `serve`."""
    pipe = subprocess.PIPE
    words = [*map(str, under), *command(*arguments, data_dir=data_dir)]
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(**env))
    try:
        yield Raw(process=process)
    finally:
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout, process.stderr):
            assert end is not None
            # What was written and not read goes with it.
            with contextlib.suppress(BrokenPipeError):
                end.close()


def write_notes(vault: Path, notes: Mapping[str, str | bytes]) -> Path:
    for path, content in notes.items():
        file = vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return vault
