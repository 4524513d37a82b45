"""Searches while notes are written, removed and the index is switched: each hit is there, and nothing fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from sidecar.embedding.model import EmbeddingModel, Embeddings, TextKind
from sidecar.index import records, store
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.retrieval import retriever as retriever_module
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import parse_query
from sidecar.retrieval.retriever import Retriever
from tests.retrieval.vault import TODAY, Nonsense, entry, opened, settle

_QUESTIONS = ("the boiler", '"boiler number"', "[[7]] boiler", "boiler path:Notes", "boiler in March", "7", "zzz")


def text(number: int, version: int) -> str:
    day = f"2024-03-{number % 28 + 1:02}"
    return f"The boiler number {number} was read on {day} for the {version}th time, see [[{number + 1}]].\n"


def path(number: int) -> str:
    return f"Notes/{number}.md"


BESIDE = -1
"""No copy of vectors is so small that both lanes are asked on one thread."""


@pytest.mark.parametrize(("model", "most"), [(None, None), (Nonsense(), None), (Nonsense(), BESIDE)])
@pytest.mark.anyio
async def test_hits_are_whole_while_notes_are_replaced_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: EmbeddingModel | None, most: int | None
) -> None:
    if most is not None:
        monkeypatch.setattr(retriever_module, "_SCANNED_IN_PASSING", most)
    notes = {path(number): text(number, 0) for number in range(40)}
    async with opened(tmp_path, notes, model=model) as vault:
        searching = True

        async def write() -> int:
            rounds = 0
            while searching:
                rounds += 1
                for number in range(0, 40, 3):
                    changed = entry(path(number), text(number, rounds))
                    await vault.database.write(lambda c, changed=changed: store.replace_note(c, changed))  # type: ignore[misc]  # mypy cannot infer a lambda's default
                    await vault.database.write(lambda c, number=number: store.remove_note(c, path(number + 1)))  # type: ignore[misc]  # mypy cannot infer a lambda's default
                    back = entry(path(number + 1), text(number + 1, rounds))
                    await vault.database.write(lambda c, back=back: store.replace_note(c, back))  # type: ignore[misc]  # mypy cannot infer a lambda's default
                await settle(vault.database, model)
            return rounds

        writing = asyncio.create_task(write())
        for number in range(10):
            found = await asyncio.gather(*(vault.search(question) for question in _QUESTIONS))
            assert found[_QUESTIONS.index("the boiler")], number
            for hits in found:
                assert all(whole(hit) for hit in hits)
        searching = False
        assert await writing > 0
        for question in _QUESTIONS:
            for hit in await vault.search(question):
                stored = await vault.database.read(lambda c, row=hit.chunk.id: records.chunks_by_id(c, [row]))  # type: ignore[misc]  # mypy cannot infer a lambda's default
                assert stored[hit.chunk.id] == hit.chunk


def whole(hit: Hit) -> bool:
    number = hit.chunk.note.title
    return (
        hit.chunk.note.path == f"Notes/{number}.md"
        and f"boiler number {number} " in hit.chunk.text
        and 0 < hit.score <= 1
    )


@pytest.mark.anyio
async def test_both_lanes_at_once_find_what_one_after_the_other_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = {path(number): text(number, 0) for number in range(40)}
    async with opened(tmp_path, notes, model=Nonsense()) as vault:
        at_once = [await vault.search(question) for question in _QUESTIONS]
        monkeypatch.setattr(retriever_module, "_SCANNED_IN_PASSING", BESIDE)
        assert [await vault.search(question) for question in _QUESTIONS] == at_once
        assert any(found.lane == "vectors" for hit in at_once[0] for found in hit.found)


class Slow(Nonsense):
    """Tells when it is asked for a question's vector, and waits until it may go on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        if kind == "query":
            self.asked.set()
            await self.may_go_on.wait()
        return await super().embed(texts, kind=kind)


async def filled(folder: Path, model: EmbeddingModel, notes: dict[str, str]) -> Database:
    database = await open_index(folder, fingerprint(reading="test", embedding=model.name))
    entries = [entry(name, markdown) for name, markdown in notes.items()]
    await database.write(lambda c: [store.replace_note(c, each) for each in entries])
    await settle(database, model)
    return database


@pytest.mark.anyio
async def test_a_search_during_which_the_index_is_switched_answers_from_the_new_one(tmp_path: Path) -> None:
    model = Slow("first")
    old = await filled(tmp_path, model, {"a.md": "the old boiler"})
    new = await filled(tmp_path, Slow("second"), {"b.md": "the new boiler"})
    serving = old
    retriever = Retriever(lambda: serving, lambda: model, vector_weight=0.3, today=lambda: TODAY)
    searching = asyncio.create_task(retriever.search(parse_query("boiler"), limit=5))
    async with asyncio.timeout(30):
        await model.asked.wait()
        serving = new
        model.may_go_on.set()
        hits = await searching
    assert [hit.chunk.note.path for hit in hits] == ["b.md"]
    await old.aclose()
    assert [hit.chunk.note.path for hit in await retriever.search(parse_query("boiler"), limit=5)] == ["b.md"]
    await new.aclose()


@pytest.mark.anyio
async def test_many_questions_at_once_are_each_answered(tmp_path: Path) -> None:
    notes = {path(number): text(number, 0) for number in range(60)}
    async with opened(tmp_path, notes, model=Nonsense()) as vault:
        found = await asyncio.gather(*(vault.best(f"boiler number {number}") for number in range(60)))
        assert [hit.chunk.note.title for hit in found] == [str(number) for number in range(60)]
