"""Measure Sidecar on a vault and write its section of docs/benchmarks.md.

Everything is measured on a real server over a real socket, on a copy of the vault. Without --write the table is only
printed. `scripts/bench` runs it in the project's environment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from sidecar.indexer.parse_result import ParseJob  # noqa: E402  # the path is set above
from sidecar.indexer.parsing import Parser  # noqa: E402  # the path is set above
from sidecar.notes.rules import ReadingRules  # noqa: E402  # the path is set above
from tests.serving import Server, environment, serve, until  # noqa: E402  # the path is set above

Row = tuple[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench vault", description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--model", type=Path, help="a GGUF chat model; without it a tiny random one is made")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        vault = work / options.vault.resolve().name
        shutil.copytree(options.vault, vault)
        rows = [
            *parsing(vault, work),
            *indexing(vault, work),
            *serving(vault, work),
            *chatting(vault, work, options.model),
        ]
    table = "\n".join(f"| {what} | {value} |" for what, value in rows)
    print(f"| what | measured |\n|---|---|\n{table}")
    if options.write:
        write(options.vault.resolve().name, table)
    return 0


def notes_of(vault: Path) -> tuple[list[Path], float]:
    """The vault's Markdown notes, and how many megabytes they are."""
    notes = [p for p in vault.rglob("*.md") if not any(part.startswith(".") for part in p.relative_to(vault).parts)]
    return notes, sum(p.stat().st_size for p in notes) / 1e6


def parsing(vault: Path, work: Path) -> list[Row]:
    """From files to notes, chunks and terms, in the indexer's worker processes; markdown-it-py alone is the base."""
    notes, megabytes = notes_of(vault)
    texts = [path.read_text("utf-8", "replace") for path in notes]
    paths = [path.relative_to(vault).as_posix() for path in notes]
    library = MarkdownIt("commonmark").enable("table")
    ways: dict[str, Callable[[], float]] = {
        "markdown-it-py alone, one process": lambda: timed(lambda: [library.parse(text) for text in texts]),
        "reading, cutting and terms, one process": lambda: asyncio.run(parse(vault, paths, workers=1)),
        "reading, cutting and terms, two processes": lambda: asyncio.run(parse(vault, paths, workers=2)),
    }
    # In turns: on a shared machine one may meet a worse minute than the other.
    rounds = [{name: way() for name, way in ways.items()} for _ in range(3)]
    best = {name: min(each[name] for each in rounds) for name in ways}
    base, one, two = best.values()
    return [
        ("notes in the vault", f"{len(notes)}, {megabytes:.1f} MB"),
        *(
            (name, f"{seconds:.2f} s: {len(notes) / seconds:.0f} notes/s, {megabytes / seconds:.2f} MB/s")
            for name, seconds in best.items()
        ),
        ("… speed over markdown-it-py's: one process, two", f"{base / one:.2f}, {base / two:.2f}"),
        *peaks(work),
    ]


async def parse(root: Path, paths: list[str], *, workers: int) -> float:
    """Seconds that warm workers take for the files."""
    parser = Parser(root, rules=ReadingRules, workers=workers, deadline=300)
    jobs = [ParseJob(path=path, known_hash=None) for path in paths]
    try:
        await parser.parse(jobs[:40])
        begun = time.perf_counter()
        results = await parser.parse(jobs)
        seconds = time.perf_counter() - begun
    finally:
        await parser.aclose()
    assert not [result.error for result in results if result.error]
    return seconds


