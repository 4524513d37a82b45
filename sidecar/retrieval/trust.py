"""How far vectors can be trusted beside words, measured on the vault itself, language by language, without questions.

A sentence is taken out of a chunk and used as the query; what remains of the chunk is what ought to be found (the
inverse cloze task of Lee, Chang and Toutanova, 2019). The weight at which words and vectors together find it best is
the weight for chunks of that language. A model that does not know a language gets next to none there, whatever its
name; one that knows it well gets more than any fixed value that must not hurt the other languages.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apsw
import numpy as np

from sidecar.chunking import embedding_text
from sidecar.index import lexical, vectors
from sidecar.index.codes import Codes
from sidecar.index.lexical import StoredStreams, TermCounts, Totals
from sidecar.index.records import ChunkRecord, chunks_by_id
from sidecar.index.schema import read_meta, write_meta
from sidecar.language.streams import token_stream
from sidecar.retrieval.candidates import LEXICAL_CANDIDATES, VECTOR_CANDIDATES
from sidecar.retrieval.fusion import Scored, relative_scores
from sidecar.retrieval.scoring import lexical_score
from sidecar.retrieval.words import weigh_words

_KEY = "vector_trust"
WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
SAMPLES = 160
"""Chunks looked at in one language: enough that a weight is right to about 0.1."""
LEAST_SAMPLES = 30
_LEAST_TERMS = 40
_NO_DIFFERENCE = 0.01
_SENTENCE = re.compile(r"[^\n.!?。！？।]{12,300}+(?:[.!?。！？।]+(?=\s|$|[^\x00-\x7f])|(?=\n)|$)")
# Scripts without full stops or spaces between sentences: a stretch as long as a question.
_STRETCH = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{20,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloze:
    """A sentence, and the chunk it was taken out of. `rest` is what the chunk's vector is made of without it."""

    chunk_id: int
    sentence: str
    rest: str
    streams: StoredStreams


def trusted(connection: apsw.Connection) -> Mapping[str, float]:
    """The weights of vectors by language, as far as they have been measured."""
    return _stored(connection).weights


def trust_is_due(connection: apsw.Connection, *, away: bool = False) -> bool:
    """Whether the weights have to be measured: for the first time, or because the vault has doubled or halved. Not
    before every chunk has been embedded that a model, on this machine or `away`, may be given.
    """
    chunks = lexical.chunk_count(connection)
    if chunks < LEAST_SAMPLES or vectors.chunks_to_embed(connection, 1, away=away):
        return False
    measured = _stored(connection).chunks
    return not measured or not measured / 2 <= chunks <= measured * 2


def store_trust(connection: apsw.Connection, weights: Mapping[str, float]) -> None:
    """Keep the weights, with the size of the index that they were measured on."""
    write_meta(connection, _KEY, json.dumps({"chunks": lexical.chunk_count(connection), "weights": dict(weights)}))


def cloze_samples(connection: apsw.Connection, language: str, *, away: bool = False) -> list[Cloze]:
    """Samples of one language, the same ones for the same index; for a model that is `away`, only of notes that may
    leave this machine.
    """
    rows: Iterable[tuple[Any]] = connection.execute(
        "SELECT c.id FROM chunks c JOIN notes n ON n.id = c.note_id"
        " WHERE c.language = ? AND c.length >= ? AND c.embedded = 1 AND n.kind = 'markdown'"
        " AND (n.local IS NULL OR NOT ?)"
        # Multiplying by a large odd number scatters the ids: neighbours in a folder are alike.
        " ORDER BY (c.id * 2654435761) % 4294967296 LIMIT ?",
        (language, _LEAST_TERMS, away, 2 * SAMPLES),
    )
    ids: list[int] = [row for (row,) in rows]
    chosen = chunks_by_id(connection, ids)
    stored = lexical.streams_of(connection, ids)
    samples = [
        _sample(chosen[row], streams)
        for row, streams in stored.items()
        if row in chosen and _sentence(chosen[row].text) is not None
    ]
    return samples[:SAMPLES]


