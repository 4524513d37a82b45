"""Indexing on battery, over a real folder, a real index and the real parser; the power is a stand-in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import is_complete, open_index
from sidecar.indexer.indexer import Indexer
from sidecar.indexer.pacing import Pace, Pacing
from sidecar.indexer.parsing import Parser
from sidecar.notes.rules import ReadingRules
from tests.indexer.test_indexer import Bench

pytestmark = pytest.mark.anyio


class Power:
    """A battery that is used or not; time passes with every look at the clock, and work takes none of the processor's
    unless `busy` says so.
    """

    def __init__(self) -> None:
        self.discharging = False
        self.busy = 0.0
        self.resting = asyncio.Event()
        self._clock = 0.0
        self._spent = 0.0

    def pacing(self, chosen: Pace) -> Pacing:
        return Pacing(chosen, source=lambda: self.discharging, spent=self._work, clock=self._tick, wait=self._wait)

    def _tick(self) -> float:
        self._clock += 31.0
        return self._clock

    def _work(self) -> float:
        self._spent += self.busy
        return self._spent

    async def _wait(self, event: asyncio.Event, _seconds: float) -> None:
        self.resting.set()
        await event.wait()


class PacedBench(Bench):
    """A bench whose indexer obeys the power."""

    def __init__(
        self, vault: Path, first: Database, second: Database, parser: Parser, power: Power, chosen: Pace
    ) -> None:
        super().__init__(vault, first, second, parser)
        self.power = power
        self.parser = parser
        self.indexer = Indexer(
            vault,
            targets=lambda: self.targets,
            parser=parser,
            exclusions=lambda: self.exclusions,
            embedding=self.model,
            embedding_name="gated",
            pacing=power.pacing(chosen),
            on_complete=self._completed,
        )

    async def look(self) -> None:
        await self.indexer.reconcile()
        await self.indexer.embed()


@pytest.fixture
async def paced(tmp_path: Path) -> AsyncIterator[Callable[[Pace], PacedBench]]:
    vault = tmp_path / "vault"
    vault.mkdir()
    first = await open_index(tmp_path / "index", fingerprint(reading="test", embedding="one"))
    second = await open_index(tmp_path / "index", fingerprint(reading="test", embedding="two"))
    parser = Parser(vault, rules=ReadingRules)
    yield lambda chosen: PacedBench(vault, first, second, parser, Power(), chosen)
    await parser.aclose()
    await first.aclose()
    await second.aclose()


async def test_new_notes_wait_for_mains_power_and_the_progress_says_so(
    paced: Callable[[Pace], PacedBench],
) -> None:
    bench = paced("pause")
    bench.write("Known.md", "the okapi hides")
    await bench.look()
    assert bench.indexer.progress.paused is None

    bench.power.discharging = True
    bench.write("New.md", "the wombat digs")
    bench.write("Sub/Other.md", "das Wombat gräbt")
    await bench.look()
    progress = bench.indexer.progress
    assert await bench.paths() == {"Known.md"}
    assert (progress.paused, progress.slowed, progress.unknown, progress.ready) == ("on battery", None, 2, False)
    assert not await bench.indexer.resumes()

    # What the watcher tells waits as well, and what is gone again waits no longer.
    bench.write("Third.md", "トガリネズミ")
    (bench.vault / "New.md").unlink()
    await bench.indexer.refresh(["Third.md", "New.md"])
    assert await bench.paths() == {"Known.md"}
    assert progress.unknown == 2

    bench.power.discharging = False
    assert await bench.indexer.resumes()
    await bench.look()
    assert await bench.paths() == {"Known.md", "Sub/Other.md", "Third.md"}
    assert (progress.paused, progress.unknown, progress.ready) == (None, 0, True)
    assert not await bench.indexer.resumes()


@pytest.mark.parametrize("told", [True, False])
async def test_deletions_marks_and_edits_of_indexed_notes_are_followed_on_battery(
    paced: Callable[[Pace], PacedBench], told: bool
) -> None:
    bench = paced("pause")
    for name in ("Gone", "Private", "Edited", "Kept"):
        bench.write(f"{name}.md", f"the {name.lower()} word")
    await bench.look()
    embedded = len(bench.model.texts)

    bench.power.discharging = True
    (bench.vault / "Gone.md").unlink()
    bench.write("Private.md", "---\nprivate: true\n---\nthe private word")
    bench.write("Edited.md", "another word")
    if told:
        await bench.indexer.refresh(["Gone.md", "Private.md", "Edited.md"])
        await bench.indexer.embed()
    else:
        await bench.look()
    assert await bench.paths() == {"Edited.md", "Kept.md"}
    # Its vector waits, the most expensive part.
    assert len(bench.model.texts) == embedded
    assert bench.indexer.progress.paused == "on battery"

    bench.power.discharging = False
    assert await bench.indexer.resumes()
    await bench.look()
    assert len(bench.model.texts) == embedded + 1
    assert bench.indexer.progress.paused is None


async def test_a_folder_that_is_renamed_on_battery_keeps_its_notes_and_their_vectors(
    paced: Callable[[Pace], PacedBench],
) -> None:
    bench = paced("pause")
    for number in range(6):
        bench.write(f"Old/{number}.md", f"wombat{number} digs")
    await bench.look()
    embedded = len(bench.model.texts)
    bench.power.discharging = True
    (bench.vault / "Old").rename(bench.vault / "New")
    bench.write("Unrelated.md", "a note of quite another length, which may wait")
    await bench.look()
    assert await bench.paths() == {f"New/{number}.md" for number in range(6)}
    assert len(bench.model.texts) == embedded


async def test_an_index_that_lacks_what_waits_is_not_whole(paced: Callable[[Pace], PacedBench]) -> None:
    bench = paced("pause")
    bench.power.discharging = True
    bench.write("New.md", "the wombat digs")
    await bench.look()
    assert not await is_complete(bench.first)
    bench.power.discharging = False
    await bench.look()
    assert await is_complete(bench.first)


async def test_slow_indexing_reads_everything_with_one_process(paced: Callable[[Pace], PacedBench]) -> None:
    bench = paced("slow")
    bench.power.discharging = True
    for number in range(70):
        bench.write(f"{number}.md", f"wombat{number} digs")
    await bench.look()
    assert len(await bench.paths()) == 70
    assert len(bench.parser.worker_pids) == 1
    assert len(bench.model.texts) == 70
    assert bench.indexer.progress.ready
    assert bench.indexer.progress.slowed is None


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor has one process anyway")
async def test_on_mains_power_two_processes_read(paced: Callable[[Pace], PacedBench]) -> None:
    bench = paced("slow")
    for number in range(70):
        bench.write(f"{number}.md", f"wombat{number} digs")
    await bench.look()
    assert len(bench.parser.worker_pids) == 2


async def test_a_deletion_does_not_wait_for_a_slow_run_to_end(paced: Callable[[Pace], PacedBench]) -> None:
    bench = paced("slow")
    bench.write("Gone.md", "the okapi hides")
    await bench.look()
    bench.power.discharging = True
    bench.power.busy = 3600.0
    for number in range(70):
        bench.write(f"{number}.md", f"wombat{number} digs")
    running = asyncio.create_task(bench.indexer.reconcile())
    async with asyncio.timeout(30):
        await bench.power.resting.wait()
        assert bench.indexer.progress.slowed == "on battery"
        (bench.vault / "Gone.md").unlink()
        await bench.indexer.refresh(["Gone.md"])
        await running
    assert "Gone.md" not in await bench.paths()
    left = 70 - len(await bench.paths())
    assert 0 < left < 70
    assert bench.indexer.progress.unknown == left
    assert bench.indexer.progress.slowed == "on battery"

    bench.power.busy = 0.0
    assert await bench.indexer.resumes()
    await bench.indexer.reconcile()
    assert len(await bench.paths()) == 70


async def test_a_deletion_that_a_slow_run_finds_comes_before_what_is_new(paced: Callable[[Pace], PacedBench]) -> None:
    bench = paced("slow")
    bench.write("Gone.md", "the okapi hides")
    bench.write("Kept.md", "the okapi is kept")
    await bench.look()
    bench.power.discharging = True
    (bench.vault / "Gone.md").unlink()
    bench.write("New.md", "a note of quite another length, which may wait")
    await bench.look()
    assert await bench.paths() == {"Kept.md"}
    assert await bench.indexer.resumes()
    await bench.look()
    assert await bench.paths() == {"Kept.md", "New.md"}
