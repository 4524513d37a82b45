"""Questions asked of a retriever: which notes came at which rank and how long it took, added up, and lane by lane."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sidecar.chat import relevant
from sidecar.evaluation import measures
from sidecar.evaluation.questions import Question
from sidecar.evaluation.targets import Aim
from sidecar.language.recognition import language_of
from sidecar.retrieval.conversation import Turn, query_in
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.lanes import LANES, Lanes
from sidecar.retrieval.query import Query, parse_query

DEFAULT_LIMIT = 10
# A search gives up to three hits of one note.
_HITS_PER_NOTE = 3


class Searcher(Protocol):
    """What is measured; a Retriever is one."""

    async def search(self, query: Query, *, limit: int, lanes: Lanes) -> list[Hit]:
        """Hits, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of one question."""

    aim: Aim
    ranked: tuple[str, ...]
    """What was found, best first: targets' names and paths of other notes, each once."""
    seconds: float
    offered: bool
    """Whether chat would have put anything of it into the prompt."""

    @property
    def rank(self) -> int | None:
        """Rank of the first note that was expected, from 1."""
        return measures.first_rank(self.ranked, self.aim.grades)

    @property
    def language(self) -> str:
        """The language that the file names, else the one recognised."""
        question = self.aim.question
        return question.language or language_of(question.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Means over some questions; measures in [0, 1] over those that expect something, times over all."""

    questions: int
    """Those that expect something."""
    ndcg: float
    recall: float
    mrr: float
    hit: float
    """Share of questions whose first hit was expected."""
    p50_ms: float
    p95_ms: float
    empty: int = 0
    """Questions that should find nothing."""
    abstained: int = 0
    """Those of them for which chat would have been given nothing."""
    guarded: int = 0
    """Questions that name notes which should not come."""
    intruded: int = 0
    """Those of them where one came among the first `limit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same questions asked with other lanes; `better` and `worse` count questions, by nDCG against all lanes."""

    name: str
    lanes: Lanes
    figures: Figures
    better: int = 0
    worse: int = 0


def query_of(question: Question) -> Query:
    """The query that a question becomes: as chat makes it of a conversation, else as the search field does."""
    if not question.earlier:
        return parse_query(question.text)
    return query_in([*question.earlier, Turn(role="user", text=question.text)])


async def ask_all(
    aims: Sequence[Aim],
    searcher: Searcher,
    *,
    limit: int = DEFAULT_LIMIT,
    lanes: Lanes | None = None,
    on_asked: Callable[[], None] = lambda: None,
) -> list[Asked]:
    """Ask every question, one after the other, and rank at least `limit` notes where there are so many.

    The first question is asked twice and the first time not counted: what is loaded once is not what a search costs.
    """
    lanes = lanes or Lanes()
    for aim in aims[:1]:
        await _ask(aim, searcher, limit=limit, lanes=lanes)
    asked = []
    for aim in aims:
        asked.append(await _ask(aim, searcher, limit=limit, lanes=lanes))
        on_asked()
    return asked


async def _ask(aim: Aim, searcher: Searcher, *, limit: int, lanes: Lanes) -> Asked:
    query = query_of(aim.question)
    begun = time.perf_counter()
    hits = await searcher.search(query, limit=limit * _HITS_PER_NOTE, lanes=lanes)
    seconds = time.perf_counter() - begun
    return Asked(aim=aim, ranked=ranking(aim, hits), seconds=seconds, offered=bool(relevant(hits, query)))


def ranking(aim: Aim, hits: Iterable[Hit]) -> tuple[str, ...]:
    """The first hit of each note or target, by name."""
    return tuple(dict.fromkeys(aim.name_of(hit.chunk) for hit in hits))


def figures(asked: Iterable[Asked], *, limit: int = DEFAULT_LIMIT) -> Figures:
    """Add up what came of some questions."""
    asked = list(asked)
    expecting = [each for each in asked if each.aim.grades]
    empty = [each for each in asked if not each.aim.grades]
    guarded = [each for each in asked if each.aim.unwanted]

    def mean(measure: Callable[[Sequence[str], Mapping[str, int]], float]) -> float:
        return measures.mean([measure(each.ranked, each.aim.grades) for each in expecting])

    times = [each.seconds * 1000 for each in asked]
    return Figures(
        questions=len(expecting),
        ndcg=mean(partial(measures.ndcg, k=limit)),
        recall=mean(partial(measures.recall, k=limit)),
        mrr=mean(partial(measures.reciprocal_rank, k=limit)),
        hit=mean(partial(measures.hit, k=1)),
        p50_ms=measures.percentile(times, 0.5),
        p95_ms=measures.percentile(times, 0.95),
        empty=len(empty),
        abstained=sum(not each.offered for each in empty),
        guarded=len(guarded),
        intruded=sum(bool(intruders(each, limit=limit)) for each in guarded),
    )


def by_language(asked: Iterable[Asked], *, limit: int = DEFAULT_LIMIT) -> dict[str, Figures]:
    """Figures of each language, the one with most questions first."""
    return _grouped(((each.language, each) for each in asked), limit)


def by_tag(asked: Iterable[Asked], *, limit: int = DEFAULT_LIMIT) -> dict[str, Figures]:
    """Figures of each tag of the questions, the one with most questions first."""
    return _grouped(((tag, each) for each in asked for tag in each.aim.question.tags), limit)


def variants(*, vectors: bool) -> dict[str, Lanes]:
    """The lanes of an ablation by name: words and vectors alone, both together, and each lane left out. Without
    `vectors`, an index that has none, those that would tell nothing are left out.
    """
    every = Lanes()
    alone = {"words alone": every.only("words")}
    if vectors:
        alone |= {"vectors alone": every.only("vectors"), "words and vectors": every.only("words", "vectors")}
    rest = (name for name in LANES if vectors or name != "vectors")
    return alone | {f"without {name}": every.without(name) for name in rest}


async def ablate(
    asked: Sequence[Asked],
    searcher: Searcher,
    lanes_by_name: Mapping[str, Lanes],
    *,
    limit: int = DEFAULT_LIMIT,
    on_asked: Callable[[], None] = lambda: None,
) -> list[Variant]:
    """Ask what was asked with all lanes again with others."""
    aims = [each.aim for each in asked]
    found = []
    for name, lanes in lanes_by_name.items():
        again = await ask_all(aims, searcher, limit=limit, lanes=lanes, on_asked=on_asked)
        changes = [score(new, limit) - score(old, limit) for old, new in zip(asked, again, strict=True)]
        better, worse = sum(change > 0 for change in changes), sum(change < 0 for change in changes)
        variant = Variant(name=name, lanes=lanes, figures=figures(again, limit=limit), better=better, worse=worse)
        found.append(variant)
    return found


def score(asked: Asked, limit: int) -> float:
    """One question's nDCG; of one that should find nothing, 1 if chat would have been given nothing."""
    if not asked.aim.grades:
        return float(not asked.offered)
    return measures.ndcg(asked.ranked, asked.aim.grades, k=limit)


def intruders(asked: Asked, *, limit: int) -> list[str]:
    """Names of the notes among the first `limit` that should not be there."""
    unwanted = {target.name for target in asked.aim.unwanted}
    return [name for name in asked.ranked[:limit] if name in unwanted]


def _grouped(pairs: Iterable[tuple[str, Asked]], limit: int) -> dict[str, Figures]:
    groups: dict[str, list[Asked]] = {}
    for name, each in pairs:
        groups.setdefault(name, []).append(each)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: figures(group, limit=limit) for name, group in ordered}
