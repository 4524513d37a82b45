"""The totals that scores rest on are those of the chunks, whatever was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sidecar.index import lexical, store
from sidecar.index.database import connect
from sidecar.index.schema import create, fingerprint
from sidecar.index.store import FileState, LedgerEntry, NoteEntry
from sidecar.index.streams import ChunkStreams
from tests.index.entries import entry_of, make_entry, table_entry

_PATHS = st.sampled_from(["a.md", "b.md", "Folder/a.md", "t.csv", "t.csv#row"])
_TEXTS = st.lists(st.sampled_from(["", "one", "one two", "one two two 茶水温", "…"]), max_size=4)
_LANGUAGES = st.sampled_from([None, "en", "pt", "zh"])


def opened() -> apsw.Connection:
    connection = connect(Path(":memory:"), writable=True)
    create(connection, fingerprint(reading="test", embedding="test"))
    return connection


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    made = opened()
    yield made
    made.close()


def in_language(entry: NoteEntry, language: str | None) -> NoteEntry:
    return entry_of(entry.note, entry.chunks, language=language)


def save(connection: apsw.Connection, path: str, texts: list[str], language: str | None) -> None:
    with connection:
        store.replace_note(connection, in_language(make_entry(path, texts), language))


def recounted(connection: apsw.Connection) -> dict[str, tuple[int, int]]:
    """Chunks and terms by language, counted from what FTS5 holds."""
    found: dict[str, tuple[int, int]] = {}
    for language, body in connection.execute("SELECT language, body FROM chunk_terms"):
        chunks, terms = found.get(language, (0, 0))
        found[language] = (chunks + 1, terms + len(body.split()))
    return found


def kept(connection: apsw.Connection) -> dict[str, tuple[int, int]]:
    rows = connection.execute("SELECT language, chunks, length FROM totals WHERE chunks <> 0 OR length <> 0")
    return {language: (chunks, length) for language, chunks, length in rows}


class Writing(RuleBasedStateMachine):
    """Notes come, change, move and go."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = opened()

    def teardown(self) -> None:
        self.connection.close()

    @rule(path=_PATHS, texts=_TEXTS, language=_LANGUAGES)
    def replace(self, path: str, texts: list[str], language: str | None) -> None:
        save(self.connection, path, texts, language)

    @rule(path=_PATHS, rows=st.dictionaries(st.sampled_from(["row", "other"]), st.sampled_from(["x", "y z"])))
    def replace_table(self, path: str, rows: dict[str, str]) -> None:
        with self.connection:
            store.replace_note(self.connection, table_entry(path, rows))

    @rule(old=_PATHS, new=_PATHS)
    def rename(self, old: str, new: str) -> None:
        if old != new:
            with self.connection:
                store.rename_note(self.connection, old, new)

    @rule(path=_PATHS)
    def remove(self, path: str) -> None:
        with self.connection:
            store.remove_note(self.connection, path)

    @rule(path=_PATHS)
    def exclude(self, path: str) -> None:
        file = FileState(size=0, mtime_ns=0, content_hash=None)
        with self.connection:
            store.record_file(self.connection, LedgerEntry(path=path, status="excluded", reason="glob", file=file))

    @rule(path=_PATHS, texts=_TEXTS)
    def fail(self, path: str, texts: list[str]) -> None:
        """A write that is rolled back."""
        self.connection.execute("BEGIN")
        store.replace_note(self.connection, make_entry(path, texts))
        self.connection.execute("ROLLBACK")

    @invariant()
    def totals_are_those_of_the_chunks(self) -> None:
        counted = recounted(self.connection)
        assert kept(self.connection) == counted
        totals = lexical.totals(self.connection)
        assert totals.chunks == lexical.chunk_count(self.connection) == sum(chunks for chunks, _ in counted.values())
        assert totals.lengths == {language: length / chunks for language, (chunks, length) in counted.items()}
        assert set(totals.languages) == set(counted)
        sizes = [counted[language][0] for language in totals.languages]
        assert sizes == sorted(sizes, reverse=True)

    @invariant()
    def every_chunk_has_its_terms(self) -> None:
        chunks = set(self.connection.execute("SELECT id, language, length FROM chunks"))
        streams = {
            (row, language, len(body.split()))
            for row, language, body in self.connection.execute("SELECT rowid, language, body FROM chunk_terms")
        }
        assert chunks == streams


Writing.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestWriting = Writing.TestCase


def test_an_empty_index_has_no_chunks_and_no_languages(connection: apsw.Connection) -> None:
    totals = lexical.totals(connection)
    assert (totals.chunks, dict(totals.lengths), totals.languages, totals.stemmed) == (0, {}, (), ())
    assert lexical.chunk_count(connection) == 0


def test_a_note_in_another_language_moves_to_its_total(connection: apsw.Connection) -> None:
    save(connection, "a.md", ["one two", "three"], "en")
    save(connection, "a.md", ["one two", "three"], "pt")
    assert kept(connection) == {"pt": (2, 3)}


def test_the_languages_of_a_query_are_the_frequent_ones_that_have_a_stemmer(connection: apsw.Connection) -> None:
    for number, language in enumerate(["zh", "zh", "zh", None, None, "th", "ru", "ru", "en"]):
        save(connection, f"{number}.md", ["text"], language)
    totals = lexical.totals(connection)
    assert totals.languages[0] == "zh"
    assert totals.stemmed == ("ru", "en")


def test_a_chunk_of_other_length_with_the_same_text_is_counted_anew(connection: apsw.Connection) -> None:
    # The same text gives other terms once another version of the program reads it, or another language.
    entry = make_entry("a.md", ["one two three"])
    (streams,) = entry.streams
    with connection:
        store.replace_note(connection, entry)
        store.replace_note(connection, replace(entry, streams=[_shorter(streams)]))
    assert kept(connection) == {"": (1, 1)}


def _shorter(streams: ChunkStreams) -> ChunkStreams:
    return replace(streams, body=" one ")
