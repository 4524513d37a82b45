"""The sections of docs/benchmarks.md, each between two comments with its name; each benchmark writes its own."""

from __future__ import annotations

import datetime as dt
import platform
import re
import subprocess
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"


def write_section(name: str, text: str, *, page: Path = PAGE) -> None:
    """Put the text in place of the section called `name`, at the end of the page if there is none yet."""
    begin, end = f"<!-- {name}: written by scripts/bench -->", f"<!-- end of {name} -->"
    section = f"{begin}\n\n{text.strip()}\n\n{end}"
    before = page.read_text(encoding="utf-8")
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    after = place.sub(lambda _: section, before) if place.search(before) else f"{before.rstrip()}\n\n{section}\n"
    page.write_text(after, encoding="utf-8")


def measured_where() -> str:
    """The day, the machine and the commit, for the head of a section."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, cwd=ROOT, check=False).stdout.strip() or "unknown"
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"
    return f"{dt.date.today().isoformat()}, {machine}, commit {commit}"
