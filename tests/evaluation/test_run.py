"""Questions asked of a real retriever: what came at which rank, added up, lane by lane, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.evaluation import run
from sidecar.evaluation.failures import explain, failed
from sidecar.evaluation.questions import Question
from sidecar.evaluation.report import evaluate, searches_of, shown
from sidecar.evaluation.run import Asked, Searcher, ask_all, by_language, by_tag, figures, variants
from sidecar.evaluation.targets import Aim, Target, take_aim
from sidecar.retrieval.conversation import Turn
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.lanes import LANES, Lanes
from sidecar.retrieval.query import Query
from sidecar.runtime.vaults import OpenVault
from tests.evaluation.vault import opened

pytestmark = pytest.mark.anyio

QUESTIONS = (
    Question(line=1, text="pressure of the boiler", expected={"Home/Boiler": 1}, language="en", tags=("house",)),
    Question(line=2, text="beans", expected={"Tea": 1, "Garden": 2}, unwanted=("Tea",), tags=("house", "plants")),
    Question(line=3, text="xylophone", expected={"Garden": 1}),
    Question(line=4, text="Wo ist die Heizung und was ist das?", expected={"Heizung": 1}),
    Question(line=5, text="xylophone", expected={}),
)


async def aims_of(vault: OpenVault, questions: Sequence[Question] = QUESTIONS) -> list[Aim]:
    return await vault.read(lambda connection: take_aim(questions, connection, file=Path("q.jsonl")))


class Listening:
    """A searcher that remembers what it was asked."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self.asked: list[tuple[Query, int, Lanes]] = []

    async def search(self, query: Query, *, limit: int, lanes: Lanes) -> list[Hit]:
        self.asked.append((query, limit, lanes))
        return await self._searcher.search(query, limit=limit, lanes=lanes)


async def test_each_question_gets_the_rank_of_its_first_expected_note(folder: Path) -> None:
    async with opened(folder) as vault:
        asked = await ask_all(await aims_of(vault), vault.retriever)
    pressure, beans, unknown, german, nothing = asked
    assert (pressure.rank, pressure.ranked[0], pressure.language) == (1, "Home/Boiler.md", "en")
    assert (beans.rank, set(beans.ranked)) == (1, {"Garden.md", "Tea.md"})
    assert (unknown.rank, unknown.ranked, unknown.offered) == (None, (), False)
    assert (german.rank, german.language) == (1, "de")
    assert (nothing.rank, nothing.offered) == (None, False)
    assert all(each.seconds > 0 for each in asked)


async def test_a_note_comes_once_however_many_of_its_pieces_were_found(folder: Path) -> None:
    async with opened(folder) as vault:
        hits = await vault.retriever.search(run.query_of(QUESTIONS[0]), limit=30)
        (asked, *_) = await ask_all(await aims_of(vault), vault.retriever)
    paths = [hit.chunk.note.path for hit in hits]
    assert len(paths) > len(set(paths)) == len(asked.ranked)
    assert list(asked.ranked) == list(dict.fromkeys(paths))


async def test_figures_are_means_over_the_questions_that_expect_something(folder: Path) -> None:
    async with opened(folder) as vault:
        asked = await ask_all(await aims_of(vault), vault.retriever)
    whole = figures(asked)
    assert (whole.questions, whole.empty, whole.abstained, whole.guarded, whole.intruded) == (4, 1, 1, 1, 1)
    assert whole.hit == whole.mrr == whole.recall == 0.75
    assert 0 < whole.p50_ms <= whole.p95_ms
    assert {name: each.questions for name, each in by_tag(asked).items()} == {"house": 2, "plants": 1}
    languages = by_language(asked)
    assert languages["de"].hit == 1.0
    assert next(iter(languages)) == "en"
    assert sum(each.questions + each.empty for each in languages.values()) == 5


async def test_one_question_more_than_there_are_is_asked_so_that_the_first_is_no_slower(folder: Path) -> None:
    async with opened(folder) as vault:
        listening = Listening(vault.retriever)
        counted: list[None] = []
        await ask_all(await aims_of(vault), listening, limit=7, on_asked=lambda: counted.append(None))
        assert await ask_all([], listening) == []
    assert [query.text for query, _, _ in listening.asked] == [QUESTIONS[0].text, *(q.text for q in QUESTIONS)]
    assert len(counted) == len(QUESTIONS)
    assert {(limit, lanes) for _, limit, lanes in listening.asked} == {(21, Lanes())}


