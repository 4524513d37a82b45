"""What links, names and days add to a candidate, and that leaving the lane out takes it away again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.index import graph, lexical, store
from sidecar.index.database import connect
from sidecar.index.lexical import TermCounts
from sidecar.index.schema import create, fingerprint
from sidecar.retrieval.boosts import linked_boosts, named_boosts, with_days
from sidecar.retrieval.special import Special
from sidecar.retrieval.words import QueryWords, weigh_words
from tests.retrieval.vault import ALL, Vault, entry, opened

WITHOUT = ALL.without("graph")
NOTES = {
    "Plumbing.md": "The plumber of the house, the plumber and the plumbing: see [[Phone list]] and [[Elsewhere]].\n",
    "Phone book.md": "Numbers of a plumber and others.\n",
    "Phone list.md": "Numbers of a plumber and others.\n",
    "Phone card.md": "Numbers of a plumber and others.\n",
    "Elsewhere.md": "Nothing of the kind is said here at all.\n",
    "Far.md": "A distant plumber, mentioned once in a long text about many other things, links to [[Phone card]].\n",
}


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    async with opened(tmp_path, NOTES) as made:
        yield made


@pytest.mark.anyio
async def test_what_a_better_hit_links_to_is_raised_over_its_equals(vault: Vault) -> None:
    paths = await vault.paths("plumber")
    assert paths.index("Phone list.md") < paths.index("Phone book.md")
    assert await vault.score("plumber", "Phone list.md") > await vault.score("plumber", "Phone book.md")


@pytest.mark.anyio
async def test_the_better_the_hit_that_links_the_more_it_raises(vault: Vault) -> None:
    lifted, less = await vault.score("plumber", "Phone list.md"), await vault.score("plumber", "Phone card.md")
    assert lifted > less > await vault.score("plumber", "Phone book.md")


@pytest.mark.anyio
async def test_without_links_equals_are_equal_again(vault: Vault) -> None:
    scores = {await vault.score("plumber", f"Phone {name}.md", lanes=WITHOUT) for name in ("book", "list", "card")}
    assert len(scores) == 1
    assert await vault.score("plumber", "Phone book.md") == scores.pop()


@pytest.mark.anyio
async def test_a_link_makes_no_candidate_of_what_nothing_else_found(vault: Vault) -> None:
    assert "Elsewhere.md" not in await vault.paths("plumber")


@pytest.mark.anyio
async def test_a_note_does_not_raise_itself(tmp_path: Path) -> None:
    notes = {"A.md": "The plumber, see [[A]].\n", "B.md": "The plumber, see [[X]].\n"}
    async with opened(tmp_path, notes) as vault:
        assert await vault.score("plumber", "A.md") == await vault.score("plumber", "A.md", lanes=WITHOUT)


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    made = connect(Path(":memory:"), writable=True)
    create(made, fingerprint(reading="test", embedding="test"))
    for number in range(1, 9):
        store.replace_note(made, entry(f"{number}.md", f"line one\n\nnote {number} [[{number % 8 + 1}]]\n"))
    graph.relink(made)
    yield made
    made.close()


def test_a_gain_is_a_share_of_the_score_of_the_best_note_that_links(connection: apsw.Connection) -> None:
    notes = {row: row for row in range(1, 9)}
    gains = linked_boosts(connection, {1: 0.8, 2: 0.4, 3: 0.0}, notes)
    assert {note: gain.source for note, gain in gains.items()} == {2: 1, 3: 2}
    assert gains[3].gain == pytest.approx(gains[2].gain / 2)
    assert 0 < gains[2].gain < 0.8


def test_only_the_best_notes_raise_others(connection: apsw.Connection) -> None:
    notes = {row: row for row in range(1, 9)}
    scores = {row: 1 - row / 10 for row in notes}
    gains = linked_boosts(connection, scores, notes)
    assert 2 in gains
    assert 8 not in gains, "linked to by the seventh"


def test_several_chunks_of_a_note_link_once_with_their_best_score(connection: apsw.Connection) -> None:
    assert linked_boosts(connection, {10: 0.2, 11: 0.8, 12: 0.1}, {10: 1, 11: 1, 12: 2}) == linked_boosts(
        connection, {10: 0.8, 12: 0.1}, {10: 1, 12: 2}
    )
    assert linked_boosts(connection, {}, {}) == {}


def test_of_a_text_the_chunk_with_the_line_of_the_day_is_raised(connection: apsw.Connection) -> None:
    rows = [int(row) for (row,) in connection.execute("SELECT id FROM chunks ORDER BY id")]
    notes = {row: int(connection.execute("SELECT note_id FROM chunks WHERE id = ?", (row,)).get) for row in rows}
    scores = dict.fromkeys(rows, 0.4)
    special = Special(text="x", saying={notes[rows[0]]: (3,), notes[rows[1]]: (99,)})
    raised = with_days(connection, scores, notes, special, telling=set(rows))
    assert [row for row in rows if raised[row] > 0.4] == [rows[0]]


@given(scores=st.dictionaries(st.integers(1, 8), st.floats(0, 1), min_size=1), dated=st.sets(st.integers(1, 8)))
def test_a_day_changes_no_order_among_its_notes_nor_among_the_others(scores: dict[int, float], dated: set[int]) -> None:
    with connect(Path(":memory:"), writable=True) as made:
        create(made, fingerprint(reading="test", embedding="test"))
        special = Special(text="x", dated=frozenset(dated))
        raised = with_days(made, scores, {row: row for row in scores}, special, telling=set(scores))
        less = with_days(made, scores, {row: row for row in scores}, special, telling=set())
    made.close()
    assert set(raised) == set(scores)
    for one, score in scores.items():
        assert raised[one] >= less[one] >= score
        assert one in dated or raised[one] == score
        for other in scores:
            if (one in dated) == (other in dated) and score > scores[other]:
                assert raised[one] >= raised[other]


def test_a_day_lifts_a_weak_match_less_than_a_good_one_is_worth(connection: apsw.Connection) -> None:
    scores = {1: 0.9, 2: 0.05, 3: 0.5, 4: 0.0}
    special = Special(text="x", dated=frozenset({2, 4}))
    raised = with_days(connection, scores, {row: row for row in scores}, special, telling={1, 2, 3})
    assert raised[1] > raised[3] > raised[2] > scores[2]
    assert raised[2] >= raised[4]
    good = with_days(connection, {1: 0.9, 2: 0.6}, {1: 1, 2: 2}, special, telling={1, 2})
    assert good[2] > good[1]


def words(connection: apsw.Connection, text: str) -> QueryWords:
    return weigh_words(connection, [(text, 1.0)], totals=lexical.totals(connection), counts=TermCounts())


@pytest.mark.parametrize("asked", ["what is the São João", "what is the sao joao", "what is the SÃO JOÃO?"])
def test_a_name_that_is_all_of_the_content_gains_nearly_the_most(connection: apsw.Connection, asked: str) -> None:
    gains = named_boosts(Special(text=asked, named={1: "sao joao"}), words(connection, asked))
    assert 0.12 < gains[1] <= 0.25


def test_the_smaller_part_of_the_question_a_name_is_the_less_it_gains(connection: apsw.Connection) -> None:
    special = Special(text="", named={1: "boiler", 2: "boiler repair manual"})
    long = words(connection, "boiler repair manual of the old house at the lake")
    gains = named_boosts(special, long)
    assert 0 < gains[1] < gains[2]
    assert gains[1] < named_boosts(special, words(connection, "boiler repair"))[1]


def test_a_name_said_twice_counts_once(connection: apsw.Connection) -> None:
    special = Special(text="", named={1: "boiler"})
    twice, once = words(connection, "boiler boiler repair"), words(connection, "boiler repair")
    assert named_boosts(special, twice) == named_boosts(special, once)


def test_no_words_and_no_names_gain_nothing(connection: apsw.Connection) -> None:
    assert named_boosts(Special(text="", named={1: "c++"}), words(connection, "")) == {}
    assert named_boosts(Special(text=""), words(connection, "boiler")) == {}
