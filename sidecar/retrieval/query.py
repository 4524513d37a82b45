"""A query as typed, taken apart: `[[mentions]]`, `#tags`, `path:`, `file:`, `[property:value]`, phrases, plain words.

The operators mean what they mean in Obsidian's own search, and a hyphen in front of one excludes what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sidecar.errors import RequestError
from sidecar.index.conditions import (
    ColumnIs,
    Condition,
    HasProperty,
    MayLeave,
    Not,
    PathContains,
    PropertyContains,
    Says,
    Some,
    Tagged,
)
from sidecar.language.terms import terms
from sidecar.retrieval.where import between_days, property_condition, read_where

# Longer questions are pasted documents: what matters stands in front, and the search must stay quick.
_MAX_CHARACTERS = 8_000

_MENTION = re.compile(r"\[\[([^\[\]|#]*)(?:#([^\[\]|]*))?(?:\|[^\[\]]*)?\]\]")
_NO_MENTION = re.compile(r"(?<!\S)-\[\[([^\[\]|#]*)(?:#[^\[\]|]*)?(?:\|[^\[\]]*)?\]\]")
# Not the box of a task, a footnote, a reference or an index: `- [x]`, `[^1]`, `[1]`, `list[i]`.
_PROPERTY = re.compile(
    r"(?:(?<!\S)(?P<no>-))?(?<![\w\[\])!])\[(?![ \d^]*[\w-]?\])"
    r"(?P<key>[^\W\d_][^\[\]:()]{0,79})(?::(?P<value>[^\[\]]{0,200}))?\](?![\[(\]])"
)
_OPERATOR = re.compile(
    r"(?<!\S)(?P<no>-)?(?P<name>path|file|tag):(?:\"(?P<quoted>[^\"]+)\"|(?P<bare>\S+))", re.IGNORECASE
)
_TAG = re.compile(
    r"(?:(?<!\S)(?P<no>-))?(?<![\w#/&])#(?P<tag>[^\s#,.;:!?\"'()\[\]{}]*[^\W\d_][^\s#,.;:!?\"'()\[\]{}]*)"
)
_PHRASE = re.compile(r"[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")
_NO_PHRASE = re.compile(r"(?<!\S)-[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")
# A letter alone is a flag (`grep -v`), a figure a number; a single sign is a word in Chinese.
_NO_WORD = re.compile(r"(?<!\S)-(?=[^\W\d_])([^\s\d_=:;,.!\"'()\[\]{}<>/\\-]{2,40}|[^\x00-\x7f])(?!\S)")
# Hyphens in a question, or in what was pasted, are no operators.
_QUESTION = re.compile(r"[?？؟\n]")
_MOST_EXPRESSION_WORDS = 12
_MOST_CONDITIONS = 60
_FILTER_KEYS = ("path", "file", "tag", "tags", "properties", "after", "before", "where")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A note named with `[[…]]`; `heading` is `None` for the whole note."""

    name: str
    heading: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """What a hyphen stood in front of: what a note must not have, or be."""

    notes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    properties: tuple[tuple[str, str | None], ...] = ()
    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query taken apart. The filters narrow: a note must satisfy every one."""

    text: str
    """What is left in plain words, mentions' names included."""
    mentions: tuple[Mention, ...] = ()
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    properties: tuple[tuple[str, str | None], ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: Excluded = Excluded()
    where: tuple[Condition, ...] = ()
    """What was asked for beside the words."""
    dates: tuple[tuple[str, str], ...] = ()
    """Days that the words name, as the first and the last of each stretch, ISO dates; they do not narrow."""
    context: tuple[tuple[str, float], ...] = ()
    """What the earlier questions of a conversation add, each with its weight in (0, 1)."""
    answered: tuple[tuple[str, float], ...] = ()
    """What its last answer adds, likewise. It may be of notes that stay on this machine."""

    @property
    def leaving(self) -> bool:
        """Whether it is asked for a model elsewhere: what stays on this machine is then not there at all."""
        return MayLeave() in self.where

    @property
    def filtered(self) -> bool:
        return bool(self.conditions)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The filters, for `index.filters`."""
        no = self.excluded
        wanted: tuple[Condition, ...] = (
            *_conditions(self.tags, self.paths, self.files, self.properties),
            *(Not(condition=each) for each in _conditions(no.tags, no.paths, no.files, no.properties)),
            *(Not(condition=_named(name)) for name in no.notes),
            *(Not(condition=Says(text=phrase)) for phrase in no.phrases),
            *(Not(condition=Says(text=word, typed=True)) for word in no.words),
            *self.where,
        )
        # A pasted list of hashtags asks for no more than its first ones would: no note has them all.
        return tuple(dict.fromkeys(wanted))[:_MOST_CONDITIONS]


def parse_query(text: str) -> Query:
    """Take a query apart. Never fails: what is no operator is plain words."""
    no_notes, text = _taken(_NO_MENTION, text[:_MAX_CHARACTERS])
    mentions = tuple(
        Mention(name=m.group(1).strip(), heading=(m.group(2) or "").strip().lstrip("^") or None)
        for m in _MENTION.finditer(text)
        if m.group(1).strip()
    )
    text = _MENTION.sub(lambda m: f" {m.group(1)} {m.group(2) or ''} ", text)
    wanted, unwanted = _Operators(), _Operators()
    for pattern, read in ((_PROPERTY, _read_property), (_OPERATOR, _read_operator), (_TAG, _read_tag)):
        for m in pattern.finditer(text):
            read(m, unwanted if m["no"] else wanted)
        text = pattern.sub(" ", text)
    no_phrases, text = _taken(_NO_PHRASE, text)
    no_words, text = _taken(_NO_WORD, text) if _is_expression(text) else ((), text)
    return Query(
        text=" ".join(text.split()),
        mentions=mentions,
        tags=tuple(wanted.tags),
        paths=tuple(wanted.paths),
        files=tuple(wanted.files),
        properties=tuple(wanted.properties),
        phrases=tuple(m.group(1) for m in _PHRASE.finditer(text)),
        excluded=Excluded(
            notes=tuple(name.strip() for name in no_notes if name.strip()),
            tags=tuple(unwanted.tags),
            paths=tuple(unwanted.paths),
            files=tuple(unwanted.files),
            properties=tuple(unwanted.properties),
            phrases=no_phrases,
            words=no_words,
        ),
    )


def add_filters(query: Query, filters: Mapping[str, Any] | None) -> Query:
    """Add the filters of a request body: `path`, `file`, `tag` or `tags` (a string or a list), `properties` (a table of
    what each contains, null for its presence), `after` and `before` (dates, inclusive), `where` (a filter tree).

    Raises RequestError for a key or a value of another kind.
    """
    if not filters:
        return query
    unknown = sorted(set(filters) - set(_FILTER_KEYS))
    if unknown:
        raise RequestError(
            f"There is no filter {unknown[0]!r}.", param="filters", hint=f"Filters: {', '.join(_FILTER_KEYS)}."
        )
    tags = (*_strings(filters, "tag"), *_strings(filters, "tags"))
    days = between_days(filters)
    tree = filters.get("where")
    return replace(
        query,
        tags=query.tags + tuple(tag.lstrip("#") for tag in tags),
        paths=query.paths + _strings(filters, "path"),
        files=query.files + _strings(filters, "file"),
        where=(
            *query.where,
            *_of_properties(filters.get("properties") or {}),
            *([] if days is None else [days]),
            *([] if tree is None else [read_where(tree)]),
        ),
    )


@dataclass(slots=True)
class _Operators:
    tags: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    properties: list[tuple[str, str | None]] = field(default_factory=list)


def _read_property(m: re.Match[str], into: _Operators) -> None:
    into.properties.append((m["key"].strip(), (m["value"] or "").strip() or None))


def _read_operator(m: re.Match[str], into: _Operators) -> None:
    value = m["quoted"] or m["bare"]
    match m["name"].lower():
        case "path":
            into.paths.append(value)
        case "file":
            into.files.append(value)
        case _:
            into.tags.append(value.lstrip("#"))


def _read_tag(m: re.Match[str], into: _Operators) -> None:
    into.tags.append(m["tag"].strip("/"))


def _taken(pattern: re.Pattern[str], text: str) -> tuple[tuple[str, ...], str]:
    """What the pattern finds, without what has no letter, and the text without it."""
    return tuple(found for found in pattern.findall(text) if terms(found)), pattern.sub(" ", text)


def _is_expression(text: str) -> bool:
    """Whether this was written for a search box, and not said or pasted."""
    return (
        not _QUESTION.search(text.strip()) and len(text.split(None, _MOST_EXPRESSION_WORDS)) <= _MOST_EXPRESSION_WORDS
    )


def _named(name: str) -> Condition:
    """The note that a link of this name leads to, by its title or by its path."""
    path = (ColumnIs(column="path", operator="eq", value=spelled) for spelled in (name, f"{name}.md"))
    return Some(conditions=(ColumnIs(column="title", operator="eq", value=name), *path))


def _conditions(
    tags: Iterable[str], paths: Iterable[str], files: Iterable[str], properties: Iterable[tuple[str, str | None]]
) -> Iterator[Condition]:
    yield from (Tagged(tag=tag) for tag in tags)
    yield from (PathContains(text=path) for path in paths)
    yield from (PathContains(text=name, name_only=True) for name in files)
    yield from (property_condition(key, value) for key, value in properties)


def _of_properties(properties: Any) -> Iterator[Condition]:
    if not isinstance(properties, Mapping):
        raise RequestError("The filter 'properties' must be an object.", param="filters.properties")
    for key, value in properties.items():
        if value is None:
            yield HasProperty(key=key)
        else:
            text = ("false", "true")[value] if isinstance(value, bool) else str(value)
            yield PropertyContains(key=key, text=text)


def _strings(filters: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = filters.get(key)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
        raise RequestError(f"The filter {key!r} must be a string or a list of strings.", param=f"filters.{key}")
    return tuple(values)
