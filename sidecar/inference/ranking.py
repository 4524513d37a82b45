"""How well each quotable piece of the sources answers a question.

Beside the words of the question that it has: what retrieval thinks of its passage, the words of its neighbours and
headings, and whether it holds the sort of answer that is asked for. The weights were fitted on half of the questions of
seven sets in six languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from sidecar.inference.answer_kinds import AnswerKind, asked_kind, holds, numbers
from sidecar.inference.matching import Asked, Cover, asked_terms, matched
from sidecar.inference.model import Source
from sidecar.inference.property_lines import answers, property_pieces, telling, told_pieces
from sidecar.inference.sentences import MAX_SOURCE, pieces
from sidecar.inference.units import Piece
from sidecar.language.terms import terms

_SCORE = 1.1
_BEST_SOURCE = 0.7
_BEFORE, _AFTER = 0.6, 0.35
_LINGER = 0.6
"""What a word in the neighbour is worth beside one in the sentence itself."""
# Chosen so that a heading with the question's words lifts the sentences below it above a sentence elsewhere with one
# common word, but never above a sentence with the same words in it.
_HEADING = 0.35
# What both together have of the question beyond either: of two sentences under "Thesis", that with the "deadline".
_TOGETHER = 0.2
_NUMBERS = 0.12
_QUESTION = -0.1
_INTRODUCTION = -0.2
WHOLE = 0.95
"""Share of a question that a note's title has when it asks for that note and nothing else."""
_MARKS = "?？؟"
# What a sentence gains that holds the sort of answer asked for, and loses that holds none.
_KINDS: dict[AnswerKind, tuple[float, float]] = {
    "time": (0.25, -0.15),
    "amount": (0.1, -0.35),
    "name": (0.0, -0.25),
    "place": (0.2, 0.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """A verbatim stretch of a source, how well it answers, and where it stands: the source's rank, then the order in
    it.
    """

    piece: Piece
    source: Source
    score: float
    place: tuple[int, int]
    share: float = 0.0
    """How much of the question it has, in [0, 1]."""
    lead: float = 0.0
    """The same of what it stands under: title, headings, what introduces a list."""
    both: float = 0.0
    """The same of it together with what it stands under."""
    named: float = 0.0
    """The same of its note's title."""

    @property
    def text(self) -> str:
        return self.piece.text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    piece: Piece
    source: Source
    place: tuple[int, int]
    words: frozenset[str]
    intro: frozenset[str]
    headings: frozenset[str]


def ranked(question: str, sources: Sequence[Source], *, language: str) -> list[Quotation]:
    """Score every piece that has something of the question, or stands under it, best first."""
    candidates = _candidates(sources)
    others = (word for each in candidates for word in (*each.intro, *each.headings))
    asked = matched(asked_terms(question, language=language), [each.words for each in candidates], others)
    covers = [asked.cover(each.words) for each in candidates]
    kind = asked_kind(question, language=language)
    best = max((source.score for source in sources), default=0.0) or 1.0
    found = []
    for number, each in enumerate(candidates):
        share, heading = asked.share(covers[number]), asked.share(asked.cover(each.headings))
        above = asked.cover(each.headings | each.intro)
        lead = asked.share(above)
        beside = _beside(number, candidates, covers, asked)
        if (share == beside == 0 and lead < 0.5) or _is_label(each):
            continue
        about_note = heading > WHOLE
        if each.piece.form == "property" and not (
            share or answers(each.piece, kind, question=question, about_note=about_note)
        ):
            continue
        score = _fullness(each) * share + _HEADING * heading + beside
        score += _SCORE * min(max(each.source.score, 0.0), 1.0) + _BEST_SOURCE * each.source.score / best
        both = asked.share(tuple(map(max, covers[number], above)))
        score += _TOGETHER * (both - max(share, lead)) + _fitness(each.piece.text, question, kind)
        found.append(
            Quotation(
                piece=each.piece,
                source=each.source,
                score=score,
                place=each.place,
                share=share,
                lead=lead,
                both=both,
                named=asked.share(asked.cover(terms(each.source.title))),
            )
        )
    return sorted(found, key=lambda quotation: -quotation.score)


def unranked(sources: Sequence[Source]) -> list[Quotation]:
    """Every piece in the order of the sources, for a question without a telling word."""
    return [
        Quotation(piece=each.piece, source=each.source, score=0.0, place=each.place) for each in _candidates(sources)
    ]


def _candidates(sources: Iterable[Source]) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    for rank, source in enumerate(sources):
        above = frozenset(terms(" ".join((source.title, *source.heading_path))))
        for number, piece in enumerate(_own_pieces(source)):
            words = _words(piece, above)
            # Passages overlap, and notes repeat: the same words are quoted once, from the better source.
            found.setdefault(
                " ".join(words),
                _Candidate(
                    piece=piece,
                    source=source,
                    place=(rank, number),
                    words=frozenset(words),
                    intro=frozenset(terms(piece.intro)),
                    headings=above.union(terms(" ".join(piece.headings))),
                ),
            )
    return list(found.values())


def _words(piece: Piece, above: frozenset[str]) -> list[str]:
    if piece.form == "property":
        # It says of the note what the note's name does not.
        return [word for word in terms(telling(piece)) if word not in above]
    return terms(f"{piece.detail} {piece.text}" if piece.form == "row" else piece.text)


def _own_pieces(source: Source) -> Iterator[Piece]:
    """The pieces of a source, read with what stands over it."""
    properties = None if source.heading_path or source.lead else property_pieces(source.text[:MAX_SOURCE])
    if properties is not None:
        return iter(properties)
    above = f"{source.lead}\n" if source.lead else ""
    own = (piece for piece in pieces(above + source.text) if piece.line >= above.count("\n"))
    return chain(own, told_pieces(source.properties))


def _beside(number: int, candidates: Sequence[_Candidate], covers: Sequence[Cover], asked: Asked) -> float:
    """What of the question the neighbours have that the piece itself has not: it may be meant by "it" and "there"."""
    each, own = candidates[number], covers[number]
    before = asked.cover(each.intro) if each.intro else _neighbour(number - 1, each, candidates, covers)
    after = _neighbour(number + 1, each, candidates, covers)
    return _BEFORE * _gain(own, before, asked) + _AFTER * _gain(own, after, asked)


def _neighbour(at: int, each: _Candidate, candidates: Sequence[_Candidate], covers: Sequence[Cover]) -> Cover:
    if not 0 <= at < len(candidates):
        return ()
    other = candidates[at]
    # One item of a list, or row of a table, does not go on where another ends.
    speaks_on = other.source is each.source and other.piece.form == each.piece.form == "prose"
    return covers[at] if speaks_on and other.piece.headings == each.piece.headings else ()


def _gain(own: Cover, other: Cover, asked: Asked) -> float:
    more = tuple(max(0.0, _LINGER * there - here) for here, there in zip(own, other, strict=False))
    return asked.share(more) if more else 0.0


def _is_label(each: _Candidate) -> bool:
    """Whether it is one word by itself, such as the title of a callout."""
    return each.piece.form == "prose" and len(each.words) < 2


def _fullness(each: _Candidate) -> float:
    # A word or two that match are a title, not an answer.
    return 0.5 + min(0.5, len(each.words) / 12)


def _fitness(text: str, question: str, kind: AnswerKind | None) -> float:
    fit = _QUESTION if text.endswith(tuple(_MARKS)) else _INTRODUCTION if text.endswith((":", "：")) else 0.0
    if kind is not None:
        with_it, without = _KINDS[kind]
        held = holds(kind, text, question=question)
        fit += 0.0 if held is None else with_it if held else without
    given = numbers(question)
    return fit + (_NUMBERS if given and given <= numbers(text) else 0.0)
