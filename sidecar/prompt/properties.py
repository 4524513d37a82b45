"""Which properties of a note are worth telling a model in front of its text, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.language.terms import fold

_MOST = 6
_MOST_ITEMS = 6
_LONGEST = 60
_LONGEST_NAME = 30
# What a program is told, what the passage says elsewhere, and what only tells when a file was touched.
_SILENT = frozenset(
    ("sidecar", "publish", "cssclass", "cssclasses", "id", "uid", "uuid", "guid", "permalink", "slug", "tag", "tags",
     "alias", "aliases", "title", "position", "layout", "template", "draft", "collapsed", "banner", "cover", "icon",
     "color", "colour", "modified", "updated", "mtime", "last-modified", "date-modified", "lang")
)  # fmt: skip
_OF_PLUGINS = re.compile(r"(?:dg|kanban|excalidraw|obsidian|bc|sr|linter|dataview|template)-", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{|<%|\$\{|\{%")
_EMPTY = frozenset(("", "null", "none", "~", "-", "[]", "{}", "n/a"))
_LINK = re.compile(r"!?\[\[([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{1,2}:\d{2}\S*)?")


def told_properties(
    properties: Mapping[str, Any], *, date: str | None, aliases: Sequence[str] = (), title: str = "", text: str = ""
) -> tuple[tuple[str, str], ...]:
    """The properties that tell something to a reader, as name and short value, at most six; other names of the note
    are the last of them. What `text`, the passage's own, says is left out.
    """
    told = [pair for name, value in properties.items() if (pair := _told(name, value, date=date, text=text))]
    # Some write the path as an alias.
    others = [alias for alias in aliases if fold(alias.rpartition("/")[2]) != fold(title)]
    if others and (known := _listed(others[:3])):
        told = [*told[: _MOST - 1], ("aliases", known)]
    return tuple(told[:_MOST])


def _told(name: str, value: object, *, date: str | None, text: str) -> tuple[str, str] | None:
    key = name.strip()[:_LONGEST_NAME]
    if not key or key.casefold() in _SILENT or _OF_PLUGINS.match(key) or _stands_in(text, name):
        return None
    said = _listed(value) if isinstance(value, list | tuple) else _scalar(value)
    # A day and nothing else, which is that of the note.
    if said is None or (date and _DAY.fullmatch(said) and said.startswith(date)):
        return None
    return key, said


def _stands_in(text: str, name: str) -> bool:
    return f"{name}::" in text or text.startswith(f"{name}:") or f"\n{name}:" in text


def _listed(values: Sequence[object]) -> str | None:
    items = [item for item in map(_scalar, values[: _MOST_ITEMS + 1]) if item is not None]
    return _shortened(", ".join(items[:_MOST_ITEMS]) + (", …" if len(values) > _MOST_ITEMS else "")) if items else None


def _scalar(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        return None
    said = _LINK.sub(lambda link: link[2] or link[1], str(value)[:1_000]).strip()
    if fold(said) in _EMPTY or _PLACEHOLDER.search(said):
        return None
    return _shortened(" ".join(said.split()))


def _shortened(said: str) -> str:
    return said if len(said) <= _LONGEST else next(_whole_words(said)) + "…"


def _whole_words(said: str) -> Iterator[str]:
    cut = said[: _LONGEST - 1]
    word = cut.rfind(" ")
    yield cut[:word].rstrip(" ,") if word > _LONGEST // 2 else cut
