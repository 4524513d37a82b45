"""Measure what a server costs that nobody asks anything: its memory, its processor time and how often it wakes.

    ./scripts/bench idle [--seconds 600] [--vault FOLDER] [--write]

A real server is started over the demonstration vault, once with a new index and once with the one that is there. When
it is ready, and the processes that read the notes have ended, it is left alone for the time. Of processor time, what
the server and all its processes used is counted, which what else the machine does hardly changes. Linux alone tells
these numbers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from tests.serving import DEMO_VAULT, serve, until  # noqa: E402  # the path is set above

_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at a process: kilobytes, seconds of processor time, and how often its threads gave the processor up."""

    rss: int
    pss: int
    cpu: float
    switches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What one server did: `start` is the processor time until it listened, `listening` the seconds on the clock."""

    listening: float
    start: float
    before: Sample
    after: Sample


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench idle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="how long each server is left alone")
    parser.add_argument("--vault", type=Path, default=DEMO_VAULT)
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    if sys.platform != "linux":
        parser.error("only Linux tells these numbers")
    with tempfile.TemporaryDirectory() as folder:
        ways = ("new index", "index already there")
        found = {way: idle(options.vault, Path(folder) / "data", seconds=options.seconds) for way in ways}
    table = "\n".join(table_of(found, seconds=options.seconds))
    print(table)
    if options.write:
        write_section("idle", section(table, seconds=options.seconds))
    return 0


def idle(vault: Path, data_dir: Path, *, seconds: float) -> Idle:
    """Start a server, leave it alone, and look at it before and after."""
    begun = time.perf_counter()
    with serve(vault, data_dir=data_dir, wait=False) as server:
        listening = time.perf_counter() - begun
        process = psutil.Process(server.process.pid)
        start = cpu_seconds(process.pid)
        server.ready()
        until(lambda: not process.children(recursive=True), seconds=60)
        time.sleep(_SETTLE_SECONDS)
        before = look(process.pid)
        time.sleep(seconds)
        return Idle(listening=listening, start=start, before=before, after=look(process.pid))


def look(pid: int) -> Sample:
    """Look at a process and its threads."""
    memory = fields(Path(f"/proc/{pid}/smaps_rollup"))
    threads = [fields(path / "status") for path in Path(f"/proc/{pid}/task").iterdir()]
    switches = sum(thread["voluntary_ctxt_switches"] for thread in threads)
    return Sample(rss=memory["Rss"], pss=memory["Pss"], cpu=cpu_seconds(pid), switches=switches)


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time of all threads, counted in nanoseconds: /proc/PID/stat counts in hundredths, of which
    ten minutes have but a few.
    """
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def fields(file: Path) -> dict[str, int]:
    """The lines `Name: number` of one of the files below /proc."""
    pairs = (line.partition(":") for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
    numbers = ((name, value.split()) for name, _, value in pairs)
    return {name: int(words[0]) for name, words in numbers if words and words[0].isdigit()}


def table_of(found: dict[str, Idle], *, seconds: float) -> list[str]:
    """The lines of a table, one column for each server."""
    rows = {
        "start until it listens": lambda each: f"{each.listening:.2f} s, {each.start:.2f} s of processor time",
        "resident memory (RSS)": lambda each: f"{each.after.rss * 1024 / 1e6:.0f} MB",
        "proportional memory (PSS)": lambda each: f"{each.after.pss * 1024 / 1e6:.0f} MB",
        f"processor time in {seconds:.0f} s": lambda each: f"{used(each):.3f} s",
        "share of one core": lambda each: f"{100 * used(each) / seconds:.3f} %",
        "wakes a second": lambda each: f"{(each.after.switches - each.before.switches) / seconds:.1f}",
    }
    head = ["", *found]
    lines = [head, ["---"] * len(head), *([name, *map(told, found.values())] for name, told in rows.items())]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def used(each: Idle) -> float:
    return each.after.cpu - each.before.cpu


def section(table: str, *, seconds: float) -> str:
    """The section of docs/benchmarks.md."""
    return f"""## A server that nobody asks

Measured on {measured_where()}, with

    ./scripts/bench idle --seconds {seconds:.0f} --write

over the demonstration vault, with the built-in embedding. RSS counts pages that other programs share, PSS its part of
them. A thread that ends takes its count of wakes with it.

{table}
"""


if __name__ == "__main__":
    sys.exit(main())
