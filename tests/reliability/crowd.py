"""Many clients of one server, whose answers wait at a gate."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from tests.reliability.counting import Counted
from tests.reliability.gate import MODEL, WORDS, Gate
from tests.reliability.wire import key_of, port_of, written
from tests.serving import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """A server and the gate that its answers wait at."""

    counted: Counted
    gate: Gate

    def request(self, *, model: str = MODEL, stream: bool = True) -> bytes:
        messages = [{"role": "user", "content": "What is the gate code for the cabin?"}]
        body = json.dumps({"model": model, "stream": stream, "messages": messages}).encode()
        server = self.counted.server
        return written(server, "POST", "/v1/chat/completions", [key_of(server), ("Connection", "close")], body=body)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port_of(self.counted.server))

    async def answer(self, request: bytes | None = None) -> bytes:
        """Everything that comes back on a connection of its own."""
        reader, writer = await self.dial()
        try:
            writer.write(self.request() if request is None else request)
            async with asyncio.timeout(120):
                return await reader.read()
        finally:
            writer.close()

    async def begun(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A stream whose first word has come."""
        reader, writer = await self.dial()
        writer.write(self.request())
        async with asyncio.timeout(120):
            await reader.readuntil(b"First")
        return reader, writer

    async def at_the_gate(self, count: int) -> None:
        await asyncio.to_thread(until, lambda: self.gate.waiting == count, seconds=60)

    async def full_and_served(self, count: int) -> None:
        """As many as fit stream at once, and all to the end."""
        self.gate.shut()
        streams = [asyncio.create_task(self.answer()) for _ in range(count)]
        await self.at_the_gate(count)
        self.gate.open()
        answers = await asyncio.gather(*streams)
        assert all(whole(answer) for answer in answers)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def whole(answer: bytes) -> bool:
    """Whether a stream has its first word, its last, its end and the end of HTTP's own chunks."""
    last = json.dumps(f" {WORDS - 1}").encode()
    return all(part in answer for part in (b"First", last, b"data: [DONE]\n\n")) and answer.endswith(b"0\r\n\r\n")
