"""What of a text the index stores as terms, and what of a query it is asked for: the same words, stemmed.

A note's words are stemmed in its own language, which its reader recognised; a query's words in every language that the
index holds, because a question of three words does not tell its own. Words in parts (`wi-fi`, `snake_case`,
`camelCase`) are stored in their parts, where they stand, and whole, at the end of the stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.language import stemming
from sidecar.language.stemming import stems, variants
from sidecar.language.terms import ascii_words, fold, lowered, pairs, runs, units

TERMS_VERSION = 3
"""Part of the index's fingerprint: a change in what becomes of a text makes the stored streams stale."""

# Two to four parts joined by one hyphen, underscore or dot each. More are paths and addresses that nobody types whole.
_JOINED = re.compile(r"[^\W_]{1,40}+(?:[-_.\u2010][^\W_]{1,40}+){1,3}+(?![\w\u2010-])")
_JOINT = re.compile(r"[-_.\u2010](?<=[^\W_].)(?=[^\W_])")
_BEFORE = re.compile(r"[^\W_]{1,40}\Z")
_CAMEL = re.compile(r"\b[A-Za-z]?[a-z0-9]{1,30}(?:[A-Z][a-z0-9]{1,30}){1,4}\b")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HAS_HUMP = re.compile(r"[A-Z](?<=[a-z0-9].)")
# Between two terms stand two spaces, so that each has one of its own on either side: counting a term in a stream is
# then one search for " term ", also where it stands twice in a row.
_BETWEEN = "  "
# Words already made terms, by language: the words of a vault repeat, and folding one takes longer than looking it up.
_TERMS: dict[str | None, dict[str, str]] = {}
_MOST_KNOWN = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWord:
    """One word of a query, or one pair of characters. `written` is lower case with its accents, `term` folded."""

    written: str
    term: str
    spaced: bool
    """Whether it is a word between spaces; a pair of characters holds its neighbour already."""
    prefix: bool = False
    """Whether terms that begin with it count: a single character of a script without spaces."""
    optional: bool = False
    """Whether it is another spelling of words that stand beside it: `wifi` of `wi-fi`."""


def token_stream(text: str, language: str | None = None) -> str:
    """The terms of a text in one language (ISO 639-1), as FTS5 is given them: " one  two  two "."""
    plain = lowered(text)
    if plain.isascii():
        found = [*_stemmed(ascii_words(plain), language), *_stemmed(_compounds(text), language)]
        return f" {_BETWEEN.join(found)} " if found else ""
    found = []
    words: list[str] = []
    for unspaced, word in runs(plain):
        if word:
            words.append(word)
            continue
        found += _stemmed(words, language)
        words.clear()
        found += _stored(fold(unspaced))
    found += _stemmed(words, language)
    found += _stemmed(_compounds(text), language)
    return f" {_BETWEEN.join(found)} " if found else ""


def query_words(text: str) -> list[QueryWord]:
    """The words of a query in order, repeats kept; other spellings of them, which are optional, at the end."""
    found = []
    for unspaced, word in runs(lowered(text)):
        if word:
            found.append(QueryWord(written=word, term=fold(word), spaced=True))
            continue
        run = fold(unspaced)
        alone = len(units(run)) == 1
        found += [QueryWord(written=pair, term=pair, spaced=False, prefix=alone) for pair in pairs(run)]
    whole = [QueryWord(written=word, term=fold(word), spaced=True, optional=True) for word in _compounds(text)]
    return found + whole


def phrase_words(text: str) -> list[QueryWord]:
    """The words of a phrase as they stand one after the other in a stream."""
    found = list(runs(lowered(text)))
    words: list[QueryWord] = []
    for number, (unspaced, word) in enumerate(found, start=1):
        if word:
            words.append(QueryWord(written=word, term=fold(word), spaced=True))
            continue
        run = fold(unspaced)
        last = number == len(found)
        # The last run may go on in the text: what follows its last pair is not known.
        terms = pairs(run) if last else _stored(run)
        open_ended = last and len(units(run)) == 1
        words += [QueryWord(written=term, term=term, spaced=False, prefix=open_ended) for term in terms]
    return words


def variants_of(word: QueryWord, languages: Sequence[str]) -> tuple[str, ...]:
    """The terms under which a word may stand in notes of these languages, its folded spelling first."""
    return variants(word.written, languages) if word.spaced else (word.term,)


def variants_of_all(words: Sequence[QueryWord], languages: Sequence[str]) -> list[tuple[str, ...]]:
    """The variants of each of these words, as above."""
    spaced = iter(stemming.variants_of_all([word.written for word in words if word.spaced], languages))
    return [next(spaced) if word.spaced else (word.term,) for word in words]


def _stemmed(words: Sequence[str], language: str | None) -> list[str]:
    """The terms of words: what is stemmed is folded afterwards, since the endings that stemmers know have accents."""
    known = _TERMS.setdefault(language, {})
    missing = list(dict.fromkeys(word for word in words if word not in known))
    if missing:
        if len(known) > _MOST_KNOWN:
            known.clear()
        known.update(zip(missing, map(fold, stems(missing, language)), strict=True))
        return [known.get(word) or fold(stems([word], language)[0]) for word in words]
    return [known[word] for word in words]


def _stored(run: str) -> list[str]:
    # The last unit again alone: a query of one unit finds what begins with it, and nothing else begins with this one.
    last = units(run)[-1]
    return [run] if last == run else [*pairs(run), last]


def _compounds(text: str) -> list[str]:
    """What stands in parts as one word, and what stands as one word in parts; lowered."""
    # ¼ becomes 1⁄4, which the index would cut again.
    whole = [word for joined in _joined(text) if (word := lowered(joined)).isalnum()]
    if not _HAS_HUMP.search(text):
        return whole
    return whole + [part.lower() for found in _CAMEL.findall(text) for part in _HUMP.split(found) if len(part) > 1]


def _joined(text: str) -> Iterator[str]:
    """Words in parts, their joints left out. Joints are looked for first: most text has few."""
    reached = 0
    for joint in _JOINT.finditer(text):
        if joint.start() < reached:
            continue
        before = _BEFORE.search(text, max(reached, joint.start() - 41), joint.start())
        start = before.start() if before else joint.start()
        found = _JOINED.match(text, start)
        if found is not None and not (start > reached and text[start - 1] in "-_.\u2010"):
            yield _JOINT.sub("", found[0])
        reached = found.end() if found is not None else joint.end()
