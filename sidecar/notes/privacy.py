"""The privacy rule that a note sets for itself. When in doubt, the note is withheld."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sidecar.notes.note import PropertyValue

_YES = frozenset({"true", "yes", "on", "y", "1"})
_NO = frozenset({"false", "no", "off", "n", "0"})
_FLAG = re.compile(r"""(?<![\w-])(private|sidecar)["']?[ \t]*:[ \t]*([^\n,}]*)""", re.IGNORECASE)
# On a line of its own, behind whatever marks, or in brackets; the space behind the colons may be missing.
_FIELD = re.compile(
    r"(?:^(?:[^\w\n]|\d{1,9}[.)])*+|[\[(][ \t*_~]*+)_*+(private|sidecar)[ \t*_~]*+::[^\w\n]*+(\w*+)",
    re.IGNORECASE | re.MULTILINE,
)
# Wider than what Obsidian takes for a tag: `(#private)` and `#private，` are none to it, and still meant.
_WRITTEN_TAG = re.compile(r"(?<![\w/])#private(?![\w-])", re.IGNORECASE)
_TAG_KEY = re.compile(r"""(?<![\w-])tags?["']?[ \t]*:""", re.IGNORECASE)
_PRIVATE = re.compile(r"(?<![\w/-])private(?![\w-])", re.IGNORECASE)
_TAG_ITEM = re.compile(r"""^[ \t]*-[ \t]*["']?#?private(?:/[^\n]*)?["']?[ \t]*$""", re.IGNORECASE | re.MULTILINE)


def withheld_by(
    properties: Mapping[str, PropertyValue],
    tags: Iterable[str],
    *,
    frontmatter: str,
    sound: bool,
    passages: Iterable[str] = (),
) -> str | None:
    """The rule that withholds the note, as written in the documentation, or `None`.

    `sound` says that `properties` hold all that `frontmatter` says; when they do not, its text is searched too.
    `passages` are the text without code and links, and its comments, in which a tag or an inline field may say so.
    """
    for key, value in properties.items():
        if key.casefold() == "private" and _means(value, _YES):
            return "private: true"
        if key.casefold() == "sidecar" and _means(value, _NO):
            return "sidecar: false"
    if any(tag.casefold() == "private" or tag.casefold().startswith("private/") for tag in tags):
        return "#private"
    if rule := next(filter(None, map(_rule_in_passage, passages)), None):
        return rule
    return None if sound else _flag_in_text(frontmatter)


def _rule_in_passage(passage: str) -> str | None:
    if "#" in passage and _WRITTEN_TAG.search(passage):
        return "#private"
    if "::" not in passage:
        return None
    for match in _FIELD.finditer(passage):
        if match[1].casefold() == "private" and match[2].casefold() in _YES:
            return "private:: true"
        if match[1].casefold() == "sidecar" and match[2].casefold() in _NO:
            return "sidecar:: false"
    return None


def _means(value: PropertyValue, words: frozenset[str]) -> bool:
    if isinstance(value, list):
        return any(_means(item, words) for item in value)
    if isinstance(value, float):
        value = int(value)
    return value is not None and str(value).strip().casefold() in words


def _flag_in_text(raw: str) -> str | None:
    for match in _FLAG.finditer(raw):
        value = match[2].partition(" #")[0].strip().strip("\"'").casefold()
        if match[1].casefold() == "private":
            # Whatever was meant by a value that is neither: it was not "show this to everyone".
            if value and value not in _NO and value not in ("null", "~"):
                return "private: true"
        elif value in _NO:
            return "sidecar: false"
    if _TAG_ITEM.search(raw) or any(map(_is_private_tag_line, raw.split("\n"))):
        return "#private"
    return None


def _is_private_tag_line(line: str) -> bool:
    key = _TAG_KEY.search(line)
    return key is not None and _PRIVATE.search(line, key.end()) is not None