def peaks(work: Path) -> list[Row]:
    """How far a worker's memory rises above that for an empty note. Only Linux tells a process's peak."""
    if sys.platform != "linux":
        return []
    folder = work / "large"
    folder.mkdir()
    words = random.Random(7).choices(["a", "note", "about", "reading", "größer", "笔记", "#tag", "and"], k=1_000_000)
    sentence = " ".join(words)
    prose = "".join(sentence[start : start + 400] + "\n\n" for start in range(0, len(sentence), 400))
    lists = "".join(
        f"{'  ' * (n % 3)}- [ ] see [[Note {n}#Part|{word}]] and [it](folder/{n}.md)\n"
        for n, word in enumerate(words[:120_000])
    )
    peak = {}
    for name, text in (("empty", ""), ("prose", prose), ("tasks with links", lists)):
        (folder / f"{name}.md").write_bytes(text.encode("utf-8")[:5_000_000])
        peak[name] = asyncio.run(peak_memory(folder, f"{name}.md"))
    return [
        (f"peak memory of a worker on a 5 MB note: {name}", f"{peak[name] - peak['empty']:.0f} MB over an empty note's")
        for name in ("prose", "tasks with links")
    ]


async def peak_memory(root: Path, path: str) -> float:
    """Megabytes that a new worker has taken at most when it has read one file."""
    parser = Parser(root, rules=ReadingRules, workers=1, deadline=300)
    try:
        (result,) = await parser.parse([ParseJob(path=path, known_hash=None)])
        assert result.parsed is not None
        assert result.parsed.note.problems == ()
        (pid,) = parser.worker_pids
        return await asyncio.to_thread(high_water, pid)
    finally:
        await parser.aclose()


def high_water(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) * 1024 / 1e6


def indexing(vault: Path, work: Path) -> list[Row]:
    notes, megabytes = notes_of(vault)
    rows: list[Row] = []
    for name, repeats in (("built-in embedding", 3), ("words alone", 1)):
        extra = [] if name == "built-in embedding" else ["--embedding-model", "none"]
        cold = statistics.median(index(vault, work / f"cold-{name}-{n}", *extra)[0] for n in range(repeats))
        rows.append(
            (f"cold index, {name}", f"{cold:.1f} s: {len(notes) / cold:.0f} notes/s, {megabytes / cold:.2f} MB/s")
        )
    folder = work / "cold-built-in embedding-0"
    seconds, result = min((index(vault, folder) for _ in range(3)), key=lambda pair: pair[0])
    size = sum(p.stat().st_size for p in folder.rglob("index-*")) / 1e6
    rows.append(
        ("index again, nothing changed", f"{seconds:.2f} s whole process ({result['seconds']:.2f} s of it indexing)")
    )
    rows.append(("index on disk", f"{size:.0f} MB, {result['chunks']} chunks"))
    return rows


def index(vault: Path, data_dir: Path, *flags: str) -> tuple[float, dict[str, Any]]:
    command = [sys.executable, "-m", "sidecar", "index", str(vault), "--data-dir", str(data_dir), "--json", *flags]
    begun = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, env=environment(), cwd=ROOT)
    return time.perf_counter() - begun, json.loads(done.stdout)[0]


def serving(vault: Path, work: Path) -> list[Row]:
    queries = sample_queries(vault)
    with serve(vault, data_dir=work / "cold-built-in embedding-0") as server:
        idle = idle_memory(server)
        rows = [("search, one client, over HTTP", percentiles([timed(lambda q=q: server.found(q)) for q in queries]))]
        rows.append(("search, inside the server", percentiles([inside(server, q) for q in queries])))
        rows.append(("from save to searchable", percentiles([save_to_found(server, vault, n) for n in range(15)])))
        rows.append(("memory of the server process, idle after start", f"{idle:.0f} MB"))
        rows.append(
            ("memory after the searches", f"{psutil.Process(server.process.pid).memory_info().rss / 1e6:.0f} MB")
        )
    return rows


def sample_queries(vault: Path, count: int = 200) -> list[str]:
    """Titles and sentences of the vault itself, in whatever languages it has."""
    chosen = random.Random(7).sample(sorted(vault.rglob("*.md")), k=min(count, len(list(vault.rglob("*.md")))))
    queries = []
    for path in chosen:
        lines = [
            line.strip() for line in path.read_text("utf-8", "replace").splitlines() if 12 < len(line.strip()) < 200
        ]
        queries.append(random.Random(path.name).choice([path.stem, *lines]))
    return queries


