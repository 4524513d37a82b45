"""The names that notes go by, titles and aliases, and which of them stand in a text.

A name is compared by its words, folded, so that "meeting notes" names `meeting-notes`; one that has hardly a letter in
it (`C++`, an emoji) as it is written. In scripts without spaces names are found by their characters.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import apsw

from sidecar.index import lexical
from sidecar.index.conditions import folded, matching
from sidecar.index.lexical import Totals
from sidecar.language.recognition import stop_words_of
from sidecar.language.streams import query_words
from sidecar.language.terms import runs
from sidecar.notes.note import Note

NAME_TABLES = """
CREATE TABLE names (
    key TEXT NOT NULL,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('title', 'alias')),
    PRIMARY KEY (key, note_id)
) WITHOUT ROWID;
CREATE INDEX names_by_note ON names (note_id);
"""

NameKind: TypeAlias = Literal["title", "alias"]
_Bearers: TypeAlias = "dict[str, list[tuple[int, NameKind]]]"

# Titles of papers are longer, but nobody types them in a sentence; as the whole query they are found all the same.
_MOST_SIGNS = 12
_MOST_CHARACTERS = 300
# What is asked about a pasted text stands before or behind it.
_END_CHARACTERS = 1_000
_END_UNITS = 100
# A name that as many notes have, such as README, names none of them.
_MOST_BEARERS = 8
# A word in one chunk of fifty is what the vault is about, not the name of one of its notes.
_COMMON_SHARE = 50
_LEAST_COMMON = 20
_MOST_COUNTED = 2_000
# A dot in front belongs to the name: `.NET`.
_OPENING = " \t\r\n\0\"'`“”„«»‘’([{<¿¡"
_MARKS = " \t\r\n\0\"'`“”„«»‘’()[]{}<>?!.,;:。、？！，；：…¿¡؟،"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A note that a text names. `name` is the title or alias as it is compared: folded, its words joined by spaces."""

    note_id: int
    name: str
    kind: NameKind
    whole: bool
    """Whether the text is nothing but the name."""


class _Unit(NamedTuple):
    text: str
    spaced: bool
    joined: bool
    """Whether it follows the unit before it without a space: a character of a script without spaces."""


class _Place(NamedTuple):
    key: str
    start: int
    end: int


def write_names(connection: apsw.Connection, note_id: int, note: Note) -> None:
    """Replace the names of a note. An image has none: it is named with its extension, as a file."""
    connection.execute("DELETE FROM names WHERE note_id = ?", (note_id,))
    if note.kind == "image":
        return
    kinds: dict[str, NameKind] = {name_key(alias): "alias" for alias in note.aliases}
    kinds[name_key(note.title)] = "title"
    connection.executemany(
        "INSERT INTO names (key, note_id, kind) VALUES (?, ?, ?)",
        [(key, note_id, kind) for key, kind in kinds.items() if 0 < len(key) <= _MOST_CHARACTERS],
    )


def name_key(name: str) -> str:
    """The form in which a name is compared."""
    # A name far too long to be stored needs no more than its beginning to be seen as such.
    text = folded(name[: 4 * _MOST_CHARACTERS])
    key = _joined(list(_units(text)))
    return key if len(key) > 1 else " ".join(_bare(text).split()) or " ".join(text.split())


def named_in(connection: apsw.Connection, text: str, *, limit: int) -> list[Named]:
    """The notes whose title or alias stands in a text as whole words, the longest names first, at most `limit`.

    A name inside a longer one that was found is not found again. A common word, a letter or a short number is a name
    only as the whole text. Of a long text its beginning and its end are looked at.
    """
    whole = name_key(text) if len(text) <= 2 * _MOST_CHARACTERS else ""
    stretches = _stretches(text)
    places = [*_word_places(stretches, _begun(connection, stretches)), *_sign_places(text)]
    bearers = _bearers(connection, [whole, *(place.key for place in places)])
    found = [whole] if whole in bearers else []
    if bearers:
        found += _telling(_Commonness(connection, stop_words_of(text)), places, bearers, whole=whole, limit=limit)
    return [
        Named(note_id=note_id, name=key, kind=kind, whole=key == whole)
        for key in found
        for note_id, kind in bearers[key]
    ][:limit]


def _units(text: str) -> Iterator[_Unit]:
    """The words of folded text, and the characters of scripts without spaces, each with the marks on it."""
    for unspaced, word in runs(text):
        if word:
            yield _Unit(word, spaced=True, joined=False)
            continue
        joined = False
        start = 0
        for place in range(1, len(unspaced) + 1):
            if place == len(unspaced) or not unicodedata.category(unspaced[place]).startswith("M"):
                yield _Unit(unspaced[start:place], spaced=False, joined=joined)
                start, joined = place, True


def _joined(units: Sequence[_Unit]) -> str:
    following = "".join(unit.text if unit.joined else f" {unit.text}" for unit in units[1:])
    return units[0].text + following if units else ""


