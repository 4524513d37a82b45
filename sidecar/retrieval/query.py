"""A query as typed, taken apart: `[[mentions]]`, `#tags`, `path:`, `file:`, `[property:value]`, phrases, plain words.

The operators mean what they mean in Obsidian's own search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sidecar.errors import RequestError
from sidecar.index.records import NoteRecord
from sidecar.language.terms import fold

# Longer questions are pasted documents: what matters stands in front, and the search must stay quick.
_MAX_CHARACTERS = 8_000

_MENTION = re.compile(r"\[\[([^\[\]|#]*)(?:#([^\[\]|]*))?(?:\|[^\[\]]*)?\]\]")
# Not the box of a task, a footnote, a reference or an index: `- [x]`, `[^1]`, `[1]`, `list[i]`.
_PROPERTY = re.compile(
    r"(?<![\w\[\])!])\[(?![ \d^]*[\w-]?\])([^\W\d_][^\[\]:()]{0,79})(?::([^\[\]]{0,200}))?\](?![\[(\]])"
)
_OPERATOR = re.compile(r"(?<!\S)(path|file|tag):(?:\"([^\"]+)\"|(\S+))", re.IGNORECASE)
_TAG = re.compile(r"(?<![\w#/&])#([^\s#,.;:!?\"'()\[\]{}]*[^\W\d_][^\s#,.;:!?\"'()\[\]{}]*)")
_PHRASE = re.compile(r"[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")
_FILTER_KEYS = ("path", "file", "tag", "tags", "properties")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A note named with `[[…]]`; `heading` is `None` for the whole note."""

    name: str
    heading: str | None


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

    @property
    def filtered(self) -> bool:
        return bool(self.tags or self.paths or self.files or self.properties)


def parse_query(text: str) -> Query:
    """Take a query apart. Never fails: what is no operator is plain words."""
    text = text[:_MAX_CHARACTERS]
    mentions = tuple(
        Mention(name=m.group(1).strip(), heading=(m.group(2) or "").strip().lstrip("^") or None)
        for m in _MENTION.finditer(text)
        if m.group(1).strip()
    )
    text = _MENTION.sub(lambda m: f" {m.group(1)} {m.group(2) or ''} ", text)
    properties = tuple((m.group(1).strip(), (m.group(2) or "").strip() or None) for m in _PROPERTY.finditer(text))
    text = _PROPERTY.sub(" ", text)
    named: dict[str, list[str]] = {"path": [], "file": [], "tag": []}
    for m in _OPERATOR.finditer(text):
        named[m.group(1).lower()].append(m.group(2) or m.group(3))
    text = _OPERATOR.sub(" ", text)
    tags = (*(tag.lstrip("#") for tag in named["tag"]), *(m.group(1).strip("/") for m in _TAG.finditer(text)))
    text = _TAG.sub(" ", text)
    phrases = tuple(m.group(1) for m in _PHRASE.finditer(text))
    return Query(
        text=" ".join(text.split()),
        mentions=mentions,
        tags=tags,
        paths=tuple(named["path"]),
        files=tuple(named["file"]),
        properties=properties,
        phrases=phrases,
    )


def add_filters(query: Query, filters: Mapping[str, Any] | None) -> Query:
    """Add the filters of a request body: `path`, `file`, `tag` or `tags` (a string or a list), `properties` (a table).

    Raises RequestError for a key or a value of another kind.
    """
    if not filters:
        return query
    unknown = sorted(set(filters) - set(_FILTER_KEYS))
    if unknown:
        raise RequestError(
            f"There is no filter {unknown[0]!r}.", param="filters", hint=f"Filters: {', '.join(_FILTER_KEYS)}."
        )
    properties = filters.get("properties") or {}
    if not isinstance(properties, Mapping):
        raise RequestError("The filter 'properties' must be an object.", param="filters.properties")
    wanted = tuple((str(key), None if value is None else str(value)) for key, value in properties.items())
    tags = (*_strings(filters, "tag"), *_strings(filters, "tags"))
    return replace(
        query,
        tags=query.tags + tuple(tag.lstrip("#") for tag in tags),
        paths=query.paths + _strings(filters, "path"),
        files=query.files + _strings(filters, "file"),
        properties=query.properties + wanted,
    )


def admits(query: Query, note: NoteRecord) -> bool:
    """Whether a note satisfies every filter of the query."""
    path = fold(note.path)
    name = path.rsplit("/", 1)[-1]
    return (
        all(fold(wanted) in path for wanted in query.paths)
        and all(fold(wanted) in name for wanted in query.files)
        and all(_has_tag(note, fold(wanted)) for wanted in query.tags)
        and all(_has_property(note, fold(key), value) for key, value in query.properties)
    )


def _has_tag(note: NoteRecord, wanted: str) -> bool:
    # A nested tag answers to its parents, as in Obsidian: #project finds #project/alpha.
    return any((tag := fold(own)) == wanted or tag.startswith(wanted + "/") for own in note.tags)


def _has_property(note: NoteRecord, key: str, value: str | None) -> bool:
    for own, held in note.properties.items():
        if fold(own) != key:
            continue
        if value is None:
            return True
        values = held if isinstance(held, list) else [held]
        if any(fold(value) in fold(_as_text(item)) for item in values):
            return True
    return False


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _strings(filters: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = filters.get(key)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
        raise RequestError(f"The filter {key!r} must be a string or a list of strings.", param=f"filters.{key}")
    return tuple(values)
