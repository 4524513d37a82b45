"""Log lines that nobody reads make nobody wait."""

from __future__ import annotations

import io
import logging
import os
import threading
import time

import pytest

from sidecar.logs.stderr import UnreadStream


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("sidecar", logging.WARNING, __file__, 1, text, (), None)


def test_lines_are_written_in_their_order_and_what_waits_at_the_end_too() -> None:
    stream = io.StringIO()
    handler = UnreadStream(stream)
    for number in range(300):
        handler.handle(record(f"line {number}"))
    handler.close()
    handler.close()
    assert stream.getvalue().splitlines() == [f"line {number}" for number in range(300)]


def test_a_full_pipe_holds_nobody_up_and_what_was_left_out_is_said_once_it_moves() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        handler = UnreadStream(stream, waiting=10)
        # More than any pipe holds: a handler that wrote by itself would not come back.
        for number in range(5_000):
            handler.handle(record(f"{number} " + "x" * 100))
        found = bytearray()
        reader = threading.Thread(target=lambda: found.extend(_all(reading)))
        reader.start()
        deadline = time.monotonic() + 20
        while b"log lines were left out" not in found and time.monotonic() < deadline:
            handler.handle(record("one more"))
        handler.close()
    reader.join(10)
    os.close(reading)
    assert found.startswith(b"0 ")
    assert b"log lines were left out" in found


def _all(descriptor: int) -> bytes:
    whole = b""
    while block := os.read(descriptor, 65536):
        whole += block
        if b"log lines were left out" in whole:
            return whole
    return whole


def test_a_stream_that_is_gone_ends_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    handler = UnreadStream(stream)
    handler.handle(record("a line"))
    handler.close()


def test_a_line_that_cannot_be_made_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    stream = io.StringIO()
    handler = UnreadStream(stream)
    handler.handle(logging.LogRecord("sidecar", logging.WARNING, __file__, 1, "%d", ("words",), None))
    handler.handle(record("the next one"))
    handler.close()
    assert stream.getvalue() == "the next one\n"
