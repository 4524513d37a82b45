"""Starts `sidecar mcp` as an MCP client does and speaks to it: hello, the list of tools, a search.

Written without the SDK, line by line, so that anything else that stands in its output is seen for what it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sidecar import __version__
from sidecar.clients.advice import Outcome, Problem

STEPS = ("starts the command and says hello", "lists the tools", "asks for the vaults", "searches the notes")
_PROTOCOL = "2025-06-18"
_PATIENCE = 90.0
_MOST_BYTES = 8 * 2**20
_LONGEST = 400
_OWN = "SIDECAR_"
_EXPECTED = frozenset({"search_notes", "read_note", "vault_status"})
_HINT = "`sidecar doctor` looks for the cause; the command can be run by hand to see what it says."


class _FailedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


@dataclass(slots=True, kw_only=True)
class _Client:
    """One conversation with a process. Requests are numbered from 1."""

    process: asyncio.subprocess.Process
    errors: asyncio.Task[bytes]
    asked: int = 0

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a request. Raises _FailedError for anything else that comes."""
        self.asked += 1
        await self.tell({"id": self.asked, "method": method, "params": params})
        answer = await self._answer()
        if "error" in answer:
            raise _FailedError(Problem(text=str(answer["error"].get("message"))[:_LONGEST], hint=_HINT))
        return answer["result"]

    async def tell(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode("utf-8") + b"\n")
            await self.process.stdin.drain()

    async def _answer(self) -> Mapping[str, Any]:
        assert self.process.stdout is not None
        while True:
            try:
                line = await self.process.stdout.readline()
            except ValueError as error:
                raise _FailedError(Problem(text="an answer does not end", hint=_HINT)) from error
            if not line:
                raise _FailedError(await self._ended())
            try:
                message = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _FailedError(Problem(text="it writes something else than the protocol", hint=_HINT)) from error
            if isinstance(message, dict) and message.get("id") == self.asked:
                return message

    async def _ended(self) -> Problem:
        """What it said before it left: the message and the hint of the command."""
        lines = (await self.errors).decode("utf-8", "replace").strip().splitlines()
        told = next((line for line in lines if line.startswith("Error:")), lines[-1] if lines else "it said nothing")
        hint = next((line.removeprefix("Hint:").strip() for line in lines if line.startswith("Hint:")), _HINT)
        return Problem(text=f"the command ended: {told.removeprefix('Error:').strip()[:_LONGEST]}", hint=hint)


async def check_mcp(
    words: Sequence[str], *, environ: Mapping[str, str], patience: float = _PATIENCE
) -> AsyncIterator[Outcome]:
    """Start the command and tell how each step went; the first that fails ends it. `patience` is in seconds, for each.

    Of `environ`, Sidecar's own variables are left out: a client that was not started from this shell has none of them.
    """
    inherited = {name: value for name, value in environ.items() if not name.startswith(_OWN)}
    step, started = iter(STEPS), time.monotonic()
    does = next(step)
    try:
        async with _started(words, inherited) as client:
            for work in (_hello, _tools, _vaults, _search):
                async with asyncio.timeout(patience):
                    text = await work(client)
                yield Outcome(does=does, level="ok", text=text, seconds=time.monotonic() - started)
                does, started = next(step, does), time.monotonic()
    except _FailedError as error:
        yield Outcome(does=does, level="error", text=error.problem.text, hint=error.problem.hint)
    except TimeoutError:
        yield Outcome(does=does, level="error", text=f"no answer within {patience:g} s", hint=_HINT)
    except OSError as error:
        text = f"the command could not be started: {error.strerror or error}"
        yield Outcome(does=does, level="error", text=text, hint="Is Sidecar still installed there?")


@asynccontextmanager
async def _started(words: Sequence[str], environ: Mapping[str, str]) -> AsyncIterator[_Client]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *words, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(environ), limit=_MOST_BYTES
    )
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        yield _Client(process=process, errors=errors)
    finally:
        await _end(process)
        await errors


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, which ends it; kill it when that does not."""
    assert process.stdin is not None
    process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await process.wait()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _hello(client: _Client) -> str:
    own = {"name": "sidecar-connect", "version": __version__}
    result = await client.ask("initialize", {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": own})
    await client.tell({"method": "notifications/initialized"})
    server = result["serverInfo"]
    return f"{server['name']} {server['version']} answers, protocol {result['protocolVersion']}"


async def _tools(client: _Client) -> str:
    names = [tool["name"] for tool in (await client.ask("tools/list", {}))["tools"]]
    if not _EXPECTED.issubset(names):
        raise _FailedError(Problem(text=f"tools are missing: it has {', '.join(names) or 'none'}", hint=_HINT))
    return ", ".join(names)


async def _vaults(client: _Client) -> str:
    vaults = (await _called(client, "vault_status", {}))["vaults"]
    if not vaults:
        raise _FailedError(Problem(text="there is no vault", hint="Name one: `sidecar serve PATH/TO/VAULT`."))
    return ", ".join(f"{vault['name']} (notes: {vault['notes']})" for vault in vaults)


async def _search(client: _Client) -> str:
    found = (await _called(client, "search_notes", {"query": "note", "limit": 3}))["results"]
    return f"{len(found)} passage{'' if len(found) == 1 else 's'}"


async def _called(client: _Client, tool: str, arguments: Mapping[str, Any]) -> Any:
    result = await client.ask("tools/call", {"name": tool, "arguments": arguments})
    if result.get("isError"):
        raise _FailedError(Problem(text=str(result["content"][0]["text"])[:_LONGEST], hint=_HINT))
    return result["structuredContent"]
