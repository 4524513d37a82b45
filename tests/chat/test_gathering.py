"""Hits become passages, through a real index: joined, whole, once, and never further than their notes may go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from sidecar.chat import ChatRequest, answer, find_hits, find_passages, passage_of
from sidecar.index import store
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.seals import change_notes
from sidecar.index.shelf import open_index
from sidecar.prompt import Passage, leaving, render, sources
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import make_entry, read_entry
from tests.test_chat import OneVault, ScriptedModel

FILLER = "The hills were green and the weather was fine all week long, as it is in May. "
Search = Callable[..., Awaitable[list[Passage]]]


class Shelf:
    """An index to be filled by a test, and a vault on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.vault = OneVault(Retriever(lambda: database, lambda: None, vector_weight=0.25))

    async def put(self, **notes: str) -> None:
        for name, text in notes.items():
            entry = read_entry(f"{name}.md", text)
            await self.database.write(lambda c, e=entry: store.replace_note(c, e))  # type: ignore[misc]  # mypy cannot infer a lambda's default

    async def find(self, question: str) -> list[Passage]:
        return await find_passages(ChatRequest(messages=[{"role": "user", "content": question}]), self.vault)

    async def ask(self, question: str, *, window: int = 4096) -> str:
        model = ScriptedModel(("x",), window=window)
        request = ChatRequest(messages=[{"role": "user", "content": question}])
        async for _ in answer(request, model=model, notes=self.vault):
            pass
        return str(model.asked[0].messages[-1]["content"])


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = await open_index(tmp_path, fingerprint(reading="test", embedding="none"))
    yield Shelf(database)
    await database.aclose()


SHORT = """---
status: done
tags: [heating]
due: 2024-04-01
---
# Boiler

It stands in the cellar.

## Repair

The boiler repair cost 240 euros.

## Model

A Vaillant ecoTEC.
"""


@pytest.mark.anyio
async def test_a_short_note_comes_whole_with_its_properties_and_each_section_may_be_cited(shelf: Shelf) -> None:
    await shelf.put(Boiler=SHORT, Other="A numbat forages in the forest.")
    (found,) = await shelf.find("What did the boiler repair cost?")
    assert "It stands in the cellar." in found.text
    assert "A Vaillant ecoTEC." in found.text
    assert found.text.split("\n") == SHORT.split("\n")[found.start_line - 1 : found.end_line]
    assert found.link == "Boiler"
    lines = SHORT.split("\n")
    assert {(each.link, lines[each.start_line - 1]) for each in found.sections} >= {
        ("Boiler#Repair", "## Repair"),
        ("Boiler#Model", "## Model"),
    }
    assert render(found).startswith("[[Boiler]] (status: done; due: 2024-04-01; #heating)\n# Boiler\n")


@pytest.mark.anyio
async def test_a_model_that_quotes_is_given_what_was_found_under_its_own_link(shelf: Shelf) -> None:
    sections = "\n\n".join(f"## Part {n}\n\n{FILLER * 8}" for n in range(4))
    await shelf.put(Boiler=f"# Boiler\n\n{sections}\n\n## Repair\n\nThe boiler repair cost 240 euros. {FILLER}")
    found = await shelf.find("What did the boiler repair cost?")
    first = sources(found)[0]
    assert first.link == "Boiler#Repair"
    assert "240 euros" in first.text


def long_section(*, at: int = 9) -> str:
    sentences = [f"On day {n} {FILLER.lower()}" for n in range(40)]
    sentences.insert(at, "The zorbing championship was held.")
    return "# Journal\n\n## May\n\n" + " ".join(sentences)


@pytest.mark.anyio
async def test_chunks_that_follow_each_other_become_one_passage_with_no_word_twice(shelf: Shelf) -> None:
    text = "# Zoo\n\n" + "\n\n".join(f"## Cage {n}\n\nThe numbat number {n} sleeps. {FILLER * 8}" for n in range(3))
    await shelf.put(Zoo=text)
    (found,) = await shelf.find("numbat sleeps")
    assert found.text in text
    assert [each.link for each in found.sections][-2:] == ["Zoo#Cage 1", "Zoo#Cage 2"]
    assert [found.text[each.start : each.end].split(".")[0][-20:] for each in found.matched] == [
        f"mbat number {n} sleeps" for n in range(3)
    ]
    assert found.score == max(each.score for each in found.matched)


@pytest.mark.parametrize("at", [2, 14, 38])
@pytest.mark.anyio
async def test_a_hit_in_a_long_section_comes_with_the_sentences_next_to_its_chunk(shelf: Shelf, at: int) -> None:
    text = long_section(at=at)
    await shelf.put(Journal=text)
    (hit, *_) = await find_hits(
        ChatRequest(messages=[{"role": "user", "content": "When was the zorbing championship?"}]), shelf.vault
    )
    (found, *_) = await shelf.find("When was the zorbing championship?")
    assert hit.chunk.text in found.text
    assert 50 < len(found.text) - len(hit.chunk.text) <= 2 * 400 + 10
    assert found.text in text
    assert found.text.endswith(".")


