"""What the words of a query weigh, from how rare they are in a real index."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.index import lexical, store
from sidecar.index.database import connect
from sidecar.index.lexical import TermCounts
from sidecar.index.schema import create, fingerprint
from sidecar.retrieval.words import QueryWords, WeightedWord, weigh_words
from tests.index.entries import entry_of, make_entry

_NOTES = {
    "en": ["the boiler hums", "the boiler stands in the cellar", "the garden", "walking the dog", "wi-fi and wifi"],
    "pt": ["as decisões do jardim", "o jardim fica longe"],
    "zh": ["绿茶的水温", "茶叶", "喝茶"],
}


@pytest.fixture(scope="module")
def connection() -> Iterator[apsw.Connection]:
    made = connect(Path(":memory:"), writable=True)
    create(made, fingerprint(reading="test", embedding="test"))
    for language, texts in _NOTES.items():
        entry = make_entry(f"{language}.md", texts)
        store.replace_note(made, entry_of(entry.note, entry.chunks, language=language))
    yield made
    made.close()


def weighed(connection: apsw.Connection, *parts: str | tuple[str, float]) -> QueryWords:
    pairs = [(part, 1.0) if isinstance(part, str) else part for part in parts]
    return weigh_words(connection, pairs, totals=lexical.totals(connection), counts=TermCounts())


def by_word(words: QueryWords) -> dict[str, WeightedWord]:
    return {word.written: word for word in words.words if not word.optional}


def test_the_rarer_a_word_the_more_it_weighs(connection: apsw.Connection) -> None:
    words = by_word(weighed(connection, "absent cellar boiler"))
    assert [words[word].count for word in ("absent", "cellar", "boiler")] == [0, 1, 2]
    assert words["absent"].weight > words["cellar"].weight > words["boiler"].weight > 0


def test_a_word_that_stands_nowhere_does_not_drown_the_others_in_a_small_vault(connection: apsw.Connection) -> None:
    words = by_word(weighed(connection, "absent cellar"))
    assert words["absent"].weight < 1.5 * words["cellar"].weight


def test_a_word_without_content_weighs_little_however_rare_it_is(connection: apsw.Connection) -> None:
    words = by_word(weighed(connection, "which cellar"))
    assert words["which"].count == 0
    assert 0 < words["which"].weight < 0.5 * words["cellar"].weight


@pytest.mark.parametrize("word", ["war", "car", "die", "dove", "todo"])
def test_a_word_without_content_in_another_language_only_counts_whole(connection: apsw.Connection, word: str) -> None:
    asked = f"what was the {word} of the xyzzy"
    words = by_word(weighed(connection, asked))
    assert words[word].weight == words["xyzzy"].weight


def test_a_word_that_stands_everywhere_still_weighs_something(tmp_path: Path) -> None:
    made = connect(tmp_path / "index.db", writable=True)
    with made:
        create(made, fingerprint(reading="test", embedding="test"))
        store.replace_note(made, make_entry("a.md", ["nachher"] * 300))
    (word,) = weighed(made, "nachher").words
    made.close()
    assert word.count == 300
    assert 0 < word.weight < 0.01


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("boilers", 2),
        ("walks", 1),
        ("decisoes", 1),
        ("decisões", 1),
        ("JARDIM", 2),
        ("茶", 3),
        ("茶叶", 1),
        ("水温", 1),
    ],
)
def test_a_word_is_counted_in_all_the_languages_of_the_index(
    connection: apsw.Connection, typed: str, count: int
) -> None:
    (word,) = weighed(connection, typed).words
    assert word.count == count
    assert word.variants


def test_variants_that_stand_nowhere_are_not_looked_for(connection: apsw.Connection) -> None:
    words = weighed(connection, "walks absent")
    assert by_word(words)["walks"].variants == ("walk",)
    assert by_word(words)["absent"].variants == ()
    assert [word.variants for word in words.searched(lexical.totals(connection))] == [("walk",)]


def test_a_character_in_many_terms_of_a_chunk_counts_as_a_word_of_all_chunks_at_most(tmp_path: Path) -> None:
    made = connect(tmp_path / "index.db", writable=True)
    with made:
        create(made, fingerprint(reading="test", embedding="test"))
        store.replace_note(made, make_entry("a.md", ["茶叶茶水茶杯茶壶"]))
    (word,) = weighed(made, "茶").words
    made.close()
    assert word.count == 1


def test_other_spellings_add_nothing_to_what_can_be_reached(connection: apsw.Connection) -> None:
    words = weighed(connection, "wi-fi")
    assert [(word.written, word.optional) for word in words.words] == [("wi", False), ("fi", False), ("wifi", True)]
    assert words.total == pytest.approx(sum(word.weight for word in words.words[:2]))


def test_what_a_conversation_adds_weighs_less_and_raises_the_bar_by_half(connection: apsw.Connection) -> None:
    alone, beside = weighed(connection, "cellar"), weighed(connection, "cellar", ("garden", 0.4))
    garden = by_word(beside)["garden"]
    assert garden.weight == pytest.approx(0.4 * by_word(weighed(connection, "garden"))["garden"].weight)
    assert beside.total == pytest.approx(alone.total + 0.5 * garden.weight)
    assert beside.pairs == alone.pairs == ()


def test_a_word_of_the_question_counts_whole_although_the_conversation_has_it_too(connection: apsw.Connection) -> None:
    assert weighed(connection, "cellar", ("cellar", 0.3)) == weighed(connection, "cellar")
    assert weighed(connection, ("cellar", 0.3), "cellar").total == weighed(connection, "cellar").total


def test_neighbours_in_the_question_are_pairs_and_others_are_not(connection: apsw.Connection) -> None:
    words = weighed(connection, "boiler cellar boiler cellar garden", ("dog walking", 0.4))
    names = [word.written for word in words.words]
    assert [(names[pair.first], names[pair.second]) for pair in words.pairs] == [
        ("boiler", "cellar"),
        ("cellar", "boiler"),
        ("cellar", "garden"),
    ]
    assert words.pairs_total == pytest.approx(sum(pair.weight for pair in words.pairs))


def test_characters_of_a_script_without_spaces_are_no_pairs(connection: apsw.Connection) -> None:
    assert weighed(connection, "绿茶水温").pairs == ()
    assert weighed(connection, "boiler boiler").pairs == ()


@pytest.mark.parametrize("text", ["", "   ", "…", "🐤🎉", "\0", "\ud800"])
def test_a_query_without_words_weighs_nothing(connection: apsw.Connection, text: str) -> None:
    words = weighed(connection, text)
    assert (words.words, words.pairs, words.total) == ((), (), 0)
    assert words.searched(lexical.totals(connection)) == []


@pytest.mark.parametrize(
    "text", ["x" * 8_000, " ".join(f"word{n}" for n in range(2_000)), "茶水温" * 2_000, "a-b " * 2_000]
)
def test_a_pasted_text_is_looked_up_by_its_first_words(connection: apsw.Connection, text: str) -> None:
    words = weighed(connection, text)
    assert 0 < len(words.words) <= 64
    assert all(max(pair.first, pair.second) < len(words.words) for pair in words.pairs)


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_weights_are_finite_and_positive_whatever_is_asked(connection: apsw.Connection, text: str) -> None:
    words = weighed(connection, text)
    assert all(0 < word.weight < math.inf and (word.count > 0) == bool(word.variants) for word in words.words)
    assert words.total >= 0
    assert words.pairs_total > 0
    lexical.search(connection, words.searched(lexical.totals(connection)), limit=5, within=None)
