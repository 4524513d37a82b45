"""A hit carries the text of what its chunk embeds, and nothing else changes by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from sidecar.index import graph, store
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.store import FileState, LedgerEntry
from sidecar.retrieval.embeds import MAX_CHARS
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import parse_query
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import read_entry, table_entry

_FAR = "zzz " * 400
# Two sections that are too long to be joined with others, and three short ones that are.
_MANUAL = f"""# Manual

## Purpose

{"It heats the house and the water in it. " * 20}

## Repair

{"Turn the blue valve before anything else is done. " * 18}

### Parts

{"The gasket is kept in the shed. " * 20}

## Numbers

Pressure 1.5 bar

## Colours

The valve is blue ^colour

- one thing
- another thing
  with a second line ^thing
  - below it
- a third thing

A paragraph that stands
above its id

^above

## Warranty

Two years
"""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_index(tmp_path, fingerprint(reading="test", embedding="test"))
    yield opened
    await opened.aclose()


async def link(database: Database) -> None:
    while await database.write(lambda connection: graph.relink(connection)):  # has more parameters
        pass


async def store_notes(database: Database, notes: Mapping[str, str]) -> None:
    for name, markdown in notes.items():
        entry = read_entry(f"{name}.md", markdown)
        await database.write(lambda connection, entry=entry: store.replace_note(connection, entry))  # type: ignore[misc]  # mypy cannot infer a lambda's default


async def save(database: Database, **notes: str) -> None:
    await store_notes(database, notes)
    await link(database)


async def search(database: Database, query: str, *, limit: int = 10) -> list[Hit]:
    return await Retriever(lambda: database, lambda: None, vector_weight=0).search(parse_query(query), limit=limit)


async def shown(database: Database) -> list[str]:
    """What the one note with the word `quince` embeds."""
    (hit,) = await search(database, "quince")
    return [each.chunk.text for each in hit.embedded]


@pytest.mark.anyio
async def test_a_note_that_is_embedded_comes_with_the_hit_and_a_link_to_it(database: Database) -> None:
    await save(database, Recipe="Take a quince.\n\n![[Sauce]]", Sauce="Stir the honey.")
    (hit,) = await search(database, "quince")
    (embedded,) = hit.embedded
    assert (embedded.chunk.note.path, embedded.chunk.text, embedded.link) == ("Sauce.md", "Stir the honey.", "Sauce")


@pytest.mark.anyio
async def test_scores_and_order_are_those_without_embeds(database: Database) -> None:
    notes = {"A": "quince quince ![[Sauce]]", "B": "quince, pear", "C": "a quince ![[Sauce]]", "Sauce": "Stir."}
    await store_notes(database, notes)
    before = [(hit.chunk.note.path, hit.score) for hit in await search(database, "quince")]
    await link(database)
    after = await search(database, "quince")
    assert [(hit.chunk.note.path, hit.score) for hit in after] == before
    assert len(before) == 3
    assert sum(bool(hit.embedded) for hit in after) == 1


@pytest.mark.parametrize(
    ("embed", "begins", "ends"),
    [
        ("Manual#Repair", "## Repair", "shed."),
        ("Manual#repair", "## Repair", "shed."),
        ("Manual#Parts", "### Parts", "shed."),
        ("Manual#Repair#Parts", "### Parts", "shed."),
        ("Manual#Numbers", "## Numbers", "Pressure 1.5 bar"),
        ("Manual#Warranty", "## Warranty", "Two years"),
        ("Manual#^colour", "The valve is blue ^colour", "The valve is blue ^colour"),
        ("Manual#^THING", "- another thing", "  - below it"),
        ("Manual#^above", "A paragraph that stands", "above its id"),
    ],
)
@pytest.mark.anyio
async def test_a_section_or_a_block_is_shown_alone(database: Database, embed: str, begins: str, ends: str) -> None:
    await save(database, Manual=_MANUAL, Note=f"quince\n\n![[{embed}]]")
    texts = "\n".join(await shown(database))
    assert texts.startswith(begins)
    assert texts.rstrip().endswith(ends)


@pytest.mark.parametrize("embed", ["Manual#No such heading", "Manual#^nothing", "Nowhere", "#Own heading", "Note"])
@pytest.mark.anyio
async def test_what_is_not_there_or_the_note_itself_shows_nothing(database: Database, embed: str) -> None:
    await save(database, Manual=_MANUAL, Note=f"quince ![[{embed}]]\n\n# Own heading\n\n{_FAR}")
    assert await shown(database) == []


@pytest.mark.anyio
async def test_a_link_shows_nothing(database: Database) -> None:
    await save(database, Recipe="Take a quince. [[Sauce]] [x](Sauce.md)", Sauce="Stir the honey.")
    assert await shown(database) == []


@pytest.mark.anyio
async def test_a_markdown_embed_shows_its_note(database: Database) -> None:
    await save(database, Recipe="Take a quince. ![sauce](Hot%20Sauce.md)", **{"Hot Sauce": "Stir the honey."})
    assert await shown(database) == ["Stir the honey."]


@pytest.mark.anyio
async def test_what_is_embedded_in_an_embed_is_not_shown(database: Database) -> None:
    await save(database, Recipe="quince ![[Sauce]]", Sauce="Stir ![[Honey]]", Honey="It is sweet.")
    assert await shown(database) == ["Stir ![[Honey]]"]


@pytest.mark.anyio
async def test_an_embed_in_another_chunk_of_the_note_is_not_shown(database: Database) -> None:
    for embed in ("![[Sauce]]", "![sauce](Sauce.md)"):
        recipe = f"# One\n\nquince with Sauce\n\n{_FAR}\n\n# Two\n\n{_FAR}\n\n{embed}"
        await save(database, Recipe=recipe, Sauce="Stir.")
        (hit,) = await search(database, "quince", limit=1)
        assert embed not in hit.chunk.text
        assert hit.embedded == ()


@pytest.mark.anyio
async def test_of_a_line_cut_in_two_only_the_part_with_the_embed_shows_it(database: Database) -> None:
    await save(database, Recipe="quince " + "word. " * 400 + "![[Sauce]]", Sauce="Stir.")
    hits = await search(database, "quince word")
    assert len(hits) > 1
    assert [bool(hit.embedded) for hit in hits] == ["![[Sauce]]" in hit.chunk.text for hit in hits]
    assert sum(bool(hit.embedded) for hit in hits) == 1


@pytest.mark.anyio
async def test_what_is_found_by_itself_is_not_shown_again(database: Database) -> None:
    await save(database, Recipe="Take a quince. ![[Sauce]]", Sauce="Stir the quince.")
    hits = await search(database, "quince")
    assert {hit.chunk.note.path for hit in hits} == {"Recipe.md", "Sauce.md"}
    assert all(not hit.embedded for hit in hits)


@pytest.mark.anyio
async def test_a_part_of_what_is_found_by_itself_is_not_shown_again(database: Database) -> None:
    await save(database, Recipe="Take a quince. ![[Sauce#^honey]]", Sauce="Stir the quince.\n\nAdd honey. ^honey")
    hits = await search(database, "quince")
    assert {hit.chunk.note.path for hit in hits} == {"Recipe.md", "Sauce.md"}
    assert all(not hit.embedded for hit in hits)


@pytest.mark.anyio
async def test_what_two_hits_embed_is_shown_once(database: Database) -> None:
    await save(database, One="quince ![[Sauce]]", Two="quince ![[Sauce]]", Sauce="Stir the honey.")
    assert [len(hit.embedded) for hit in await search(database, "quince")] == [1, 0]


@pytest.mark.anyio
async def test_at_most_three_embeds_are_shown(database: Database) -> None:
    notes = {f"S{number}": f"Sauce {number}" for number in range(5)}
    await save(database, Recipe="quince " + " ".join(f"![[{name}]]" for name in notes), **notes)
    assert await shown(database) == ["Sauce 0", "Sauce 1", "Sauce 2"]


@pytest.mark.anyio
async def test_a_long_note_is_shown_up_to_a_bound(database: Database) -> None:
    book = "\n\n".join(f"# Chapter {number}\n\n{'It was a night. ' * 60}" for number in range(20))
    await save(database, Recipe="quince ![[Book]]", Book=book)
    texts = await shown(database)
    assert texts
    assert sum(map(len, texts)) <= MAX_CHARS
    assert texts[0].startswith("# Chapter 0")


@pytest.mark.anyio
async def test_a_note_that_is_excluded_shows_nothing(database: Database) -> None:
    await save(database, Recipe="quince ![[Diary]]", Diary="A secret.")
    assert await shown(database) == ["A secret."]
    file = FileState(size=1, mtime_ns=1, content_hash=None)
    entry = LedgerEntry(path="Diary.md", status="excluded", reason="private: true", file=file)
    await database.write(lambda connection: store.record_file(connection, entry))
    await save(database)
    assert await shown(database) == []
    outgoing = await database.read(lambda connection: graph.outgoing(connection, "Recipe.md"))
    assert [link.path for link in outgoing] == ["Diary.md"]


@pytest.mark.anyio
async def test_a_mentioned_note_shows_what_it_embeds(database: Database) -> None:
    await save(database, Recipe="Take a quince. ![[Sauce]]", Sauce="Stir the honey.")
    (hit,) = await search(database, "[[Recipe]]")
    assert [each.chunk.text for each in hit.embedded] == ["Stir the honey."]


@pytest.mark.anyio
async def test_links_to_hits_are_such_as_obsidian_follows(database: Database) -> None:
    entry = table_entry("Data/books.csv", {"Emma": "quince row"})
    await database.write(lambda connection: store.replace_note(connection, entry))
    await save(database, **{"a/Twin": "quince twin", "b/Twin": "another", "Alone": "# Section\n\nquince alone"})
    assert {hit.link for hit in await search(database, "quince")} == {
        "Data/books.csv#Emma",
        "a/Twin",
        "Alone#Section",
    }
