"""A parse worker that fails on purpose: what it does with a file is in the file's name.

Run by the tests in place of the real worker, of which everything but this one function is used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from sidecar.chunking import TokenLimit
from sidecar.embedding.measure import CountTokens, TextLimit, open_counter
from sidecar.indexer.parse_result import ParseJob, ParseRequest, ParseResult
from sidecar.indexer.parse_worker import main, parse_file


def fail_by_name(request: ParseRequest, job: ParseJob, tokens: TokenLimit | None) -> ParseResult:
    name = Path(job.path).stem
    if name.startswith("abort"):
        os.abort()
    if name.startswith("hang") and not (request.plain and "markdown" in name):
        while True:
            pass
    if name.startswith("once") and not (flag := Path(request.root, job.path + ".seen")).exists():
        flag.touch()
        os.abort()
    if name.startswith("raise"):
        raise RecursionError
    if name.startswith("memory"):
        bytearray(2**40)
    if name.startswith("print"):
        print("not a frame", flush=True)  # noqa: T201  # what a library in the worker might do
    if name.startswith("lie"):
        return ParseResult(path="another.md", missing=True)
    if name.startswith("huge"):
        return ParseResult(path=job.path, error="x" * (300 * 2**20))
    return parse_file(request, job, tokens)


def abort_by_name(limit: TextLimit) -> CountTokens:
    if limit.path.endswith("abort.gguf"):
        os.abort()
    return open_counter(limit)


if __name__ == "__main__":
    main(parse=fail_by_name, counter=abort_by_name)
