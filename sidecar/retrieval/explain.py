"""Why a note is not among a query's hits: lane by lane, in figures and in the words of someone who takes notes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import apsw
import numpy as np

from sidecar.index import filters, lexical, vectors
from sidecar.index.lexical import SearchedWord, TermCounts
from sidecar.index.records import NoteRecord
from sidecar.retrieval.candidates import WordsFound, find_by_words
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.lanes import Lanes
from sidecar.retrieval.query import Excluded, Query
from sidecar.retrieval.words import WeightedWord

_Operators = TypeVar("_Operators", Query, Excluded)

# Enough for any vault to say how far off a note is, and quick in a large one.
_DEEPEST = 20_000
# In how many notes a word is gets counted as far as this.
_MOST_COUNTED = 5_000
_MOST_TOLD = 8
_DEPTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason, with a `code` for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWord:
    """A word of the query: in how many chunks and notes it stands, whether the note has it, whether it was searched."""

    word: str
    chunks: int
    notes: int | None
    """`None` when they are too many to be counted."""
    in_note: bool
    searched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """How a note fares in each lane. Ranks count from 1 among all chunks that the filters admit."""

    reasons: tuple[Reason, ...]
    filters: tuple[str, ...] = ()
    """The query's filters that leave the note out."""
    words: tuple[AskedWord, ...] = ()
    lexical: float | None = None
    words_rank: int | None = None
    similarity: float | None = None
    vector_rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is looked into: a note with its chunks, a query with its vector, and what was shown for it."""

    connection: apsw.Connection
    query: Query
    note: NoteRecord
    own: Sequence[int]
    within: Sequence[int] | None
    vector: np.ndarray | None
    shown: Sequence[Hit]


def absence(
    connection: apsw.Connection,
    query: Query,
    note: NoteRecord,
    *,
    vector: np.ndarray | None,
    shown: Sequence[Hit],
    counts: TermCounts,
    today: dt.date,
) -> Absence:
    """Say why a note is not among the hits that were `shown`; `vector` is the query's, `None` where there is none."""
    if left_out := tuple(_left_out(connection, query, note.id)):
        message = f"It is left out by the query's own filters: {_listed(left_out)}."
        return Absence(reasons=(Reason(code="filtered", message=message),), filters=left_out)
    own = [row for (row,) in connection.execute("SELECT id FROM chunks WHERE note_id = ?", (note.id,))]
    if not own:
        return Absence(reasons=(Reason(code="no_text", message="The note has no text that could be found."),))
    within = filters.chunk_ids(connection, query.conditions) if query.filtered else None
    asked = _Asked(
        connection=connection, query=query, note=note, own=own, within=within, vector=vector, shown=shown[:_DEPTH]
    )
    find = partial(find_by_words, connection, query, counts=counts, today=today, lanes=Lanes(), limit=_DEPTH)
    found, everywhere = find(within=own), find(within=within)
    # The note's own chunks, those without any of the words included.
    found.score([row for row in own if row not in found.scores], connection, pairs=True)
    words = tuple(_asked_words(connection, found, own))
    share = max((score.share for score in found.scores.values()), default=0.0)
    rank = _words_rank(asked, found) if share else None
    similarity, vector_rank = _by_vector(asked)
    reasons = [
        *_phrase_reasons(query, found, everywhere),
        *_day_reasons(note, everywhere),
        *_word_reasons(asked, words, share=share, rank=rank),
        *_vector_reasons(asked, similarity, vector_rank),
    ]
    return Absence(
        reasons=tuple(reasons),
        words=words,
        lexical=share,
        words_rank=rank,
        similarity=similarity,
        vector_rank=vector_rank,
    )


def _left_out(connection: apsw.Connection, query: Query, note_id: int) -> Iterator[str]:
    """The filters that do not admit the note, as they are typed."""
    for typed, alone in _filters(query):
        admitted = filters.note_ids(connection, alone.conditions)
        if admitted is not None and note_id not in admitted:
            yield typed


def _filters(query: Query) -> Iterator[tuple[str, Query]]:
    """Each filter of a query with a query that has nothing else."""
    yield from _operators(query, Query(text=""))
    no = query.excluded
    for typed, only in _operators(no, Excluded()):
        yield f"-{typed}", Query(text="", excluded=only)
    for name in no.notes:
        yield f"-[[{name}]]", Query(text="", excluded=Excluded(notes=(name,)))
    for phrase in no.phrases:
        yield f'-"{phrase}"', Query(text="", excluded=Excluded(phrases=(phrase,)))
    for word in no.words:
        yield f"-{word}", Query(text="", excluded=Excluded(words=(word,)))
    for condition in query.where:
        yield "the filters beside the query", Query(text="", where=(condition,))


def _operators(asked: _Operators, nothing: _Operators) -> Iterator[tuple[str, _Operators]]:
    for tag in asked.tags:
        yield f"#{tag}", replace(nothing, tags=(tag,))
    for path in asked.paths:
        yield f"path:{path}", replace(nothing, paths=(path,))
    for name in asked.files:
        yield f"file:{name}", replace(nothing, files=(name,))
    for key, value in asked.properties:
        yield f"[{key}]" if value is None else f"[{key}:{value}]", replace(nothing, properties=((key, value),))


def _asked_words(connection: apsw.Connection, found: WordsFound, own: Sequence[int]) -> Iterator[AskedWord]:
    present = {word for row in own if row in found.scores for word in found.scores[row].matched}
    searched = {word.variants for word in found.words.searched(found.totals)}
    for word in found.words.words:
        if not word.optional:
            yield AskedWord(
                word=word.written,
                chunks=word.count,
                notes=_notes_with(connection, word) if word.count else 0,
                in_note=word.written in present,
                searched=word.variants in searched,
            )