@pytest.mark.anyio
async def test_a_row_of_a_long_table_comes_with_its_header(shelf: Shelf) -> None:
    rows = "\n".join(f"| item number {n} of the long list of things in the cellar | {n * 7} |" for n in range(60))
    await shelf.put(Stock=f"# Stock\n\n| Thing | Euros |\n| --- | --- |\n{rows}\n| zorbing ball | 950 |")
    assert "| Thing | Euros |\n| --- | --- |\n" in await shelf.ask("zorbing ball")


@pytest.mark.anyio
async def test_a_copy_of_a_note_goes_in_once(shelf: Shelf) -> None:
    text = f"The numbat eats termites, up to twenty thousand a day. {FILLER}"
    other = f"The quokka eats leaves, not termites. {FILLER}"
    await shelf.put(**{"Numbat": text, "Numbat (conflicted copy)": text, "Quokka": other})
    content = await shelf.ask("How many termites does the numbat eat?")
    assert content.count("twenty thousand") == 1


@pytest.mark.parametrize("window", [512, 1024, 4096, 32_768])
@pytest.mark.anyio
async def test_a_mentioned_note_is_whole_where_it_fits_else_nearest_to_the_question(shelf: Shelf, window: int) -> None:
    paragraphs = [f"Paragraph {n}: {FILLER}" for n in range(120)]
    paragraphs[77] += "The zorbing championship was held in Turin."
    await shelf.put(Journal="\n\n".join(paragraphs), Sport="A zorbing championship is held each year.")
    content = await shelf.ask("Where was the zorbing championship in [[Journal]]?", window=window)
    assert "held in Turin" in content
    assert "[[Journal]]" in content.split("</notes")[0]
    assert ("Paragraph 0:" in content and "Paragraph 119:" in content) == (window > 4096)
    assert "each year" in content
    assert len(content) // 4 < window * 0.65


@pytest.mark.anyio
async def test_chinese_notes_are_joined_without_blanks_and_cut_behind_sentences(shelf: Shelf) -> None:
    text = (
        "# 日记\n\n"
        + "".join(f"第{n}天天气很好，我们去了山上散步。" for n in range(90))
        + "锅炉的修理费是二百四十欧元。"
    )
    await shelf.put(日记=text)
    (found, *_) = await shelf.find("锅炉的修理费是多少？")
    assert "二百四十欧元" in found.text
    assert found.text in text
    content = await shelf.ask("锅炉的修理费是多少？ [[日记]]", window=512)
    assert "二百四十欧元" in content
    assert "[…]" in content


def keep_here(connection: apsw.Connection) -> None:
    """Have every note stay on this machine."""
    notes = [row for (row,) in connection.execute("SELECT id FROM notes")]
    change_notes(connection, notes, "local = ?", ("private: true",))


@pytest.mark.anyio
async def test_what_stands_around_a_hit_in_a_note_that_stays_here_never_leaves(shelf: Shelf) -> None:
    await shelf.put(Diary=long_section())
    await shelf.database.write(keep_here)
    found = await shelf.find("When was the zorbing championship?")
    assert found
    assert all(each.local for each in found)
    assert leaving(found) == ([], 1)


@pytest.mark.anyio
async def test_a_note_that_came_to_stay_here_since_the_search_stays(shelf: Shelf) -> None:
    await shelf.put(Diary=long_section(at=15), Short="The zorbing championship was short.")
    request = ChatRequest(messages=[{"role": "user", "content": "When was the zorbing championship?"}])
    hits = await find_hits(request, shelf.vault)
    await shelf.database.write(keep_here)
    assert not any(hit.local for hit in hits)
    found = await shelf.vault.retriever.stretches(hits)
    assert [stretch.local for stretch in found] == [True, True]


@pytest.mark.anyio
async def test_what_the_index_has_changed_since_the_search_is_left_out(shelf: Shelf) -> None:
    await shelf.put(Journal=long_section(at=15))
    request = ChatRequest(messages=[{"role": "user", "content": "When was the zorbing championship?"}])
    hits = await find_hits(request, shelf.vault)
    other = make_entry("Journal.md", ["A secret."] * 6)
    await shelf.database.write(lambda c: store.replace_note(c, other))
    found = await shelf.vault.retriever.stretches(hits)
    assert [each.text for stretch in found for each in stretch.chunks] == [hit.chunk.text for hit in hits]


@pytest.mark.anyio
async def test_a_hit_by_itself_tells_its_notes_kind_tags_and_properties(shelf: Shelf) -> None:
    await shelf.put(Boiler=SHORT)
    (hit, *_) = await find_hits(ChatRequest(messages=[{"role": "user", "content": "boiler repair"}]), shelf.vault)
    found = passage_of(hit, vault="notes")
    assert (found.kind, found.tags) == ("markdown", ("heating",))
    assert found.properties == (("status", "done"), ("due", "2024-04-01"))
