"""Days that a question names choose daily and dated notes, and disturb nothing where they choose none."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.chat import relevant
from sidecar.embedding.static import StaticEmbeddingModel, static_available
from sidecar.index.database import connect
from sidecar.index.schema import create, fingerprint
from sidecar.retrieval.query import Query, parse_query
from sidecar.retrieval.special import Special, find_special
from tests.retrieval.vault import ALL, TODAY, Vault, opened

WITHOUT = ALL.without("dates")
_DATE_WORDS = (
    "last",
    "week",
    "in",
    "March",
    "2024",
    "12",
    "before",
    "since",
    "the",
    "boiler",
    "99999",
    "/",
    "-",
    "31.2.",
)
DAYS = [f"Daily/2024-03-{day:02}.md" for day in range(1, 20)]
NOTES = {
    path: f"Worked on the budget of the boiler and had lunch number {number}.\n" for number, path in enumerate(DAYS)
}
NOTES |= {
    "Daily/2024-03-12.md": "We decided that the boiler stays until autumn.\n",
    "Daily/2024-01-05.md": "We decided that the boiler goes. The boiler decision: the boiler is decided.\n",
    "Daily/2024-02-14.md": "Valentine.\n",
    "Meeting.md": "---\ndate: 2024-02-20\n---\nThe supplier wants more money for the valves.\n",
    "History/Lisbon.md": "# Lisbon\nThe earthquake of 1755 destroyed much of Lisbon. It was in the year 1755.\n",
    "History/War.md": "# War\nThe war began with the invasion in February 2022.\n",
    "People/Ana.md": "# Ana\n\nShe likes tea.\n\n## Birthday\n\nBorn on 1990-06-02. We had tea on 2024-02-10.\n",
    "People/Bob.md": "Bob likes tea, and tea in February most of all.\n",
}
NOTES |= {f"Daily/2022-05-{day:02}.md": "The day was fine.\n" for day in range(1, 29)}


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    async with opened(tmp_path, NOTES) as made:
        yield made


def week(first: int, last: int) -> list[str]:
    """Daily notes of March by their days, the newest first."""
    return [f"Daily/2024-03-{day:02}.md" for day in range(last, first - 1, -1)]


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ("what did I do last week", week(11, 17)),
        ("o que eu fiz na semana passada", week(11, 17)),
        ("la semana pasada", week(11, 17)),
        ("la settimana scorsa", week(11, 17)),
        ("la semaine dernière", week(11, 17)),
        ("letzte Woche", week(11, 17)),
        ("Was war letzte Woche?", week(11, 17)),
        ("yesterday", ["Daily/2024-03-19.md"]),
        ("ontem", ["Daily/2024-03-19.md"]),
        ("el lunes pasado", ["Daily/2024-03-18.md"]),
        ("hier", ["Daily/2024-03-19.md"]),
        ("vor einer Woche", week(11, 17)),
        ("gestern", ["Daily/2024-03-19.md"]),
        ("12 March", ["Daily/2024-03-12.md"]),
        ("12.3.2024", ["Daily/2024-03-12.md"]),
        ("in January", ["Daily/2024-01-05.md"]),
        ("what about 14 February 2024?", ["Daily/2024-02-14.md"]),
        ("20 de fevereiro", ["Meeting.md"]),
    ],
)
@pytest.mark.anyio
async def test_a_question_for_days_alone_lists_their_notes_the_newest_first(
    vault: Vault, question: str, paths: list[str]
) -> None:
    hits = await vault.search(question, limit=30)
    assert [hit.chunk.note.path for hit in hits] == paths
    assert all(hit.score > 0.9 for hit in hits)


@pytest.mark.parametrize("question", ["in March", "em março", "en marzo", "a marzo", "im März", "en mars"])
@pytest.mark.anyio
async def test_a_month_lists_its_days_in_every_language(vault: Vault, question: str) -> None:
    assert await vault.paths(question, limit=30) == week(1, 19)
    assert await vault.paths(question, limit=3) == week(17, 19)
    assert await vault.paths(question, limit=30, lanes=WITHOUT) != week(1, 19)


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("what did we decide about the boiler in March", "Daily/2024-03-12.md"),
        ("what did we decide about the boiler in January", "Daily/2024-01-05.md"),
        ("o que foi decided sobre o boiler em março", "Daily/2024-03-12.md"),
        ("¿qué decided del boiler en enero?", "Daily/2024-01-05.md"),
        ("was wurde im März über boiler decided", "Daily/2024-03-12.md"),
        ("boiler decided last week", "Daily/2024-03-12.md"),
        ("what does the supplier want in February", "Meeting.md"),
    ],
)
@pytest.mark.anyio
async def test_of_notes_about_a_subject_that_of_the_day_is_first(vault: Vault, question: str, path: str) -> None:
    assert (await vault.paths(question))[0] == path
    assert await vault.score(question, path) > await vault.score(question, path, lanes=WITHOUT)


@pytest.mark.anyio
async def test_without_a_day_or_its_lane_the_words_decide(vault: Vault) -> None:
    assert (await vault.paths("what did we decide about the boiler"))[0] == "Daily/2024-01-05.md"
    assert (await vault.paths("what did we decide about the boiler in March", lanes=WITHOUT))[
        0
    ] == "Daily/2024-01-05.md"


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("when was the earthquake of Lisbon in 1755", "History/Lisbon.md"),
        ("o que aconteceu em 1755 em Lisbon", "History/Lisbon.md"),
        ("when did the invasion in 2022 begin", "History/War.md"),
        ("war invasion February 2022", "History/War.md"),
    ],
)
@pytest.mark.anyio
async def test_a_year_of_history_does_not_raise_the_diary(vault: Vault, question: str, path: str) -> None:
    hits = await vault.search(question)
    assert hits[0].chunk.note.path == path
    assert relevant(hits)[0].chunk.note.path == path
    assert await vault.score(question, path) >= await vault.score(question, path, lanes=WITHOUT)


@pytest.mark.parametrize(
    "model",
    [
        None,
        pytest.param(
            "built-in",
            marks=pytest.mark.skipif(static_available() is not None, reason="the built-in embedding is not installed"),
        ),
    ],
)
@pytest.mark.anyio
async def test_a_note_of_the_day_that_is_about_nothing_asked_is_no_answer(tmp_path: Path, model: str | None) -> None:
    async with opened(tmp_path, NOTES, model=StaticEmbeddingModel() if model else None) as vault:
        hits = relevant(await vault.search("what did we decide about the boiler in February"))
        assert "Daily/2024-02-14.md" not in {hit.chunk.note.path for hit in hits}


@pytest.mark.anyio
async def test_a_chunk_that_names_the_day_is_raised(vault: Vault) -> None:
    question = "who had tea on 10 February 2024"
    assert (await vault.paths(question))[0] == "People/Ana.md"
    assert await vault.score(question, "People/Ana.md") > await vault.score(question, "People/Ana.md", lanes=WITHOUT)
    assert (await vault.paths("who likes tea in February", lanes=WITHOUT))[0] == "People/Bob.md"


@pytest.mark.anyio
async def test_a_note_of_the_year_is_found_however_many_others_have_the_words(tmp_path: Path) -> None:
    notes = {f"Boilers/{number}.md": "boiler, boiler, boiler" for number in range(120)}
    notes["Old.md"] = (
        "---\ndate: 2021-06-07\n---\nA long day: somebody said boiler once among many other things and left."
    )
    async with opened(tmp_path, notes) as vault:
        assert (await vault.paths("boiler in 2021"))[0] == "Old.md"
        assert "Old.md" not in await vault.paths("boiler in 2021", lanes=WITHOUT)


@pytest.mark.anyio
async def test_days_without_a_note_leave_the_words(vault: Vault) -> None:
    hits = await vault.search("boiler budget in April 2019")
    assert hits
    assert await vault.paths("in April 2019") == await vault.paths("in April 2019", lanes=WITHOUT)


@pytest.mark.anyio
async def test_a_filter_holds_for_days_too(vault: Vault) -> None:
    assert await vault.paths("last week path:People") == []
    assert await vault.paths("in February path:Meeting") == ["Meeting.md"]


@pytest.mark.anyio
async def test_today_is_asked_for_at_each_question(tmp_path: Path) -> None:
    async with opened(tmp_path, NOTES, today=dt.date(2024, 3, 13)) as vault:
        assert await vault.paths("yesterday") == ["Daily/2024-03-12.md"]


@pytest.mark.anyio
async def test_a_hit_of_a_day_says_so(vault: Vault) -> None:
    hit = await vault.best("yesterday")
    assert [(found.lane, found.detail) for found in hit.found if found.lane == "dates"] == [("dates", "2024-03-19")]


async def special(vault: Vault, text: str, *, lanes: object = None) -> Special:
    chosen = ALL if lanes is None else WITHOUT
    return await vault.database.read(lambda c: find_special(c, parse_query(text), today=TODAY, lanes=chosen))


@pytest.mark.anyio
async def test_the_days_are_no_words_where_notes_have_them(vault: Vault) -> None:
    found = await special(vault, "the boiler last week")
    assert (found.text, found.only_days, found.days) == ("the boiler", False, "2024-03-11..2024-03-17")
    assert len(found.dated) == 7
    assert (await special(vault, "what did I do last week")).only_days
    kept = await special(vault, "the boiler in April 2019")
    assert (kept.text, kept.dated, kept.days, kept.only_days) == ("the boiler in April 2019", frozenset(), "", False)
    assert (await special(vault, "the boiler last week", lanes=WITHOUT)).dated == frozenset()


@pytest.mark.anyio
async def test_of_a_note_whose_name_is_the_question_the_beginning_is_a_candidate(tmp_path: Path) -> None:
    book = "\n\n".join(f"## Part {number}\n\n{'Much is said here. ' * 90}" for number in range(4))
    async with opened(tmp_path, {"Other.md": "text", "Book.md": book}) as vault:
        found = await special(vault, "book?")
        (first,) = found.candidates
        beginning = await vault.database.read(
            lambda c: c.execute("SELECT ordinal FROM chunks WHERE id = ?", (first,)).get
        )
        assert (beginning, set(found.named.values()), len(found.whole)) == (0, {"book"}, 1)
        assert (await special(vault, "other book")).whole == frozenset()


@pytest.mark.anyio
async def test_an_open_range_is_told_by_its_one_end(vault: Vault) -> None:
    found = await special(vault, "the boiler before 2023")
    assert found.days == "..2022-12-31"
    assert len(found.dated) == 28


@pytest.mark.anyio
async def test_days_of_the_query_itself_count_like_those_in_its_words(vault: Vault) -> None:
    query = Query(text="boiler", dates=(("2024-03-12", "2024-03-12"),))
    assert (await vault.ask(query))[0].chunk.note.path == "Daily/2024-03-12.md"


@pytest.mark.anyio
async def test_a_year_does_not_mean_each_day_that_some_text_names(vault: Vault) -> None:
    assert (await special(vault, "tea on 10 February 2024")).saying
    assert not (await special(vault, "tea in 2024")).saying


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from(_DATE_WORDS), max_size=8).map(" ".join))
def test_no_question_about_days_is_an_error(text: str) -> None:
    with connect(Path(":memory:"), writable=True) as made:
        create(made, fingerprint(reading="test", embedding="test"))
        found = find_special(made, parse_query(text), today=TODAY, lanes=ALL)
        assert not found.dated
        assert found.text == parse_query(text).text
    made.close()
