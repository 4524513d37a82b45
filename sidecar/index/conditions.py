"""What may be asked of a note before it is searched, as values, and the SQL that answers it.

Text is compared folded. What a condition holds reaches SQLite as parameters alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Literal, NamedTuple, TypeAlias

from sidecar.language.streams import phrase_words, variants_of
from sidecar.language.terms import fold

Operator: TypeAlias = Literal["eq", "gt", "gte", "lt", "lte"]
Column: TypeAlias = Literal["path", "title", "kind", "date", "modified"]

_SIGNS: dict[Operator, str] = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_SAYING = (
    "note_id IN (SELECT note_id FROM chunks WHERE id IN (SELECT rowid FROM chunk_terms WHERE chunk_terms MATCH ?))"
)
_MOST_SPELLINGS = 32
_COLUMNS: dict[Column, str] = {
    "path": "note_id IN (SELECT note_id FROM note_paths WHERE path_key {})",
    "title": "note_id IN (SELECT id FROM notes WHERE title_key {})",
    "kind": "note_id IN (SELECT id FROM notes WHERE kind {})",
    "date": "note_id IN (SELECT id FROM notes WHERE date IS NOT NULL AND substr(date, 1, {length}) {})",
    "modified": "note_id IN (SELECT id FROM notes WHERE mtime_ns / 1e9 {})",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PathContains:
    """The path contains this text; the file's name alone, its extension included, when `name_only`."""

    text: str
    name_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """The note is in this folder, at any depth; an empty one is the vault."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """The note has this tag or one nested in it."""

    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HasProperty:
    """The note has this property. One that was `typed` is no condition where no note has it: `[sic]` is brackets."""

    key: str
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyEmpty:
    """The note has this property without a value; an empty text or list is a value, as in Obsidian."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyContains:
    """The property, or an element of its list, contains this text."""

    key: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyIs:
    """The property, or an element of its list, compares so. A number compares with numbers, text with text; `length`
    is how many characters of a date are compared, so that a time on the same day is neither before nor after it.
    """

    key: str
    operator: Operator
    value: str | float
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyIn:
    """The property, or an element of its list, is one of these."""

    key: str
    values: tuple[str | float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnIs:
    """What every note has compares so. `modified` is in seconds since 1970; `length` is for `date`, as above."""

    column: Column
    operator: Operator
    value: str | float
    length: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnIn:
    """What every note has is one of these."""

    column: Literal["path", "title", "kind"]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """The note's date, or a day that it names, is one of these; ISO dates, both included."""

    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MayLeave:
    """Nothing keeps the note on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """The words of this text stand in the note one after the other, stemmed. One that was `typed` with a hyphen is no
    condition where notes have it so: `-xzf` is then what is looked for.
    """

    text: str
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """All of these hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """One of these holds at least."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The condition does not hold; what a note does not have, it does not fulfil."""

    condition: Condition


Condition: TypeAlias = (
    PathContains
    | Below
    | Tagged
    | HasProperty
    | PropertyEmpty
    | PropertyContains
    | PropertyIs
    | PropertyIn
    | ColumnIs
    | ColumnIn
    | Dated
    | MayLeave
    | Says
    | Every
    | Some
    | Not
)


class Sql(NamedTuple):
    """An expression over the columns of `note_paths`, with its parameters."""

    text: str
    parameters: tuple[str | float, ...]


def compiled(condition: Condition, *, languages: Sequence[str] = ()) -> Sql:
    """The condition as SQL; `languages` are those of the index, in which words are stemmed."""
    match condition:
        case Every(conditions=inner):
            return _joined([compiled(each, languages=languages) for each in inner], " AND ", empty="true")
        case Some(conditions=inner):
            return _joined([compiled(each, languages=languages) for each in inner], " OR ", empty="false")
        case Not(condition=denied):
            text, parameters = compiled(denied, languages=languages)
            return Sql(f"NOT {text}", parameters)
        case PathContains() | Below() | ColumnIs() | ColumnIn() | Dated():
            return _of_note(condition)
        case MayLeave():
            return Sql("note_id NOT IN (SELECT id FROM notes WHERE local IS NOT NULL)", ())
        case Says(text=text):
            return Sql(_SAYING, (matching(text, languages),))
        case Tagged(tag=tag):
            key = folded(tag).rstrip("/")
            where = "tag = ? OR (tag >= ? AND tag < ?)"
            # "0" follows "/": what lies between the two begins with the tag and a slash.
            return _rows("note_tags", where, key, key + "/", key + "0")
        case _:
            return _of_property(condition)


def folded(text: str) -> str:
    """The text as it is compared; half a surrogate pair, which SQLite does not take, becomes a question mark."""
    return fold(text).encode("utf-8", "replace").decode("utf-8")


def matching(text: str, languages: Sequence[str]) -> str:
    """The FTS5 query that finds the words of a text one after the other; `""`, which finds nothing, without words."""
    words = phrase_words(text)
    variants = [variants_of(word, languages) for word in words]
    # The first spelling of all is the one as written.
    spellings = islice(product(*variants), _MOST_SPELLINGS)
    any_ending = "*" if words and words[-1].prefix else ""
    return " OR ".join(f'"{" ".join(spelling)}"{any_ending}' for spelling in spellings)


def _of_note(condition: PathContains | Below | ColumnIs | ColumnIn | Dated) -> Sql:
    match condition:
        case PathContains(text=text, name_only=name_only):
            return Sql(f"instr({'name_key' if name_only else 'path_key'}, ?) > 0", (folded(text),))
        case Below(folder=folder):
            key = folded(folder).strip("/")
            return Sql("(path_key >= ? AND path_key < ?)", (key + "/", key + "0")) if key else Sql("true", ())
        case ColumnIs(column=column, operator=operator, value=value, length=length):
            compared = f"{_SIGNS[operator]} ?"
            key_or_number = folded(value) if isinstance(value, str) else value
            return Sql(_COLUMNS[column].format(compared, length=int(length)), (key_or_number,))
        case ColumnIn(column=column, values=values):
            keys = tuple(map(folded, values))
            return Sql(_COLUMNS[column].format(f"IN ({_marks(keys)})"), keys)
        case Dated(first=first, last=last):
            own = "note_id IN (SELECT id FROM notes WHERE date BETWEEN ? AND ?)"
            named = "note_id IN (SELECT note_id FROM dates WHERE day BETWEEN ? AND ?)"
            return Sql(f"({own} OR {named})", (first, last, first, last))


def _of_property(condition: HasProperty | PropertyEmpty | PropertyContains | PropertyIs | PropertyIn) -> Sql:
    key = folded(condition.key)
    match condition:
        case HasProperty():
            return _rows("note_properties", "key = ?", key)
        case PropertyEmpty():
            return _rows("note_properties", "key = ? AND type = 'null'", key)
        case PropertyContains(text=text):
            return _rows("note_properties", "key = ? AND type <> 'list' AND instr(value, ?) > 0", key, folded(text))
        case PropertyIs(operator=operator, value=str(value), length=length):
            # An order of texts says nothing of numbers, which are kept as text too.
            of_text = "" if operator == "eq" else " AND type = 'text'"
            compared = "value" if length is None else f"substr(value, 1, {int(length)})"
            where = f"key = ?{of_text} AND type <> 'list' AND {compared} {_SIGNS[operator]} ?"
            return _rows("note_properties", where, key, folded(value))
        case PropertyIn(values=values):
            texts = tuple(folded(value) for value in values if isinstance(value, str))
            numbers = tuple(value for value in values if not isinstance(value, str))
            either = f"value IN ({_marks(texts)}) OR number IN ({_marks(numbers)})"
            return _rows("note_properties", f"key = ? AND type <> 'list' AND ({either})", key, *texts, *numbers)
        case PropertyIs(operator=operator, value=number):
            return _rows("note_properties", f"key = ? AND number {_SIGNS[operator]} ?", key, number)


def _rows(table: str, where: str, *parameters: str | float) -> Sql:
    return Sql(f"note_id IN (SELECT note_id FROM {table} WHERE {where})", parameters)  # noqa: S608  # constants


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _joined(parts: Sequence[Sql], by: str, *, empty: str) -> Sql:
    parameters = tuple(parameter for part in parts for parameter in part.parameters)
    return Sql(f"({by.join(part.text for part in parts) or empty})", parameters)
