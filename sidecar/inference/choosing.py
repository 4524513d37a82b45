"""Which quotations make an answer: the list that is asked for, else the best five pieces, best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from sidecar.inference.answer_kinds import asked_kind
from sidecar.inference.matching import asked_terms
from sidecar.inference.model import Source
from sidecar.inference.ranking import Quotation, ranked, unranked

MOST = 5
"""Quotations in an answer that is no list."""
MOST_ITEMS = 12
# Of 100 answers among the best five, one or two are further below the best than this; what is nearer is shown.
_BELOW_BEST = 1.0
# What brings most questions their answer: at 0.2 and at none fewer had it among the five.
_AGAIN = 0.1
_MOST_WEIGHED = 40
_MOST_READ = 4_000
_LIST = 0.5
"""Least share of the question that the words above a list have when the list itself is the answer."""


def best_quotations(question: str, sources: Sequence[Source], *, language: str) -> list[Quotation]:
    """Pick what answers a question, best first: at most five pieces, or twelve items of lists; none when no piece
    shares a telling word with the question. A question without telling words ("what is this?") gets the beginning of
    what was found.
    """
    question = question[:_MOST_READ]
    if not asked_terms(question, language=language):
        return unranked(sources)[:MOST]
    found = ranked(question, sources, language=language)
    if not found:
        return unranked([source for source in sources if source.mentioned])[:MOST]
    if asked_kind(question, language=language) is None and (items := _asked_list(found)):
        return items
    return _spread([each for each in found if each.score >= found[0].score - _BELOW_BEST])


def _spread(found: Sequence[Quotation]) -> list[Quotation]:
    """The best five, where each further piece of one source counts a little less."""
    chosen: list[Quotation] = []
    taken: Counter[int] = Counter()
    rest = list(found[:_MOST_WEIGHED])
    while rest and len(chosen) < MOST:
        best = max(rest, key=lambda each: each.score - _AGAIN * taken[each.place[0]])
        rest.remove(best)
        taken[best.place[0]] += 1
        chosen.append(best)
    return chosen


def _asked_list(found: Sequence[Quotation]) -> list[Quotation]:
    """The items, or the code, below words that have more of the question than any piece by itself."""
    alone = max((each.share for each in found if not each.text.endswith((":", "："))), default=0.0)
    below = [each for each in found if each.piece.form != "prose" and each.lead > alone]
    most = max((each.lead for each in below), default=0.0)
    if most < _LIST:
        return []
    best = sorted((each for each in below if each.lead == most), key=lambda each: each.place)
    lists = [several for _, block in groupby(best, key=_block) if _is_list(several := list(block))]
    lists.sort(key=lambda several: -max(each.score for each in several))
    return [each for several in lists for each in several][:MOST_ITEMS]


def _is_list(several: Sequence[Quotation]) -> bool:
    return len(several) > 1 or several[0].piece.form == "code"


def _block(each: Quotation) -> tuple[int, int]:
    return each.place[0], each.piece.block
