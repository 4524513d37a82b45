"""The bars of a vault: its files, and the passages that are embedded behind them."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

from sidecar.cli.progress import VaultBars, columns
from sidecar.indexer.progress import Progress


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """What a terminal of 100 columns shows of a vault's bars."""

    def __init__(self, name: str) -> None:
        self.clock = Clock()
        self.console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
        self.bars = Bars(*columns(), console=self.console, get_time=self.clock, auto_refresh=False)
        self.vault = VaultBars(self.bars, name)

    def lines(self, progress: Progress, *, later: float = 0.0) -> list[str]:
        self.clock.now += later
        self.vault.show(progress)
        with self.console.capture() as captured:
            self.console.print(self.bars.get_renderable())
        return [" ".join(line.split()) for line in captured.get().splitlines() if line.strip()]


def test_files_are_counted_with_their_rate_and_the_time_left() -> None:
    screen = Screen("Notes")
    screen.lines(Progress(phase="reading", total=1000))
    screen.lines(Progress(phase="reading", total=1000, done=100), later=1.0)
    (line,) = screen.lines(Progress(phase="reading", total=1000, done=200), later=1.0)
    assert "Notes: reading" in line
    assert "200/1000" in line
    assert "100/s" in line
    assert "0:00:08" in line


def test_passages_have_a_bar_of_their_own_for_as_long_as_some_are_embedded() -> None:
    screen = Screen("Notes")
    read = Progress(phase="embedding", total=9, done=9, vectors_total=60_000)
    screen.lines(Progress(phase="reading", total=9, done=9))
    screen.lines(read)
    screen.lines(replace(read, vectors_done=10), later=10.0)
    files, passages = screen.lines(replace(read, vectors_done=20), later=10.0)
    assert "9/9" in files
    assert "Notes: embedding" in passages
    assert "20/60000" in passages
    assert "1/s" in passages
    assert "16:39:40" in passages
    assert len(screen.lines(Progress(total=9, done=9, phase="idle"))) == 1


def test_a_slow_model_has_a_rate_all_the_same() -> None:
    screen = Screen("Notes")
    screen.lines(Progress(phase="embedding", vectors_total=100))
    screen.lines(Progress(phase="embedding", vectors_done=1, vectors_total=100), later=5.0)
    (line,) = screen.lines(Progress(phase="embedding", vectors_done=2, vectors_total=100), later=5.0)
    assert "12/min" in line


@pytest.mark.parametrize("name", ["[bold]x[/nope]", "a\x1b]0;t\x07", "日記", "x" * 300])
def test_odd_names_of_vaults_are_shown(name: str) -> None:
    lines = Screen(name).lines(Progress(phase="reading", total=4, vectors_total=9))
    assert "\x1b]0;" not in "".join(lines)
    assert name[:5].replace("\x1b", "\\x1b")[:5] in lines[0]
