"""FTS5 finds the chunks that have words of a query, best first, and tells in how many chunks a word stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.index import lexical, store
from sidecar.index.conditions import matching
from sidecar.index.database import connect
from sidecar.index.lexical import SearchedWord, TermCounts, telling_words
from sidecar.index.schema import create, fingerprint
from sidecar.index.store import NoteEntry
from tests.index.entries import entry_of, make_entry, searched


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    made = connect(Path(":memory:"), writable=True)
    create(made, fingerprint(reading="test", embedding="test"))
    yield made
    made.close()


def save(connection: apsw.Connection, *entries: NoteEntry) -> None:
    with connection:
        for entry in entries:
            store.replace_note(connection, entry)


def texts(connection: apsw.Connection, rows: Sequence[int]) -> list[str]:
    return [str(connection.execute("SELECT text FROM chunks WHERE id = ?", (row,)).get) for row in rows]


def found(connection: apsw.Connection, *terms: str, within: Sequence[int] | None = None, limit: int = 10) -> list[str]:
    return texts(connection, lexical.search(connection, searched(terms), limit=limit, within=within))


def ids(connection: apsw.Connection, *wanted: str) -> list[int]:
    return [int(connection.execute("SELECT id FROM chunks WHERE text = ?", (text,)).get) for text in wanted]


def test_any_of_the_words_is_enough_and_rare_ones_count_more(connection: apsw.Connection) -> None:
    save(connection, make_entry("a.md", ["common one", "common two", "rare", "nothing"]))
    assert found(connection, "common", "rare")[0] == "rare"
    assert sorted(found(connection, "common", "rare")) == ["common one", "common two", "rare"]


def test_a_word_in_the_title_says_more_than_one_in_a_heading_or_the_text(connection: apsw.Connection) -> None:
    save(
        connection,
        make_entry("x.md", ["boiler text"], heading="None"),
        make_entry("y.md", ["text"], heading="Boiler"),
        make_entry("boiler.md", ["other text"], heading="None"),
        make_entry("z.md", ["nothing else at all"], heading="None"),
    )
    assert found(connection, "boiler") == ["other text", "text", "boiler text"]


@pytest.mark.parametrize(
    "entry", [make_entry("a.md", ["text"], aliases=("boiler",)), make_entry("a.md", ["text"], tags=("boiler",))]
)
def test_aliases_and_tags_are_searched(connection: apsw.Connection, entry: NoteEntry) -> None:
    save(connection, entry)
    assert found(connection, "boiler") == ["text"]


def test_only_the_given_chunks_are_ranked(connection: apsw.Connection) -> None:
    save(connection, make_entry("a.md", ["boiler boiler boiler", "boiler and more text", "other"]))
    some = ids(connection, "boiler and more text", "other")
    assert found(connection, "boiler", within=some, limit=1) == ["boiler and more text"]
    assert found(connection, "boiler", within=[]) == []
    assert found(connection, "boiler", within=[10**9]) == []
    assert found(connection) == []


def test_a_limit_holds_and_there_is_none_above(connection: apsw.Connection) -> None:
    save(connection, make_entry("a.md", [f"boiler {number}" for number in range(5_000)]))
    assert len(found(connection, "boiler", limit=7)) == 7
    assert len(set(found(connection, "boiler", limit=4_500))) == 4_500
    assert len(found(connection, "boiler", limit=4_500, within=range(1, 4_400))) == 4_399


@pytest.mark.parametrize("term", ["or", "and", "not", "near", "title", "c", "茶", "हिन्दी"])
def test_a_term_is_no_operator_of_fts5(connection: apsw.Connection, term: str) -> None:
    save(connection, make_entry("a.md", [term, "other"]))
    assert found(connection, term) == [term]


def test_a_single_character_finds_what_begins_with_it(connection: apsw.Connection) -> None:
    save(connection, make_entry("a.md", ["绿茶很好", "茶叶", "水温"]))
    rows = lexical.search(connection, [SearchedWord(variants=("茶",), prefix=True, count=2)], limit=9, within=None)
    assert sorted(texts(connection, rows)) == ["绿茶很好", "茶叶"]


@pytest.mark.parametrize(
    ("phrase", "holding"),
    [
        ("quick brown", ["the quick brown fox"]),
        ("brown quick", []),
        ("brown foxes", ["the quick brown fox"]),
        ("바다가 아름다웠", ["바다가 아름다웠습니다"]),
        ("绿茶，水温", ["喜欢绿茶，水温高"]),
        ("笔记v2", ["Obsidian笔记v2"]),
        ("茶", ["喜欢绿茶，水温高"]),
        ("ดื่มน้ำ", ["ฉันดื่มน้ำเย็น"]),
        ("น้ำเย็น อร่อย", []),
        ("", []),
        ("…", []),
    ],
)
def test_a_phrase_is_found_where_its_words_follow_each_other(
    connection: apsw.Connection, phrase: str, holding: list[str]
) -> None:
    notes = [
        "the quick brown fox",
        "quick and brown",
        "바다가 아름다웠습니다",
        "喜欢绿茶，水温高",
        "Obsidian笔记v2",
        "ฉันดื่มน้ำเย็น",
    ]
    entry = make_entry("a.md", notes)
    save(connection, entry_of(entry.note, entry.chunks, language="en"))
    match = matching(phrase, ["en"])
    rows = lexical.phrase_rows(connection, match, limit=10, within=None)
    assert texts(connection, rows) == holding
    assert lexical.phrase_rows(connection, match, limit=10, within=[]) == []


def test_a_phrase_is_looked_for_within_the_given_chunks_before_any_limit(connection: apsw.Connection) -> None:
    save(connection, make_entry("a.md", [*["quick brown fox"] * 150, "and once a quick brown fox in a longer text"]))
    last = ids(connection, "and once a quick brown fox in a longer text")
    match = matching("quick brown fox", [])
    assert lexical.phrase_rows(connection, match, limit=5, within=last) == last


def test_the_streams_of_a_chunk_are_given_back_as_they_were_stored(connection: apsw.Connection) -> None:
    entry = make_entry("Café.md", ["Dogs Two"], heading="Head One", tags=("x/y",), aliases=("Alias",))
    save(connection, entry_of(entry.note, entry.chunks, language="en"))
    ((row, streams),) = lexical.streams_of(connection, [1, 2, 99]).items()
    assert row == 1
    assert (streams.language, streams.body, streams.headings) == ("en", " dog  two ", " head  one ")
    assert (streams.title.split(), streams.tags.split()) == (["cafe", "alia"], ["x", "y"])
    assert lexical.streams_of(connection, []) == {}


def test_words_are_counted_by_the_chunks_that_have_them(connection: apsw.Connection) -> None:
    save(connection, make_entry("a.md", ["one one", "one two", "茶叶 茶水"], heading="two"))
    assert lexical.document_counts(connection, ["one", "two", "absent", "one"]) == {"one": 2, "two": 3, "absent": 0}
    counts = TermCounts()
    assert counts.of(connection, {"one": False}, total=3)["one"] == 2
    assert counts.of(connection, {"o": False}, total=3)["o"] == 0
    assert counts.of(connection, {"o": True}, total=3)["o"] == 2
    # Each term that begins so is counted apart.
    assert counts.of(connection, {"茶": True}, total=3)["茶"] == 2


def test_a_word_that_was_absent_is_counted_as_soon_as_a_note_brings_it(connection: apsw.Connection) -> None:
    counts = TermCounts()
    save(connection, make_entry("a.md", ["old"] * 1_500))
    assert counts.of(connection, {"new": False}, total=1_500)["new"] == 0
    save(connection, make_entry("b.md", ["new"]))
    assert counts.of(connection, {"new": False}, total=1_501)["new"] == 1


def test_the_count_of_a_frequent_word_is_renewed_when_the_index_has_grown_by_a_twentieth(
    connection: apsw.Connection,
) -> None:
    counts = TermCounts()
    save(connection, make_entry("a.md", ["word"] * 1_000))
    assert counts.of(connection, {"word": False}, total=1_000)["word"] == 1_000
    save(connection, make_entry("b.md", ["word"] * 10))
    assert counts.of(connection, {"word": False}, total=1_010)["word"] == 1_000
    assert counts.of(connection, {"word": True}, total=1_010)["word"] == 1_010, "remembered apart"
    save(connection, make_entry("c.md", ["word"] * 50))
    assert counts.of(connection, {"word": False}, total=1_060)["word"] == 1_060
    with connection:
        store.remove_note(connection, "a.md")
    assert counts.of(connection, {"word": False}, total=60)["word"] == 60


def word(count: int, name: str = "word") -> SearchedWord:
    return SearchedWord(variants=(name,), prefix=False, count=count)


@given(st.lists(st.integers(0, 50_000), max_size=60), st.integers(0, 50_000))
def test_of_words_that_stand_somewhere_some_are_always_searched_for_the_rarest_first(
    counts: list[int], total: int
) -> None:
    chosen = [each.count for each in telling_words([word(min(count, total)) for count in counts], total=total)]
    present = sorted(min(count, total) for count in counts if min(count, total))
    assert chosen == present[: len(chosen)]
    assert bool(chosen) == bool(present)
    assert len(chosen) <= 32


def test_in_a_small_index_every_word_is_searched_for() -> None:
    counts = [1_900, 0, 3, 1_999, 1_800, 1_950, 1_700]
    chosen = telling_words([word(count) for count in counts], total=1_999)
    assert [each.count for each in chosen] == sorted(filter(None, counts))
    assert telling_words([word(count) for count in counts], total=100_000) != chosen


def test_in_a_large_index_common_words_are_left_out_beside_rarer_ones() -> None:
    counts = [100_000, 5, 90_000, 7, 80_000, 9]
    assert [each.count for each in telling_words([word(count) for count in counts], total=100_000)] == [5, 7, 9]


def test_common_words_alone_are_searched_for_all_the_same() -> None:
    assert telling_words([word(90_000), word(100_000)], total=100_000)[0].count == 90_000


@given(st.text(max_size=60))
def test_no_phrase_is_an_error(text: str) -> None:
    with connect(Path(":memory:"), writable=True) as made:
        create(made, fingerprint(reading="test", embedding="test"))
        assert lexical.phrase_rows(made, matching(text, ["en"]), limit=3, within=None) == []
    made.close()