def reciprocal_ranks(
    connection: apsw.Connection,
    sample: Cloze,
    *,
    query: np.ndarray,
    rest: np.ndarray,
    codes: Codes,
    counts: TermCounts,
    totals: Totals,
) -> list[float]:
    """One over the rank at which the chunk is found again, at each of the weights and, last, by vectors alone.

    `query` and `rest` are the vectors of the sentence and of what remains, float32 of length 1.
    """
    words = weigh_words(connection, [(sample.sentence, 1.0)], totals=totals, counts=counts)
    ids = lexical.search(connection, words.searched(totals), limit=LEXICAL_CANDIDATES, within=None)
    near = vectors.nearest(connection, codes, query, limit=VECTOR_CANDIDATES, within=None)
    similarities = {match.chunk_id: match.similarity for match in near}
    similarities |= vectors.similarities(connection, query, [row for row in ids if row not in similarities])
    similarities[sample.chunk_id] = float(query @ rest)
    streams = lexical.streams_of(connection, similarities) | {sample.chunk_id: sample.streams}
    candidates = [
        Scored(
            id=row,
            share=lexical_score(words, stored, usual_length=totals.lengths.get(stored.language, 1.0)).share,
            similarity=similarities.get(row),
            vector_weight=0.0,
        )
        for row, stored in streams.items()
    ]
    background = min((match.similarity for match in near), default=0.0)
    return [_reciprocal_rank(candidates, sample.chunk_id, weight, background) for weight in (*WEIGHTS, 1.0)]


def best_weight(ranks: Sequence[Sequence[float]], *, alone: Sequence[float] | None = None) -> float:
    """The weight from samples × weights reciprocal ranks: the middle of all that are as good as the best, as far as so
    many samples can tell; half of that where no weight at all is as good, since nothing shows the vectors' use then. It
    is the less, the worse vectors find it `alone` (reciprocal ranks) beside words alone.
    """
    table = np.asarray(ranks, dtype=np.float64)
    means = table.mean(axis=0)
    best = int(means.argmax())
    doubt = (table[:, [best]] - table).std(axis=0) / math.sqrt(len(table))
    as_good = means[best] - means <= np.maximum(doubt, _NO_DIFFERENCE)
    middle = float(np.asarray(WEIGHTS)[as_good].mean())
    # Squared: a list half as good as the other is wrong more often than it helps.
    share = 1.0 if alone is None else share_alone(alone, table[:, 0]) ** 2
    return round((middle / 2 if as_good[0] else middle) * share, 3)


def share_alone(alone: Sequence[float], words: Sequence[float] | np.ndarray) -> float:
    """How well vectors find the samples alone, as a share in [0, 1] of how well words do; both are reciprocal ranks."""
    return min(1.0, float(np.mean(alone)) / max(float(np.mean(words)), 1e-6))


def tempered(measured: float, *, usual: float) -> float:
    """The weight to use: the geometric mean of what was measured and what such a model is usually worth.

    A sentence shares more words with the rest of its text than a question does, so that the measurement alone favours
    words (0.05 on SciFact, where 0.3 is best); a model that proved useless stays useless whatever it usually is.
    """
    return round(math.sqrt(measured * usual), 3)


def doubted(weight: float, share: float) -> float:
    """The weight to use of a model of which nothing is known: what it is usually worth says nothing about a language,
    so that its `share_alone` there counts squared once more.

    A sentence is easier to find than a question by a model that knows the letters of a language and not its meaning:
    all-MiniLM, which is English, finds 68 % as many Italian sentences as words do, and 36 % as many answers.
    """
    return round(weight * share**2, 3)


def _sample(chunk: ChunkRecord, streams: StoredStreams) -> Cloze:
    text = chunk.text
    start, end = _sentence(text) or (0, 0)
    without = f"{text[:start]} {text[end:]}"
    body = token_stream(without, streams.language or None)
    return Cloze(
        chunk_id=chunk.id,
        sentence=text[start:end].strip(),
        rest=embedding_text(title=chunk.note.title, heading_path=(), text=without),
        streams=replace(streams, body=body),
    )


def _sentence(text: str) -> tuple[int, int] | None:
    """A sentence from the middle of a text that has more than it."""
    found = [match.span() for match in _SENTENCE.finditer(text) if match[0].strip()]
    if len(found) < 2:
        found = [match.span() for match in _STRETCH.finditer(text)]
    if len(found) < 2:
        return None
    return found[len(found) // 2]


def _reciprocal_rank(candidates: Sequence[Scored], wanted: int, weight: float, background: float) -> float:
    scores = relative_scores([replace(c, vector_weight=weight) for c in candidates], background)
    own = scores[wanted]
    return 1 / (1 + sum(score > own for score in scores.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trust:
    chunks: int
    weights: Mapping[str, float]


def _stored(connection: apsw.Connection) -> _Trust:
    stored = read_meta(connection, _KEY)
    read = {} if stored is None else json.loads(stored)
    return _Trust(chunks=read.get("chunks", 0), weights=read.get("weights", {}))
