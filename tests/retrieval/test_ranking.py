"""What stands first and why, in whole searches: scores, names, phrases, mentions, filters, and each lane left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from sidecar.chat import relevant
from sidecar.embedding.model import EmbeddingModel
from sidecar.embedding.static import StaticEmbeddingModel, static_available
from sidecar.retrieval.lanes import LANES, Lanes
from sidecar.retrieval.query import Query, add_filters, parse_query
from tests.retrieval.vault import ALL, Knowing, Nonsense, Vault, opened

_BUILT_IN = pytest.param(
    "built-in",
    marks=pytest.mark.skipif(static_available() is not None, reason="the built-in embedding is not installed"),
)
NOTES = {
    "Home/Boiler.md": "---\naliases: [Heizung, The Big Heater]\ntags: [heating]\n---\n"
    "It stands in the cellar and hums all night.\n",
    "Home/Boiler repair.md": "---\ntags: [heating]\n---\nThe plumber came on Tuesday and took a lot of money.\n",
    "Work/Plumbers.md": "boiler boiler boiler. A boiler needs a plumber, says the boiler maker.\n",
    "Tea.md": "Green tea wants eighty degrees; the quick brown fox jumps over the lazy dog.\n",
    "Fox.md": "The fox is quick and brown. The dog is lazy. Over there: a quick dog, a brown fox.\n",
    "Café.md": "Un café très serré, crème brûlée à la carte.\n",
    "São João.md": "Uma noite de junho.\n",
    "Junho.md": "A festa de são e de joão, são joão e joão: uma festa de junho.\n",
    "Apostrophe.md": "We don’t know why the **very old** door is open.\n",
    "회의.md": "지난주에 바다가 아름다웠습니다.\n",
    "바다.md": "바다와 아름다운 산.\n",
    "C++.md": "Templates are slow to build.\n",
    "Long.md": "# Long\n\n"
    + "\n\n".join(f"## Part {number}\n\n" + "Much is said about nothing here. " * 60 for number in range(6)),
    "Empty.md": "",
}


class Picked(Nonsense):
    """Gives the texts that hold a word one direction, and each other text its own."""

    name = "picked"

    def __init__(self, word: str) -> None:
        self._word = word

    def row(self, text: str) -> np.ndarray:
        return np.eye(64)[0] if self._word in text else super().row(text)


@pytest.fixture(params=["words", _BUILT_IN])
async def vault(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Vault]:
    model = StaticEmbeddingModel() if request.param == "built-in" else None
    async with opened(tmp_path, NOTES, model=model) as made:
        yield made


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Boiler", "Home/Boiler.md"),
        ("boiler?", "Home/Boiler.md"),
        ("BOILER REPAIR", "Home/Boiler repair.md"),
        ("heizung", "Home/Boiler.md"),
        ("the big heater", "Home/Boiler.md"),
        ("cafe", "Café.md"),
        ("Sao Joao", "São João.md"),
        ("São João", "São João.md"),
        ("C++", "C++.md"),
        ("바다", "바다.md"),
        ("Empty", "Empty.md"),
    ],
)
@pytest.mark.anyio
async def test_a_note_whose_title_or_alias_is_the_question_is_first_with_the_full_score(
    vault: Vault, question: str, path: str
) -> None:
    hits = await vault.search(question)
    assert (hits[0].chunk.note.path, hits[0].score) == (path, 1.0)
    assert hits[0].pinned
    assert all(hit.score < 1 for hit in hits[1:])


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("how loud is the boiler at night", "Home/Boiler.md"),
        ("what does the big heater cost", "Home/Boiler.md"),
        ("what about the boiler repair, is it paid", "Home/Boiler repair.md"),
        ("quando foi a noite de São João", "São João.md"),
        ("quando foi a noite de Sao Joao", "São João.md"),
        ("why is C++ slow", "C++.md"),
    ],
)
@pytest.mark.anyio
async def test_a_note_that_the_question_names_is_raised(vault: Vault, question: str, path: str) -> None:
    without = ALL.without("names")
    assert (await vault.paths(question))[0] == path
    assert await vault.score(question, path) > await vault.score(question, path, lanes=without)
    named = [found.lane for hit in await vault.search(question) for found in hit.found if hit.chunk.note.path == path]
    assert "names" in named
    unnamed = [found.lane for hit in await vault.search(question, lanes=without) for found in hit.found]
    assert "names" not in unnamed


@pytest.mark.parametrize(
    "question",
    [
        "what is the capital of Mongolia",
        "how do I bake sourdough bread at home",
        "quantum chromodynamics on a lattice",
        "qual é a capital da Mongólia",
        "蒙古国的首都是哪里",
        "где находится столица Монголии",
    ],
)
@pytest.mark.anyio
async def test_what_no_note_is_about_scores_too_low_for_an_answer(vault: Vault, question: str) -> None:
    assert relevant(await vault.search(question)) == []


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("where does the boiler stand", "Home/Boiler.md"),
        ("how hot should green tea be", "Tea.md"),
        ("who jumps over the lazy dog", "Tea.md"),
        ("what did the plumber take", "Home/Boiler repair.md"),
    ],
)
@pytest.mark.anyio
async def test_what_a_note_is_about_scores_high_enough_for_an_answer(vault: Vault, question: str, path: str) -> None:
    assert path in {hit.chunk.note.path for hit in relevant(await vault.search(question))}


@pytest.mark.anyio
async def test_a_score_means_the_same_in_a_vault_of_other_size(tmp_path: Path) -> None:
    others = {f"More/{number}.md": f"Something about number {number} and its friends." for number in range(150)}
    question = "how hot should green tea be"
    async with opened(tmp_path / "few", NOTES) as few, opened(tmp_path / "many", NOTES | others) as many:
        assert await many.score(question, "Tea.md") == pytest.approx(await few.score(question, "Tea.md"), abs=0.1)


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ('"quick brown fox"', ["Tea.md"]),
        ('"brown fox"', ["Fox.md", "Tea.md"]),
        ('"brown fox" tea', ["Tea.md", "Fox.md"]),
        ("“Lazy Dog”", ["Tea.md"]),
        ('"creme brulee"', ["Café.md"]),
        ('"boiler boiler"', ["Work/Plumbers.md"]),
        ('"tea wants" "lazy dog"', ["Tea.md"]),
        ('boiler "lazy dog"', ["Tea.md"]),
        ('"바다가 아름다웠습니다"', ["회의.md"]),
        ('"바다가"', ["회의.md"]),
        ('"don\'t know"', ["Apostrophe.md"]),
        ('"very old door"', ["Apostrophe.md"]),
        ('"boiler repair"', ["Home/Boiler repair.md"]),
        ('"Big Heater"', ["Home/Boiler.md"]),
    ],
)
@pytest.mark.anyio
async def test_only_notes_with_the_quoted_phrase_are_found(vault: Vault, question: str, paths: list[str]) -> None:
    assert sorted(await vault.paths(question)) == sorted(paths)
    assert all(hit.pinned and "phrases" in {found.lane for found in hit.found} for hit in await vault.search(question))


@pytest.mark.anyio
async def test_a_note_with_both_phrases_comes_before_one_with_one(vault: Vault) -> None:
    assert (await vault.paths('"brown fox" "lazy dog"'))[0] == "Tea.md"
    assert (await vault.paths('"brown fox" "quick dog"'))[0] == "Fox.md"


@pytest.mark.parametrize(
    "question", ['"quick dogs"', '"dog lazy"', '"brown quick" dog "no such phrase"', '"foxes" fox']
)
@pytest.mark.anyio
async def test_a_phrase_that_stands_nowhere_leaves_its_words(vault: Vault, question: str) -> None:
    hits = await vault.search(question)
    assert {"Tea.md", "Fox.md"} & {hit.chunk.note.path for hit in hits}
    assert not any(hit.pinned for hit in hits)


@pytest.mark.anyio
async def test_a_phrase_counts_to_the_letter_and_not_by_its_stems(tmp_path: Path) -> None:
    notes = {f"{number}.md": "the running fast dog, running fast " * 3 for number in range(130)}
    notes["exact.md"] = "once I run fast in a long text with many other words that go on and on for a good while"
    async with opened(tmp_path, notes, language="en") as vault:
        assert await vault.paths('"running fast"', limit=99) == [f"{number}.md" for number in range(99)]
        assert await vault.paths('"run fast"') == ["exact.md"]


@pytest.mark.anyio
async def test_a_phrase_is_found_within_a_filter_however_many_have_it_outside(tmp_path: Path) -> None:
    notes = {f"All/{number}.md": "quick brown fox, quick brown fox" for number in range(130)}
    notes["Keep/x.md"] = "once a quick brown fox in a long text with many other words that go on for a good while"
    async with opened(tmp_path, notes) as vault:
        (hit,) = await vault.search('"quick brown fox" path:Keep')
        assert hit.chunk.note.path == "Keep/x.md"
        assert hit.pinned


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("[[Boiler]] plumber", "Home/Boiler.md"),
        ("plumber [[Home/Boiler|this]]", "Home/Boiler.md"),
        ("[[Heizung]]", "Home/Boiler.md"),
        ("[[boiler]]", "Home/Boiler.md"),
        ("[[Sao Joao]] tea", "São João.md"),
        ("tea [[C++]]", "C++.md"),
    ],
)
@pytest.mark.anyio
async def test_a_mentioned_note_comes_first(vault: Vault, question: str, path: str) -> None:
    hits = await vault.search(question)
    assert hits[0].chunk.note.path == path
    assert hits[0].mentioned
    assert hits[0].pinned
    assert hits[0].score == 1
    assert not any(hit.mentioned for hit in hits[1:])


@pytest.mark.anyio
async def test_a_mentioned_note_comes_whole_and_beside_the_limit(vault: Vault) -> None:
    hits = await vault.search("[[Long]] what about tea", limit=2)
    mentioned = [hit for hit in hits if hit.mentioned]
    assert [hit.chunk.ordinal for hit in mentioned] == list(range(len(mentioned)))
    assert len(mentioned) > 3
    rest = hits[len(mentioned) :]
    assert 0 < len(rest) <= 2
    assert rest[0].chunk.note.path == "Tea.md"
    assert not {hit.chunk.id for hit in rest} & {hit.chunk.id for hit in mentioned}


@pytest.mark.anyio
async def test_a_mentioned_section_comes_without_the_rest_of_its_note(vault: Vault) -> None:
    hits = [hit for hit in await vault.search("[[Long#Part 3]]") if hit.mentioned]
    assert hits
    assert {hit.chunk.heading_path[-1] for hit in hits} == {"Part 3"}
    all_of_it = [hit for hit in await vault.search("[[Long#No such part]]") if hit.mentioned]
    assert len(all_of_it) > len(hits)


@pytest.mark.anyio
async def test_a_mention_of_no_note_is_words(vault: Vault) -> None:
    hits = await vault.search("[[Nowhere]] green tea")
    assert hits[0].chunk.note.path == "Tea.md"
    assert not any(hit.mentioned for hit in hits)


@pytest.mark.anyio
async def test_one_note_has_three_places_at_most_and_all_are_different(vault: Vault) -> None:
    hits = await vault.search("much is said about nothing here", limit=20)
    assert len([hit for hit in hits if hit.chunk.note.path == "Long.md"]) == 3
    assert len({hit.chunk.id for hit in hits}) == len(hits)


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.anyio
async def test_a_smaller_limit_gives_the_beginning_of_the_same_list(vault: Vault, limit: int) -> None:
    question = "the quick boiler and the lazy plumber drink tea"
    whole = [hit.chunk.id for hit in await vault.search(question, limit=10)]
    assert [hit.chunk.id for hit in await vault.search(question, limit=limit)] == whole[:limit]


@pytest.mark.anyio
async def test_a_hit_tells_its_words_its_lanes_and_its_place_in_them(vault: Vault) -> None:
    hits = await vault.search("green tea degrees", limit=3)
    assert hits[0].matched == ("green", "tea", "degrees")
    assert hits[0].lexical is not None
    assert hits[0].lexical > 0.3
    ranks = {found.lane: found.rank for found in hits[0].found}
    assert ranks["words"] == 1
    assert (hits[0].similarity is not None) == (vault.model is not None) == ("vectors" in ranks)
    assert hits[0].link == "Tea"


# Filters ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [None, "nonsense", _BUILT_IN])
@pytest.mark.anyio
async def test_a_filter_that_keeps_one_note_of_many_still_finds_it(tmp_path: Path, model: str | None) -> None:
    notes = {f"All/{number}.md": f"The kitten sleeps on sofa {number}." for number in range(499)}
    notes["One/note.md"] = "A cat and its kitten rest in the sun."
    made = {None: None, "nonsense": Nonsense(), "built-in": StaticEmbeddingModel()}[model]
    async with opened(tmp_path, notes, model=made) as vault:
        assert await vault.paths("kitten path:One/") == ["One/note.md"]
        assert await vault.paths("path:One/") == ["One/note.md"]
        if isinstance(made, StaticEmbeddingModel):
            assert await vault.paths("sleepy feline pet path:One/") == ["One/note.md"]
            assert await vault.paths("sleepy feline pet path:One/", lanes=ALL.without("words")) == ["One/note.md"]


@pytest.mark.skipif(static_available() is not None, reason="the built-in embedding is not installed")
@pytest.mark.anyio
async def test_a_vault_of_one_note_is_found_by_other_words_than_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path, {"cat.md": "The kitten sleeps on the sofa."}, model=StaticEmbeddingModel()) as vault:
        assert await vault.paths("feline pet") == ["cat.md"]


@pytest.mark.anyio
async def test_filters_narrow_what_each_lane_finds(tmp_path: Path) -> None:
    notes = {f"All/{number}.md": f"boiler boiler boiler{number}" for number in range(120)}
    notes |= {f"One/{number}.md": f"tea {number}" for number in range(3)}
    notes["One/boiler.md"] = "a long text that says boiler only once among many other words and then goes on"
    async with opened(tmp_path, notes, model=Picked("boiler")) as vault:
        for lanes in (ALL, ALL.only("words"), ALL.only("vectors"), ALL.only("names", "words")):
            query = add_filters(parse_query("boiler"), {"path": "One/"})
            hits = await vault.ask(query, limit=5, lanes=lanes)
            assert hits[0].chunk.note.path == "One/boiler.md"
            assert all(hit.chunk.note.path.startswith("One/") for hit in hits)
        assert await vault.paths("boiler path:Nowhere") == []


@pytest.mark.anyio
async def test_thousands_of_hits_can_be_asked_for(tmp_path: Path) -> None:
    # sqlite-vec itself gives 4,096 neighbours at most.
    notes = {f"{number}.md": f"number{number} thing" for number in range(4_300)}
    async with opened(tmp_path, notes, model=Nonsense(), language="en") as vault:
        for lanes in (ALL, ALL.only("words"), ALL.only("vectors")):
            hits = await vault.search("thing", limit=4_200, lanes=lanes)
            # The farthest one is as near as chance.
            assert len({hit.chunk.id for hit in hits}) >= 4_199


# Vectors ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(static_available() is not None, reason="the built-in embedding is not installed")
@pytest.mark.anyio
async def test_a_question_in_other_words_finds_its_note_by_vector(tmp_path: Path) -> None:
    async with opened(tmp_path, NOTES, model=StaticEmbeddingModel()) as vault:
        assert (await vault.paths("beverage temperature"))[0] == "Tea.md"
        assert await vault.paths("beverage temperature", lanes=ALL.without("vectors")) == []


@pytest.mark.parametrize("model", [Nonsense(), Picked("no such text"), Picked("")])
@pytest.mark.anyio
async def test_a_model_that_says_nothing_leaves_clear_answers_first(tmp_path: Path, model: EmbeddingModel) -> None:
    async with opened(tmp_path, NOTES, model=model) as vault:
        for question, path in (
            ("how hot should green tea be", "Tea.md"),
            ("what did the plumber take", "Home/Boiler repair.md"),
            ("creme brulee", "Café.md"),
        ):
            assert (await vault.paths(question))[0] == path


@pytest.mark.anyio
async def test_what_only_the_words_find_is_compared_by_its_vector_too(tmp_path: Path) -> None:
    notes = {f"{number}.md": f"the garden number {number}" for number in range(60)}
    notes |= {f"Boiler {number}.md": f"the boiler number {number}" for number in range(5)}
    async with opened(tmp_path, notes, model=Nonsense()) as vault:
        hits = await vault.search("boiler", limit=5)
        by_words_alone = [hit for hit in hits if {found.lane for found in hit.found} == {"words"}]
        assert by_words_alone
        assert all(hit.similarity is not None for hit in by_words_alone)


@pytest.mark.anyio
async def test_vectors_decide_between_what_the_words_leave_equal(tmp_path: Path) -> None:
    notes = {"a.md": "the boiler of one kind", "b.md": "the boiler of one sort"}
    for path, word in (("a.md", "kind"), ("b.md", "sort")):
        async with opened(tmp_path / word, notes, model=Knowing({word: "x", "question": "x"})) as vault:
            assert (await vault.paths("question of the boiler"))[0] == path


# Lanes --------------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_without_words_no_word_counts(tmp_path: Path) -> None:
    async with opened(tmp_path, NOTES, model=Picked("plumber")) as vault:
        hits = await vault.search("plumber drinks tea", lanes=ALL.only("vectors"))
        assert {hit.chunk.note.path for hit in hits[:2]} == {"Home/Boiler repair.md", "Work/Plumbers.md"}
        assert "words" not in {found.lane for hit in hits for found in hit.found}


@pytest.mark.anyio
async def test_without_vectors_no_hit_knows_a_similarity(tmp_path: Path) -> None:
    async with opened(tmp_path, NOTES, model=Picked("tea")) as vault:
        hits = await vault.search("green tea", lanes=ALL.without("vectors"))
        assert hits
        assert all(hit.similarity is None for hit in hits)
        assert "vectors" not in {found.lane for hit in hits for found in hit.found}


@pytest.mark.anyio
async def test_without_phrases_quotes_are_words(vault: Vault) -> None:
    assert "Fox.md" not in await vault.paths('"quick brown fox"')
    hits = await vault.search('"quick brown fox"', lanes=ALL.without("phrases"))
    assert {"Fox.md", "Tea.md"} <= {hit.chunk.note.path for hit in hits}
    assert not any(hit.pinned for hit in hits)


@pytest.mark.parametrize("left_out", LANES)
@pytest.mark.anyio
async def test_each_lane_can_be_left_out_and_stand_alone(vault: Vault, left_out: str) -> None:
    for lanes in (ALL.without(left_out), ALL.only(left_out), Lanes().only()):
        for question in ("Boiler", 'the "lazy dog" of last week', "[[Tea]] #heating", ""):
            await vault.search(question, lanes=lanes)


@pytest.mark.parametrize("name", ["nothing", "word"])
def test_a_lane_that_does_not_exist_cannot_be_left_out(name: str) -> None:
    with pytest.raises(TypeError):
        ALL.without(name)
    with pytest.raises(TypeError):
        ALL.only(name)


@pytest.mark.anyio
async def test_what_a_conversation_adds_finds_and_does_not_overrule(vault: Vault) -> None:
    alone = await vault.ask(Query(text="how hot"))
    beside = await vault.ask(Query(text="how hot", context=(("green tea", 0.5),)))
    assert alone == [] or alone[0].chunk.note.path != "Tea.md" or vault.model is not None
    assert beside[0].chunk.note.path == "Tea.md"
    overruled = await vault.ask(Query(text="lazy plumber boiler", context=(("green tea", 0.3),)))
    assert overruled[0].chunk.note.path != "Tea.md"
