"""What raises a candidate beside its words and its vector: its note is named, of the day that is asked for, or linked
from what was found.

All of it is added to the fused scores before they are read as an order, so that each lane can be measured by leaving it
out (`Lanes`). What a boost is worth is in docs/decisions/0025.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

import apsw

from sidecar.language.streams import query_words
from sidecar.language.terms import fold
from sidecar.retrieval.special import Special
from sidecar.retrieval.words import QueryWords

# A name that is all of the question's content is worth this much; one that is a part of it, its part of that.
_NAMED = 0.25
# A day that is asked for decides between what the words find.
_DATED = 0.5
_STEP = 0.001
# A note of the day without any of the words stands behind those that have some.
_DAY_ALONE = 0.15
# The note of the very day, or week, is what is meant, in whatever language the question is.
_EXACT_DAY_ALONE = 0.5
# A chunk that mentions the day.
_SAID = 0.35
# A note that one of the best hits links to: what writes about a subject links to the page of it (nDCG@5 on the 52
# English questions about Obsidian's help 0.792 → 0.827; 0.15 to 0.4 and 3 to 8 hits are all within two points of that).
_LINKED = 0.2
_LINKING = 5


def named_boosts(special: Special, words: QueryWords) -> dict[int, float]:
    """What each named note gains, by its id: more, the more of the query's weight its name has."""
    weights = {fold(word.written): word.weight for word in words.words if not word.optional}
    return {
        note_id: _NAMED * min(1.0, sum(weights.get(w.term, 0.0) for w in set(query_words(name))) / words.total)
        for note_id, name in special.named.items()
        if words.total
    }


def with_days(
    connection: apsw.Connection,
    scores: Mapping[int, float],
    notes: Mapping[int, int],
    special: Special,
    *,
    telling: Container[int],
) -> dict[int, float]:
    """Scores by chunk, with the days that the query names taken in. `notes` has each chunk's note; `telling` are the
    chunks that have a word of content of the query.
    """
    if special.only_days:
        # In the order in which they were listed: the newest first.
        listed = {row: 1 - place * _STEP for place, row in enumerate(special.candidates)}
        return {row: listed.get(row, 0.0) for row in scores}
    said = _saying(connection, [row for row in scores if notes[row] in special.saying], special)
    best = max(scores.values(), default=0.0)
    alone = _EXACT_DAY_ALONE if special.exact else _DAY_ALONE
    raised = {}
    for row, score in scores.items():
        own = notes[row] in special.dated
        # What shares only a small word with the question gains little: a day makes no empty page an answer.
        gain = (_DATED * own + _SAID * (row in said)) * (min(best, 2 * score) if row in telling else score / 4)
        raised[row] = max(score + gain, alone * max(best, alone) if own else 0.0)
    return raised


def _saying(connection: apsw.Connection, rows: Sequence[int], special: Special) -> set[int]:
    """Which of these chunks hold a line that mentions one of the days."""
    if not rows or not special.saying:
        return set()
    places = connection.execute(
        "SELECT id, note_id, start_line, end_line FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(rows)),),
    )
    return {
        row for row, note, start, end in places if any(start <= line <= end for line in special.saying.get(note, ()))
    }


class LinkGain(NamedTuple):
    """What a note gains by a link, and the id of the note that has the link."""

    gain: float
    source: int


def linked_boosts(
    connection: apsw.Connection, scores: Mapping[int, float], notes: Mapping[int, int]
) -> dict[int, LinkGain]:
    """What each note gains, by its id, from the best-scored note that links to it."""
    best: dict[int, float] = {}
    for row, score in scores.items():
        best[notes[row]] = max(score, best.get(notes[row], 0.0))
    linking = sorted(best, key=lambda note: -best[note])[:_LINKING]
    rows = connection.execute(
        "SELECT DISTINCT note_id, resolved FROM links WHERE note_id IN (SELECT value FROM json_each(?))"
        " AND resolved IN (SELECT value FROM json_each(?))",
        (json.dumps(linking), json.dumps(list(best))),
    )
    gains: dict[int, LinkGain] = {}
    for source, target in rows:
        gain = LinkGain(_LINKED * best[source], source)
        if source != target and (target not in gains or gain > gains[target]):
            gains[target] = gain
    return gains
