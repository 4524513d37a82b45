"""Why a question failed: where the note that it expects came after all, in the search as a whole and in each lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sidecar.evaluation.measures import first_rank
from sidecar.evaluation.run import Asked, Searcher, intruders, query_of, ranking
from sidecar.retrieval.lanes import Lanes

DEPTH = 200
"""Hits looked through, as `sidecar why` does."""
_LANES = ("words", "vectors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A question of which no expected note came among the first, or one that should not have come."""

    asked: Asked
    rank: int | None
    """Rank of the first expected note among the notes of the first `DEPTH` hits; `None` when it is not there."""
    lanes: Mapping[str, int | None]
    """The same for a search with one lane alone, by the lane's name."""
    matched: tuple[str, ...]
    """Terms of the question that the best piece of the best expected note has."""


def failed(asked: Asked, *, limit: int) -> bool:
    """Whether no expected note is among the first `limit`, or one that should not be; for a question that should find
    nothing, whether chat would have been given something.
    """
    if intruders(asked, limit=limit):
        return True
    if not asked.aim.grades:
        return asked.offered
    return asked.rank is None or asked.rank > limit


async def explain(asked: Asked, searcher: Searcher, *, vectors: bool) -> Failure:
    """Look where the expected notes came; `vectors` says whether the index has any."""
    if not asked.aim.grades:
        return Failure(asked=asked, rank=None, lanes={}, matched=())
    lanes = [lane for lane in _LANES if vectors or lane != "vectors"]
    return Failure(
        asked=asked,
        rank=await _rank(asked, searcher, Lanes()),
        lanes={lane: await _rank(asked, searcher, Lanes().only(lane)) for lane in lanes},
        matched=await _matched(asked, searcher),
    )


async def _rank(asked: Asked, searcher: Searcher, lanes: Lanes) -> int | None:
    hits = await searcher.search(query_of(asked.aim.question), limit=DEPTH, lanes=lanes)
    return first_rank(ranking(asked.aim, hits), asked.aim.grades)


async def _matched(asked: Asked, searcher: Searcher) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for target in asked.aim.targets:
        query = query_of(asked.aim.question)
        narrowed = replace(query, paths=(*query.paths, target.path))
        for hit in await searcher.search(narrowed, limit=3, lanes=Lanes()):
            if asked.aim.name_of(hit.chunk) in asked.aim.grades and len(hit.matched) > len(best):
                best = hit.matched
    return best
