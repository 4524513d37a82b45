"""What is counted while the vectors of an index are made, over a real index; only the model is a stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from sidecar.embedding.model import Embeddings, TextKind
from sidecar.errors import UpstreamError
from tests.indexer.test_indexer import Bench, bench

__all__ = ["bench"]
pytestmark = pytest.mark.anyio


async def counts_while_embedding(bench: Bench) -> list[tuple[int, int]]:
    """Done and total, as they stand each time that the model is asked."""
    seen: list[tuple[int, int]] = []
    progress, embed = bench.indexer.progress, bench.model.embed

    async def counting(texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        seen.append((progress.vectors_done, progress.vectors_total))
        return await embed(texts, kind=kind)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bench.model, "embed", counting)
        await bench.indexer.embed()
    return seen


async def test_the_passages_of_a_run_are_counted_and_none_is_when_it_ended(bench: Bench) -> None:
    for number in range(300):
        bench.write(f"{number}.md", f"wombat{number} digs")
    await bench.indexer.reconcile()
    progress = bench.indexer.progress
    assert (progress.vectors_done, progress.vectors_total) == (0, 0)
    assert await counts_while_embedding(bench) == [(0, 300), (128, 300), (256, 300)]
    assert (progress.vectors_done, progress.vectors_total) == (0, 0)


async def test_a_run_counts_what_it_has_to_do_and_not_what_another_did(bench: Bench) -> None:
    bench.write("a.md", "the okapi hides")
    await bench.indexer.reconcile()
    await bench.indexer.embed()
    bench.write("b.md", "der Wombat gräbt")
    await bench.indexer.refresh(["b.md"])
    assert await counts_while_embedding(bench) == [(0, 1)]


async def test_notes_that_come_meanwhile_are_counted_before_they_are_embedded(bench: Bench) -> None:
    bench.write("a.md", "the okapi hides")
    await bench.indexer.reconcile()
    bench.model.gate.clear()
    running = asyncio.create_task(counts_while_embedding(bench))
    await asyncio.wait_for(bench.model.asked.wait(), 30)
    for number in range(5):
        bench.write(f"{number}.md", f"トガリネズミ {number}")
    await bench.indexer.refresh([f"{number}.md" for number in range(5)])
    bench.model.gate.set()
    assert await running == [(0, 1), (1, 6)]


async def test_a_run_that_fails_leaves_no_count_behind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write("a.md", "the okapi hides")
    await bench.indexer.reconcile()

    async def fail(*_texts: object, **_kind: object) -> Embeddings:
        raise UpstreamError("gone")

    monkeypatch.setattr(bench.model, "embed", fail)
    await bench.indexer.embed()
    assert (bench.indexer.progress.vectors_done, bench.indexer.progress.vectors_total) == (0, 0)
    assert bench.indexer.progress.embedding_problem == "Embedding stopped: gone"


async def test_what_stays_on_this_machine_is_not_counted_for_a_model_elsewhere(bench: Bench) -> None:
    bench.write("Open.md", "the okapi hides")
    bench.write("Own.md", "---\nsidecar: local\n---\nthe wombat digs")
    await bench.indexer.reconcile()
    bench.model.on_this_machine = False
    assert await counts_while_embedding(bench) == [(0, 1)]