def _notes_with(connection: apsw.Connection, word: WeightedWord) -> int | None:
    if word.count > _MOST_COUNTED:
        return None
    rows = lexical.search(
        connection,
        [SearchedWord(variants=word.variants, prefix=word.prefix, count=word.count)],
        limit=_MOST_COUNTED,
        within=None,
    )
    counted = "SELECT count(DISTINCT note_id) FROM chunks WHERE id IN (SELECT value FROM json_each(?))"
    return int(connection.execute(counted, (json.dumps(rows),)).get)


def _words_rank(asked: _Asked, found: WordsFound) -> int | None:
    """The place to which FTS5 puts the note's best chunk; `None` for one behind the first 20,000."""
    searched = found.words.searched(found.totals)
    order = lexical.search(asked.connection, searched, limit=_DEEPEST, within=asked.within)
    own = set(asked.own)
    return next((place for place, row in enumerate(order, start=1) if row in own), None)


def _by_vector(asked: _Asked) -> tuple[float | None, int | None]:
    """The cosine of the note's chunk that is nearest to the query, and its rank by that, exactly."""
    if asked.vector is None:
        return None, None
    near = vectors.similarities(asked.connection, asked.vector, asked.own)
    if not near:
        return None, None
    best = max(near.values())
    nearer = "SELECT count(*) FROM vectors WHERE 1 - vec_distance_cosine(embedding, ?) > ?"
    parameters: tuple[object, ...] = (asked.vector.tobytes(), best)
    if asked.within is not None:
        nearer += " AND chunk_id IN (SELECT value FROM json_each(?))"
        parameters = (*parameters, json.dumps(list(asked.within)))
    return best, 1 + int(asked.connection.execute(nearer, parameters).get)


def _phrase_reasons(query: Query, found: WordsFound, everywhere: WordsFound) -> Iterator[Reason]:
    # A phrase that no note has is no condition.
    if everywhere.phrases and not found.phrases:
        wanted = _listed([f'"{phrase}"' for phrase in query.phrases])
        yield Reason(code="phrase", message=f"It does not have {wanted} to the letter, and other notes do.")


def _day_reasons(note: NoteRecord, everywhere: WordsFound) -> Iterator[Reason]:
    special = everywhere.special
    if special.days and note.id not in special.dated and note.id not in special.saying:
        own = f"is of {note.date}" if note.date else "has no date"
        yield Reason(code="date", message=f"The query means {special.days}; the note {own} and names no such day.")


def _word_reasons(asked: _Asked, words: Sequence[AskedWord], *, share: float, rank: int | None) -> Iterator[Reason]:
    present = [_counted(word) for word in words if word.in_note]
    missing = [_counted(word) for word in words if not word.in_note]
    common = [word.word for word in words if word.chunks and not word.searched]
    if not words:
        yield Reason(code="no_query_words", message="The query has no words to look for.")
    elif not present:
        yield Reason(code="no_words", message=f"It has none of the query's words: {_listed(missing)}.")
    else:
        lacking = f", but not {_listed(missing)}" if missing else ""
        place = _place(rank, share=share, last=[hit.lexical for hit in asked.shown], worth="score")
        yield Reason(code="outranked_by_words", message=f"It has {_listed(present)}{lacking}. By words {place}.")
    if common:
        message = f"Not searched for, because so many pieces have them: {_listed(common)}."
        yield Reason(code="common_words", message=message)


def _vector_reasons(asked: _Asked, similarity: float | None, rank: int | None) -> Iterator[Reason]:
    if vectors.dimensions(asked.connection) is None:
        yield Reason(code="no_vectors", message="The vault has no vectors: only words can find a note.")
    elif asked.vector is None:
        yield Reason(code="no_query_vector", message="The query has no vector: it has no words, or the model is away.")
    elif similarity is None:
        waiting = "SELECT EXISTS (SELECT 1 FROM chunks WHERE note_id = ? AND embedded = 0)"
        if asked.connection.execute(waiting, (asked.note.id,)).get:
            yield Reason(code="not_embedded", message="It has no vector yet: its text is still to be embedded.")
        else:
            yield Reason(code="no_vector", message="The embedding model knows nothing in its text: it has no vector.")
    else:
        place = _place(rank, share=similarity, last=[hit.similarity for hit in asked.shown], worth="similarity")
        yield Reason(code="outranked_by_meaning", message=f"By meaning {place}.")


def _place(rank: int | None, *, share: float, last: Sequence[float | None], worth: str) -> str:
    where = f"its best piece comes at place {rank:,}" if rank else f"it comes behind the first {_DEEPEST:,} pieces"
    known = [value for value in last if value is not None]
    beside = f"; the last hit shown {known[-1]:.2f}" if known else ""
    return f"{where}, {worth} {share:.2f}{beside}"


def _counted(word: AskedWord) -> str:
    notes = f"{word.notes:,}" if word.notes is not None else f"more than {_MOST_COUNTED:,}"
    return f"{word.word} (in {notes if word.notes != 0 else 'no'} note{'' if word.notes == 1 else 's'})"


def _listed(each: Sequence[str]) -> str:
    more = f" and {len(each) - _MOST_TOLD} more" if len(each) > _MOST_TOLD else ""
    return ", ".join(each[:_MOST_TOLD]) + more
