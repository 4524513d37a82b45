"""What belongs with a note: by links, shared links, tags, words and vectors, each said with the hit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import apsw
import numpy as np
import pytest

from sidecar.index import store
from sidecar.index.database import Database
from sidecar.index.graph import relink
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.retrieval.kinship import kin_of
from sidecar.retrieval.related import Related
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import make_entry, read_entry, table_entry


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    index = await open_index(tmp_path, fingerprint(reading="test", embedding="test"))
    yield index
    await index.aclose()


async def fill(database: Database, notes: Mapping[str, str], vectors: Mapping[str, list[float]] | None = None) -> None:
    """Store notes, and the vector of each whose text has one of the words."""

    def write(connection: apsw.Connection) -> None:
        for path, markdown in notes.items():
            store.replace_note(connection, read_entry(path, markdown))
        while relink(connection):
            pass
        if vectors is None:
            return
        todo = chunks_to_embed(connection, 1_000)
        rows = [next((v for word, v in vectors.items() if word in chunk.text), [0.0] * 4) for chunk in todo]
        store_vectors(connection, todo, np.array(rows, dtype=np.float32))

    await database.write(write)


async def related(database: Database, path: str, *, limit: int = 10) -> dict[str, Related]:
    retriever = Retriever(lambda: database, lambda: None, vector_weight=0.25)
    found = await retriever.related(path, limit=limit)
    assert [each.hit.score for each in found] == sorted((each.hit.score for each in found), reverse=True)
    assert all(0 < each.hit.score <= 1 for each in found)
    return {each.hit.chunk.note.path: each for each in found}


def lanes(related: Related) -> dict[str, str | None]:
    return {each.lane: each.detail for each in related.hit.found}


LINKED = {
    "Boiler.md": "See [[Valve]].",
    "Valve.md": "Turns.",
    "Cellar.md": "Where [[Boiler]] stands.",
    "Far.md": "Nothing.",
}


@pytest.mark.anyio
async def test_links_are_told_with_their_direction(database: Database) -> None:
    await fill(database, LINKED)
    found = await related(database, "Boiler.md")
    assert {path: (each.links_to, each.linked_from, each.linked) for path, each in found.items()} == {
        "Valve.md": (True, False, True),
        "Cellar.md": (False, True, True),
    }
    assert lanes(found["Valve.md"])["links"] == "the note links to it"
    assert lanes(found["Cellar.md"])["links"] == "it links to the note"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("notes", "lane", "detail"),
    [
        ({"A.md": "a [[Hub]]", "B.md": "b [[Hub]]", "Hub.md": "h"}, "shared links", "Hub"),
        ({"A.md": "a", "B.md": "b", "Hub.md": "[[A]] and [[B]]"}, "shared links", "Hub"),
        ({"A.md": "a [[Hub]]", "Hub.md": "[[B]]", "B.md": "b"}, "shared links", "Hub"),
        ({"A.md": "a [[Nowhere]]", "B.md": "b [[nowhere]]"}, "shared links", "Nowhere"),
        ({"A.md": "a #rare/thing", "B.md": "b #Rare/Thing"}, "tags", "#rare/thing"),
        ({"A.md": "The xylograph of Crete", "B.md": "a xylograph was printed"}, "words", "xylograph"),
        ({"甲.md": "木版画的歷史", "乙.md": "關於木版画"}, "words", "木版, 版画"),
    ],
)
async def test_what_two_notes_have_in_common_is_said(
    database: Database, notes: dict[str, str], lane: str, detail: str
) -> None:
    await fill(database, notes)
    first, *_ = notes
    other = next(path for path in notes if path in {"B.md", "乙.md"})
    found = await related(database, first)
    assert lanes(found[other])[lane] == detail
    assert not found[other].linked


@pytest.mark.anyio
async def test_what_few_share_weighs_more_than_what_many_share(database: Database) -> None:
    many = {f"{n}.md": "[[Index]]" for n in range(40)}
    await fill(database, {"A.md": "[[Index]] [[Rare]]", "B.md": "[[Rare]]", "Index.md": "", "Rare.md": ""} | many)
    ids = await database.read(lambda connection: dict(iter(connection.execute("SELECT path, id FROM notes"))))
    kin = await database.read(lambda connection: kin_of(connection, [ids["A.md"]]))
    assert kin[ids["B.md"]].shared > 2 * kin[ids["7.md"]].shared > 0
    assert ids["A.md"] not in kin


@pytest.mark.anyio
async def test_a_note_that_links_to_itself_shares_nothing_by_that(database: Database) -> None:
    await fill(database, {"A.md": "[[Hub]] [[A]]", "Hub.md": "[[Hub#Top]]"})
    assert "shared links" not in lanes((await related(database, "A.md"))["Hub.md"])


@pytest.mark.anyio
async def test_words_that_no_other_note_has_do_not_hide_those_that_others_have(database: Database) -> None:
    own = " ".join(f"word{n}" for n in range(100))
    await fill(database, {"A.md": f"xylograph {own}", "B.md": "a xylograph was printed"})
    assert list(await related(database, "A.md")) == ["B.md"]


@pytest.mark.anyio
async def test_a_note_comes_once_by_its_nearest_piece(database: Database) -> None:
    text = "\n\n".join(f"# {n}\n\n{(what + ' ') * 300}" for n, what in [(1, "ships"), (2, "textile"), (3, "ships")])
    await fill(
        database,
        {"Loom.md": "weaving", "Long.md": text, "Far.md": "gone"},
        {"weaving": [1, 0, 0, 0], "textile": [1, 0, 0, 0], "ships": [0, 1, 0, 0], "gone": [-1, 0, 0, 0.0]},
    )
    found = await related(database, "Loom.md")
    assert list(found) == ["Long.md"]
    assert found["Long.md"].hit.chunk.heading_path == ("2",)
    assert found["Long.md"].hit.similarity == pytest.approx(1)
    assert found["Long.md"].hit.link == "Long#2"


@pytest.mark.anyio
async def test_the_note_its_parts_and_images_are_left_out(database: Database) -> None:
    rows = table_entry("Books.csv", {"Emma": "a novel of manners", "Persuasion": "a novel of manners"})
    image = make_entry("manners.png", ["a novel of manners"])
    for entry in (rows, replace(image, note=replace(image.note, kind="image"))):
        await database.write(lambda connection, entry=entry: store.replace_note(connection, entry))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    await fill(database, {"Austen.md": "manners in a novel ![[manners.png]]", "Else.md": "boats"})
    assert set(await related(database, "Books.csv")) == {"Austen.md"}
    assert set(await related(database, "Books.csv#Emma")) == {"Austen.md", "Books.csv#Persuasion"}
    assert set(await related(database, "Austen.md")) == {"Books.csv#Emma", "Books.csv#Persuasion"}


@pytest.mark.anyio
async def test_of_notes_that_are_as_near_those_of_the_same_folder_come_first(database: Database) -> None:
    notes = {"Work/A.md": "quokka", "Home/B.md": "quokka", "Work/C.md": "quokka", "Home/D.md": "quokka"}
    await fill(database, notes)
    assert list(await related(database, "Work/A.md")) == ["Work/C.md", "Home/B.md", "Home/D.md"]


@pytest.mark.anyio
async def test_a_note_without_anything_in_common_has_no_related_ones_and_nor_has_one_that_is_not_there(
    database: Database,
) -> None:
    await fill(database, {"A.md": "alone", "B.md": "other", "Empty.md": ""})
    assert await related(database, "A.md") == {}
    assert await related(database, "Empty.md") == {}
    assert await related(database, "Nowhere.md") == {}


@pytest.mark.anyio
async def test_strange_notes_are_as_good_as_any(database: Database) -> None:
    strange = ["a" * 200_000, "[" * 20_000, "\x00\ud7ff\u202e", "[[" + "x" * 5_000 + "]]", "#" * 5_000, "🙂 " * 5_000]
    await fill(database, {f"{n}.md": text for n, text in enumerate(strange)} | {"A.md": "🙂 [[0]]"})
    for path in ("0.md", "1.md", "2.md", "3.md", "4.md", "5.md"):
        await related(database, path)
    assert "0.md" in await related(database, "A.md")


@pytest.mark.anyio
async def test_a_map_of_thousands_of_notes_has_its_best_ones_all_the_same(database: Database) -> None:
    notes = {f"n{n}.md": "leaf" for n in range(1_500)}
    await fill(database, {"Map.md": " ".join(f"[[n{n}]]" for n in range(1_500))} | notes)
    found = await related(database, "Map.md", limit=100)
    assert len(found) == 100
    assert all(each.links_to for each in found.values())
    assert list(await related(database, "n7.md"))
