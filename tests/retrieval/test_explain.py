"""Why a hit was found, lane by lane, and why a note was not."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.index import records, store
from sidecar.index.database import Database
from sidecar.index.graph import relink
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.retrieval.explain import Absence
from sidecar.retrieval.query import add_filters, parse_query
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import read_entry, table_entry

NOTES = {
    "Work/Boiler.md": "---\ntags: [heating]\nstatus: done\n---\nThe boiler at work was repaired.",
    "Heating.md": "Heating, and who repaired what: see [[Garden]]. heating heating",
    "Garden.md": "---\naliases: [Allotment]\n---\nBeans and peas, repaired by nobody.",
    "2024-03-12.md": "Called the plumber about the boiler.",
    "Diary.md": "On 2024-03-12 the plumber came.",
    "Empty.md": "",
    **{f"Many/{n}.md": f"The boiler, the boiler and the repaired boiler {n}." for n in range(14)},
}


class Letters:
    """Gives each text the direction of the first of a few words in it."""

    name = "letters"
    fingerprint = "letters"
    on_this_machine = True

    async def dimensions(self) -> int:
        return 4

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        return Embeddings(vectors=np.array([self._vector(text) for text in texts]), token_counts=(1,) * len(texts))

    async def aclose(self) -> None:
        """Nothing to close."""

    @staticmethod
    def _vector(text: str) -> np.ndarray:
        words = ("boiler", "plumber", "beans")
        vector = np.array([text.count(word) for word in words] + [0.2], dtype=np.float32)
        return vector / np.linalg.norm(vector)


async def filled(folder: Path, *, model: Letters | None) -> Database:
    database = await open_index(folder, fingerprint(reading="test", embedding="test"))

    def write(connection: apsw.Connection) -> None:
        for path, markdown in NOTES.items():
            store.replace_note(connection, read_entry(path, markdown))
        store.replace_note(connection, table_entry("Books.csv", {"Emma": "a novel"}))
        while relink(connection):
            pass

    await database.write(write)
    if model is not None:
        todo = await database.read(lambda connection: chunks_to_embed(connection, 100))
        vectors = (await model.embed([chunk.text for chunk in todo], kind="passage")).vectors
        await database.write(lambda connection: store_vectors(connection, todo, vectors))
    return database


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Retriever]:
    database = await filled(tmp_path, model=None)
    yield Retriever(lambda: database, lambda: None, vector_weight=0.25, today=lambda: dt.date(2024, 3, 14))
    await database.aclose()


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[tuple[Retriever, Database]]:
    model = Letters()
    database = await filled(tmp_path, model=model)
    yield Retriever(lambda: database, lambda: model, vector_weight=0.25), database
    await database.aclose()


async def lanes(retriever: Retriever, query: str, path: str) -> dict[str, str | None]:
    hits = await retriever.search(parse_query(query), limit=30)
    hit = next(hit for hit in hits if hit.chunk.note.path == path)
    return {each.lane: each.detail for each in hit.found}


async def absent(retriever: Retriever, query: str, path: str, **more: object) -> Absence:
    asked = add_filters(parse_query(query), more)
    hits = await retriever.search(asked, limit=10)
    note = await retriever._serving().read(lambda connection: records.note_at(connection, path))
    assert note is not None
    return await retriever.absence(asked, note, shown=hits)


def codes(found: Absence) -> list[str]:
    return [reason.code for reason in found.reasons]


def said(found: Absence) -> str:
    return " ".join(reason.message for reason in found.reasons)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "path", "lane", "detail"),
    [
        ("who repaired the boiler", "Work/Boiler.md", "words", "repaired, the, boiler"),
        ('"beans and peas"', "Garden.md", "phrases", "beans and peas"),
        ("what grows in the allotment", "Garden.md", "names", "Allotment"),
        ("garden", "Garden.md", "names", "Garden"),
        ("the plumber on 2024-03-12", "2024-03-12.md", "dates", "2024-03-12"),
        ("the plumber on 2024-03-12", "Diary.md", "days", "2024-03-12"),
        ("repaired heating", "Garden.md", "graph", "Heating.md"),
        ("[status:done]", "Work/Boiler.md", "filters", None),
        ("[[Garden]]", "Garden.md", "mentions", "Garden"),
    ],
)
async def test_each_lane_says_what_it_found(
    plain: Retriever, query: str, path: str, lane: str, detail: str | None
) -> None:
    found = await lanes(plain, query, path)
    assert lane in found
    assert found[lane] == detail


@pytest.mark.anyio
async def test_lanes_that_did_not_find_a_note_are_not_told(plain: Retriever) -> None:
    assert set(await lanes(plain, "boiler on 2024-03-12", "Work/Boiler.md")) <= {"words", "names"}


@pytest.mark.anyio
async def test_a_lane_has_the_rank_in_its_own_list_and_the_trust_in_vectors(
    embedded: tuple[Retriever, Database],
) -> None:
    hits = await embedded[0].search(parse_query("plumber"), limit=10)
    ranks = {hit.chunk.note.path: {each.lane: each.rank for each in hit.found} for hit in hits}
    assert ranks["Diary.md"]["vectors"] == 1
    assert {ranks["Diary.md"]["words"], ranks["2024-03-12.md"]["words"]} == {1, 2}
    assert all(0 < (hit.vector_weight or 0) < 1 for hit in hits)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "typed"),
    [
        ("boiler #nothing", "#nothing"),
        ("boiler path:Home/", "path:Home/"),
        ("boiler file:cellar", "file:cellar"),
        ("boiler [status:open]", "[status:open]"),
        ("boiler -#heating", "-#heating"),
        ("boiler -path:work", "-path:work"),
        ('boiler -"at work"', '-"at work"'),
        ("plumber -boiler", "-boiler"),
        ("plumber -[[Boiler]]", "-[[Boiler]]"),
        ("plumber -[[work/boiler]]", "-[[work/boiler]]"),
    ],
)
async def test_a_filter_that_leaves_the_note_out_is_named(plain: Retriever, query: str, typed: str) -> None:
    found = await absent(plain, f"{query} #heating", "Work/Boiler.md")
    assert codes(found) == ["filtered"]
    assert found.filters == (typed,)
    assert typed in said(found)


@pytest.mark.anyio
async def test_filters_beside_the_query_are_named_as_such(plain: Retriever) -> None:
    found = await absent(plain, "boiler", "Garden.md", after="2030-01-01")
    assert found.filters == ("the filters beside the query",)


@pytest.mark.anyio
async def test_words_are_told_one_by_one_with_the_notes_that_have_them(plain: Retriever) -> None:
    found = await absent(plain, "plumber xylograph beans", "Garden.md")
    assert {word.word: (word.notes, word.in_note) for word in found.words} == {
        "plumber": (2, False),
        "xylograph": (0, False),
        "beans": (1, True),
    }
    assert "beans (in 1 note), but not plumber (in 2 notes), xylograph (in no notes)" in said(found)


@pytest.mark.anyio
async def test_a_note_without_any_of_the_words_is_told_so(plain: Retriever) -> None:
    found = await absent(plain, "xylograph plumber", "Garden.md")
    assert "no_words" in codes(found)
    assert (found.lexical, found.words_rank) == (0, None)


@pytest.mark.anyio
async def test_a_note_behind_the_others_is_told_its_place(embedded: tuple[Retriever, Database]) -> None:
    found = await absent(embedded[0], "the boiler repaired", "Heating.md")
    assert {"outranked_by_words", "outranked_by_meaning"} <= set(codes(found))
    assert found.words_rank is not None
    assert found.words_rank > 14
    assert found.vector_rank is not None
    assert found.vector_rank > 14
    assert f"place {found.words_rank}" in said(found)


@pytest.mark.anyio
async def test_the_rank_by_meaning_is_that_of_the_whole_index(embedded: tuple[Retriever, Database]) -> None:
    retriever, database = embedded
    everything = await database.read(lambda connection: [row for (row,) in connection.execute("SELECT id FROM chunks")])
    hits = await retriever.search(parse_query("plumber"), limit=len(everything))
    order = sorted((hit for hit in hits if hit.similarity is not None), key=lambda hit: -(hit.similarity or 0))
    for hit in order:
        found = await absent(retriever, "plumber", hit.chunk.note.path)
        nearer = sum((other.similarity or 0) > (hit.similarity or 0) + 1e-6 for other in order)
        assert found.vector_rank == nearer + 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ('"boiler at work"', "Garden.md", "phrase"),
        ("what happened on 2024-03-12", "Garden.md", "date"),
        ("boiler", "Books.csv", "no_text"),
        ("boiler", "Garden.md", "no_vectors"),
        ("!?", "Garden.md", "no_query_words"),
    ],
)
async def test_what_else_keeps_a_note_away_is_said(plain: Retriever, query: str, path: str, code: str) -> None:
    assert code in codes(await absent(plain, query, path))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "path"),
    [
        ('"zebra crossing"', "Garden.md"),
        ("what happened on 1999-01-01", "Garden.md"),
        ("what happened on 2024-03-12", "2024-03-12.md"),
        ("what happened on 2024-03-12", "Diary.md"),
        ('"beans and peas"', "Garden.md"),
    ],
)
async def test_what_no_note_has_and_what_the_note_has_is_no_reason(plain: Retriever, query: str, path: str) -> None:
    assert not {"phrase", "date"} & set(codes(await absent(plain, query, path)))


@pytest.mark.anyio
async def test_a_note_that_still_waits_for_its_vector_is_told_so(embedded: tuple[Retriever, Database]) -> None:
    retriever, database = embedded
    new = read_entry("New.md", "Fresh boiler.")
    await database.write(lambda connection: store.replace_note(connection, new))
    assert "not_embedded" in codes(await absent(retriever, "plumber", "New.md"))
    await database.write(lambda connection: connection.execute("UPDATE chunks SET embedded = 1"))
    assert "no_vector" in codes(await absent(retriever, "plumber", "New.md"))


PIECES = [*'boiler "#[]:-|\x00\u202e漢字ไทย🙂', "plumber", "path:", "[[Garden]]", "2024-03-12", " "]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@pytest.mark.anyio
async def test_any_query_is_explained(embedded: tuple[Retriever, Database], query: str) -> None:
    for path in ("Garden.md", "Empty.md"):
        assert (await absent(embedded[0], query, path)).reasons
