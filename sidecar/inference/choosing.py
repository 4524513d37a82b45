"""Which quotations make an answer: the list that is asked for, else the best five pieces, best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from sidecar.inference.answer_kinds import asked_kind
from sidecar.inference.matching import asked_terms
from sidecar.inference.model import Source
from sidecar.inference.ranking import WHOLE, Quotation, ranked, unranked

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
    if asked_kind(question, language=language) is None and (asked := _asked_list(found) or _asked_note(found)):
        return asked
    return _spread([each for each in found if each.score >= found[0].score - _BELOW_BEST and _speaks(each, found[0])])


def _speaks(each: Quotation, best: Quotation) -> bool:
    """Whether it may stand beside the best: single items and rows that have nothing of the question are pieces of
    another list.
    """
    return each.piece.form not in ("item", "row") or each.share > 0 or best.share == 0


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
    """The items, or the code, below words that have more of the question than any piece by itself, and as much as any
    piece together with what it stands under: of a recipe, "can it be frozen?" asks for no ingredients.
    """
    alone = max((each.share for each in found if not each.text.endswith((":", "："))), default=0.0)
    below = [each for each in found if each.piece.form not in ("prose", "property") and each.lead > alone]
    most = max((each.lead for each in below), default=0.0)
    if most < max(_LIST, *(each.both for each in found)):
        return []
    best = sorted((each for each in below if each.lead == most), key=lambda each: each.place)
    lists = [several for _, block in groupby(best, key=_block) if _is_list(several := list(block))]
    lists.sort(key=lambda several: -max(each.score for each in several))
    return [each for several in lists for each in several][:MOST_ITEMS]


def _asked_note(found: Sequence[Quotation]) -> list[Quotation]:
    """The beginning of the note that the question names and nothing else, unless a sentence has all of the question."""
    best = found[0]
    if best.piece.form == "prose" and best.share > WHOLE:
        return []
    return sorted((each for each in found if each.named > WHOLE), key=lambda each: each.place)[:MOST]


def _is_list(several: Sequence[Quotation]) -> bool:
    return len(several) > 1 or several[0].piece.form == "code"


def _block(each: Quotation) -> tuple[int, int]:
    return each.place[0], each.piece.block