def _stretches(text: str) -> list[list[_Unit]]:
    """The units of a text; of a long one those of its beginning and those of its end."""
    ends = [text] if len(text) <= _END_CHARACTERS else [text[:_END_CHARACTERS], text[-_END_CHARACTERS:]]
    units = [list(_units(folded(end))) for end in ends]
    if len(units) == 1 and len(units[0]) <= 2 * _END_UNITS:
        return units
    return [units[0][:_END_UNITS], units[-1][-_END_UNITS:]]


def _begun(connection: apsw.Connection, stretches: Sequence[Sequence[_Unit]]) -> set[str]:
    """The pairs of neighbouring units with which a name begins; only from there longer stretches are looked up."""
    heads = {_joined(pair) for units in stretches for pair in pairwise(units)}
    rows = connection.execute(
        "SELECT head.value FROM json_each(?) head WHERE EXISTS"
        " (SELECT 1 FROM names WHERE key >= head.value AND key < head.value || char(1114111))",
        (json.dumps(list(heads)),),
    )
    return {head for (head,) in rows}


def _word_places(stretches: Sequence[Sequence[_Unit]], begun: set[str]) -> Iterator[_Place]:
    """Every stretch of the text that may be a name, by its key, with its first and its last unit."""
    base = 0
    for units in stretches:
        for start, first in enumerate(units):
            if first.spaced and len(first.text) > 1:
                yield _Place(first.text, base + start, base + start)
            if _joined(units[start : start + 2]) in begun:
                yield from _longer(units[start : start + _MOST_SIGNS], base + start)
        base += len(units)


def _longer(units: Sequence[_Unit], start: int) -> Iterator[_Place]:
    key = units[0].text
    for place, unit in enumerate(units[1:], start=start + 1):
        key += unit.text if unit.joined else f" {unit.text}"
        yield _Place(key, start, place)


def _sign_places(text: str) -> Iterator[_Place]:
    ends = text if len(text) <= _END_CHARACTERS else f"{text[:_END_CHARACTERS]} {text[-_END_CHARACTERS:]}"
    for place, word in enumerate(folded(ends).split()):
        if _is_sign(sign := _bare(word)):
            # No word lies where a sign does.
            yield _Place(sign, -place - 1, -place - 1)


def _bearers(connection: apsw.Connection, keys: Sequence[str]) -> _Bearers:
    """The notes that have each of these names."""
    rows = connection.execute(
        "SELECT names.key, names.note_id, names.kind FROM json_each(?) wanted JOIN names ON names.key = wanted.value",
        (json.dumps([key for key in dict.fromkeys(keys) if key and len(key) <= _MOST_CHARACTERS]),),
    )
    found: _Bearers = {}
    for key, note_id, kind in rows:
        found.setdefault(key, []).append((note_id, kind))
    return found


def _telling(
    commonness: _Commonness, places: Sequence[_Place], bearers: _Bearers, *, whole: str, limit: int
) -> list[str]:
    """The names of at least `limit` notes, if there are, that mean their notes and stand outside a longer one; the
    longest first.
    """
    taken: set[int] = set()
    found: dict[str, int] = {}
    known = [place for place in places if place.key in bearers and place.key != whole]
    for key, start, end in sorted(known, key=lambda place: (-len(place.key), place.start)):
        if sum(found.values()) >= limit:
            break
        own = range(start, end + 1)
        if taken.isdisjoint(own) and (key in found or _tells(commonness, key, len(bearers[key]))):
            taken.update(own)
            found[key] = len(bearers[key])
    return list(found)


def _tells(commonness: _Commonness, key: str, bearers: int) -> bool:
    """Whether a name that stands among other words means the note."""
    if bearers > _MOST_BEARERS or all(word in commonness.stop_words or _is_short_number(word) for word in key.split()):
        return False
    return sum(not word.optional for word in query_words(key)) > 1 or not commonness.of(key)


def _is_short_number(word: str) -> bool:
    return len(word) < 3 and word.isdigit()


class _Commonness:
    """Tells which words stand in many chunks of an index."""

    def __init__(self, connection: apsw.Connection, stop_words: frozenset[str]) -> None:
        """`stop_words` are those of the language of the text."""
        self.stop_words = stop_words
        self._connection = connection

    @cached_property
    def _totals(self) -> Totals:
        return lexical.totals(self._connection)

    def of(self, word: str) -> bool:
        """Whether the word is common."""
        counted = "SELECT count(*) FROM (SELECT 1 FROM chunk_terms WHERE chunk_terms MATCH ? LIMIT ?)"
        match = matching(word, self._totals.stemmed)
        most = min(max(_LEAST_COMMON, self._totals.chunks // _COMMON_SHARE), _MOST_COUNTED)
        return int(self._connection.execute(counted, (match, most + 1)).get) > most


def _is_sign(text: str) -> bool:
    """Whether a word has hardly a letter and may still be a name: `C++`, an emoji."""
    if len(text) < 2:
        return unicodedata.category(text or " ") == "So"
    return not text.isalnum() and len(text) <= _MOST_SIGNS and len(_joined(list(_units(text)))) < 2


def _bare(text: str) -> str:
    """Text without the quotes, brackets and sentence marks around it."""
    return text.rstrip(_MARKS).lstrip(_OPENING)