async def test_a_follow_up_is_asked_with_what_was_said_before(folder: Path) -> None:
    earlier = (Turn(role="user", text="Tell me about the beans in the garden"), Turn(role="assistant", text="Yes."))
    question = Question(line=1, text="and where do they climb?", expected={"Garden": 1}, earlier=earlier)
    assert run.query_of(question) != run.query_of(replace(question, earlier=()))
    assert run.query_of(replace(question, earlier=())).text == "and where do they climb?"


async def test_an_ablation_asks_with_every_set_of_lanes_and_counts_what_changed(folder: Path) -> None:
    async with opened(folder) as vault:
        listening = Listening(vault.retriever)
        counted: list[None] = []
        report = await evaluate(
            await aims_of(vault),
            listening,
            limit=10,
            vectors=False,
            ablation=True,
            on_asked=lambda: counted.append(None),
        )
    assert len(counted) == searches_of(5, vectors=False, ablation=True)
    by_name = {each.name: each for each in report.variants}
    assert set(by_name) == {"words alone", *(f"without {lane}" for lane in LANES if lane != "vectors")}
    without = by_name["without words"]
    assert (without.worse, without.figures.ndcg < report.overall.ndcg) == (3, True)
    assert by_name["without rerank"].worse == by_name["without rerank"].better == 0
    assert {lanes for _, _, lanes in listening.asked} == {Lanes(), *variants(vectors=False).values()}


def test_an_index_with_vectors_is_tried_without_each_lane_and_with_the_two_main_ones() -> None:
    tried = variants(vectors=True)
    assert [name for name in tried if not name.startswith("without")] == [
        "words alone",
        "vectors alone",
        "words and vectors",
    ]
    assert tried["without graph"] == Lanes(graph=False)
    assert tried["words and vectors"] == Lanes().without("graph").only("words", "vectors")


def test_lanes_know_their_names() -> None:
    assert tuple(field.name for field in fields(Lanes)) == LANES
    assert [name for name in LANES if getattr(Lanes().only("dates"), name)] == ["dates"]
    assert Lanes(dates=False).only("dates", "words") == Lanes().only("words")
    for wrong in (Lanes().only, Lanes().without):
        with pytest.raises(TypeError):
            wrong("lines")


async def test_a_failure_says_where_the_note_came_and_what_was_found_instead(folder: Path) -> None:
    async with opened(folder) as vault:
        questions = [
            Question(line=1, text="repair euros poles of the garden", expected={"Home/Boiler": 1}),
            QUESTIONS[1],
            QUESTIONS[2],
        ]
        asked = await ask_all(await aims_of(vault, questions), vault.retriever)
        assert [failed(each, limit=10) for each in asked] == [False, True, True]
        unranked = replace(asked[0], ranked=("Garden.md", "Home/Boiler.md"))
        assert failed(unranked, limit=1)
        found = await explain(unranked, vault.retriever, vectors=False)
        listening = Listening(vault.retriever)
        lost = await explain(asked[2], listening, vectors=True)
    assert found.rank in {1, 2}
    assert set(found.lanes) == {"words"}
    assert any(term.startswith("euro") for term in found.matched)
    assert [lanes for query, _, lanes in listening.asked if not query.paths] == [
        Lanes(),
        Lanes().only("words"),
        Lanes().only("vectors"),
    ]
    assert (lost.rank, lost.lanes, lost.matched) == (None, {"words": None, "vectors": None}, ())


async def test_a_report_as_json_says_what_the_figures_say(folder: Path) -> None:
    async with opened(folder) as vault:
        report = await evaluate(await aims_of(vault), vault.retriever, limit=10, vectors=False, explained=True)
    told: dict[str, Any] = shown(report)
    assert told["overall"]["questions"] == 4
    assert [(each["line"], each["rank"]) for each in told["results"]] == [(1, 1), (2, 1), (3, None), (4, 1), (5, None)]
    assert told["failed"] == len(told["failures"]) == 2
    assert told["failures"][0]["unwanted"] == ["Tea.md"]
    assert told["results"][1]["expected"] == {"Tea.md": 1, "Garden.md": 2}
    assert [each["score"] for each in told["results"]][2:] == [0.0, 1.0, 1.0]


def test_a_question_that_should_find_nothing_fails_when_chat_would_be_given_something() -> None:
    question = Question(line=1, text="a", expected={})
    asked = Asked(aim=Aim(question=question, targets=(), grades={}), ranked=("N.md",), seconds=0.1, offered=True)
    assert failed(asked, limit=10)
    assert not failed(replace(asked, offered=False), limit=10)
    aim = Aim(question=question, targets=(), grades={}, unwanted=(Target(path="N.md"),))
    assert failed(replace(asked, offered=False, aim=aim), limit=10)
