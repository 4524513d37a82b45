"""Faults for a real server and its parser: whatever they fail on, every word of it is in what they fail with.

Python imports this module by itself where its folder is on PYTHONPATH. A question with FAULT in it, or a note, asks for
them; all else runs as ever.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import warnings
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[3]))


def break_parser() -> None:
    from sidecar.indexer import parse_worker

    parse_file = parse_worker.parse_file

    def parse(request: Any, job: Any, *arguments: Any) -> Any:
        text = Path(request.root, job.path).read_text(encoding="utf-8", errors="replace")
        if "FAULT-RAISE" in text:
            raise ValueError(text)
        if "FAULT-ABORT" in text:
            print(text, file=sys.stderr, flush=True)  # noqa: T201  # what a native library does
            os.abort()
        return parse_file(request, job, *arguments)

    parse_worker.parse_file = parse  # type: ignore[assignment]  # what it is given, it gives on


def break_server() -> None:
    from sidecar.runtime import runtime

    answer = vars(runtime)["answer"]

    async def failing(request: Any, **options: Any) -> AsyncGenerator[Any, None]:
        text = str(request.messages)
        async for delta in answer(request, **options):
            if "FAULT" in text:
                fail_everywhere(text)
                if "FAULT-LATE" in text:
                    yield delta
                raise KeyError(text) from OSError(28, text)
            yield delta

    vars(runtime)["answer"] = failing


def fail_everywhere(text: str) -> None:
    logging.getLogger("uvicorn.error").error("lost %s", text)
    logging.getLogger("library").warning(text)
    logging.getLogger("sidecar.api").warning("%d", text)
    warnings.warn(text, UserWarning, stacklevel=2)
    loop = asyncio.get_running_loop()
    loop.call_soon(raise_with, text)
    task = loop.create_task(raise_later(text))
    task.add_done_callback(lambda _: None)
    thread = threading.Thread(target=raise_with, args=(text,), name=text[:40])
    thread.start()
    thread.join()
    Sore(text)


class Sore:
    """Raises when it is thrown away."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def __del__(self) -> None:
        raise ValueError(self.text)


def raise_with(text: str) -> NoReturn:
    try:
        raise ExceptionGroup(text, [ValueError(text)])
    finally:
        sys.stdout.flush()


async def raise_later(text: str) -> NoReturn:
    raise ValueError(text)


if any("parse_worker" in argument for argument in sys.orig_argv):
    break_parser()
elif "serve" in sys.orig_argv:
    break_server()