def inside(server: Server, query: str) -> float:
    took: float = server.client.post("/vault/search", json={"query": query}).json()["took_ms"] / 1000
    return took


def save_to_found(server: Server, vault: Path, number: int) -> float:
    word = f"zyzzyva{number}q{os.getpid()}"

    def save_and_find() -> None:
        (vault / f"{word}.md").write_text(f"# Saved\n\nThe word is {word}.", encoding="utf-8")
        until(lambda: server.best(word) == f"{word}.md")

    return timed(save_and_find)


def idle_memory(server: Server) -> float:
    """Resident memory once the parser's process has gone and nothing has happened for a while."""
    process = psutil.Process(server.process.pid)
    until(lambda: not process.children(recursive=True), seconds=60)
    return process.memory_info().rss / 1e6


def chatting(vault: Path, work: Path, model: Path | None) -> list[Row]:
    if model is None:
        from tests.models.tiny_chat import build  # needs gguf, which only a bench without a model wants

        model = work / "tiny-chat.gguf"
        build(model)
    queries = sample_queries(vault, 30)
    with serve(vault, "--model", model, data_dir=work / "cold-built-in embedding-0") as server:
        name = next(
            entry.id
            for entry in server.official.models.list()
            if entry.id not in {"vault", "builtin"} and "/" not in entry.id
        )
        first_token(server, name, "warm up", "never")
        bare = [first_token(server, name, query, None) for query in queries]
        never = [first_token(server, "vault", query, "never") for query in queries]
        notes = [first_token(server, "vault", query, "always") for query in queries]
    return [
        (f"time to first token, {model.stem}, plain model id", first_tokens(bare)),
        ("… id `vault`, notes switched off by the client", first_tokens(never)),
        ("… id `vault`, notes retrieved and put into the prompt", first_tokens(notes)),
        ("… ratio of the medians: notes off over plain", f"{ratio(never, bare):.2f}"),
        ("… ratio of the medians: with notes over plain", f"{ratio(notes, bare):.2f}"),
    ]


def first_tokens(runs: list[tuple[float, int]]) -> str:
    tokens = statistics.median(count for _, count in runs)
    return f"{percentiles([seconds for seconds, _ in runs])}; prompt of {tokens:.0f} tokens (median)"


def ratio(runs: list[tuple[float, int]], others: list[tuple[float, int]]) -> float:
    return statistics.median(s for s, _ in runs) / statistics.median(s for s, _ in others)


def first_token(server: Server, model: str, question: str, mode: str | None) -> tuple[float, int]:
    """Seconds until the first event with text or an end, and the tokens of the prompt."""
    extra = {} if mode is None else {"vault": {"mode": mode}}
    begun = time.perf_counter()
    stream = server.official.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        stream=True,
        max_tokens=4,
        stream_options={"include_usage": True},
        extra_body=extra,
    )
    next(iter(stream))
    took = time.perf_counter() - begun
    usage = [chunk.usage for chunk in stream if chunk.usage is not None][-1]
    return took, usage.prompt_tokens


def timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"p50 {ordered[len(ordered) // 2] * 1000:.1f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1000:.1f} ms"


def write(vault: str, table: str) -> None:
    write_section(
        "vault",
        f"""## A vault

Measured on {measured_where()}, with

    ./scripts/bench vault PATH/TO/{vault} --write

on the public vault `{vault}` (Chinese and English notes). Times are medians or percentiles of one run on a shared
machine; read ratios rather than single numbers. The chat model is a tiny random one unless a GGUF was given: its own
work is small, so what retrieval adds shows.

| what | measured |
|---|---|
{table}
""",
    )


if __name__ == "__main__":
    sys.exit(main())
